"""No command speaks of what its request does not involve."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    "words", ["--list", "list", "status", "--help bench", "--help try", "--help doctor", "bench"]
)
def test_no_program_for_virtual_machines_is_named_unless_they_are_asked_for(
    words: str, tmp_path: Path
) -> None:
    """Here no embedded guest can be made, since the cache folder is a file, and nothing else."""
    if words == "bench":
        (tmp_path / "process-supervision").touch()
    done = subprocess.run(
        [sys.executable, "-m", "invoke", *words.split()], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert "agrant" not in done.stdout + done.stderr
    assert done.returncode == (1 if words == "bench" else 0), done.stderr
    assert "Traceback" not in done.stderr
