"""The checks and tests behind `./inv test`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FAST = "not slow and not vms and not systems and not page"


def check(*, everything: bool) -> int:
    """Lint, types, tests; returns the first exit code that is not 0."""
    tests = [sys.executable, "-m", "pytest", "-q"]
    commands = [
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "."],
        [sys.executable, "-m", "mypy", "--cache-dir=/dev/null"],
        tests if everything else [*tests, "-m", FAST],
    ]
    for command in commands:
        print("+", " ".join(command[1:]), flush=True)
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            return code
    return 0
