"""The checks and tests behind `./inv test`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from provision.host.tools import install_missing_tools

ROOT = Path(__file__).parents[3]
# What does not fit five minutes, and what needs root; the markers are explained in pyproject.toml.
LONG = ("slow", "vms", "systems", "page")
BY_HAND = ("lengthy",)
PRIVILEGED = ("guests", "vms", "systems")
# Groups of host packages that the tests need, and those that only --all needs.
TOOLS = ("lxc", "image-debian", "daemon", "loc")
MORE_TOOLS = ("image-arch", "image-ubuntu", "systems", "page", "box", "vms")


def check(*, everything: bool) -> int:
    """Install what the tests need, run lint, types and tests; return the first bad exit code."""
    install_missing_tools(*TOOLS, *(MORE_TOOLS if everything else ()))
    commands = [
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "."],
        [sys.executable, "-m", "mypy", "--cache-dir=/dev/null"],
        [sys.executable, "-m", "pytest", "-q", *_workers(), *_selection(everything=everything)],
    ]
    for command in commands:
        print("+", " ".join(command[1:]), flush=True)
        code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
        if code:
            return code
    return 0


def _workers() -> list[str]:
    """Guests mostly wait, so there are more workers than processors."""
    return ["-n", str(2 * (os.cpu_count() or 1))]


def _selection(*, everything: bool) -> list[str]:
    left_out = {*BY_HAND} if everything else {*BY_HAND, *LONG}
    if os.geteuid() != 0:
        print("Guests need root: this leaves their tests out. All of them: sudo ./inv test")
        left_out |= set(PRIVILEGED)
    return ["-m", " and ".join(f"not {marker}" for marker in sorted(left_out))]
