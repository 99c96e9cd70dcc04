"""A command loads what it needs: libraries that boot guests or draw take longer than its work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SLOW = {
    "fabric",
    "paramiko",
    "cryptography",
    "jinja2",
    "jsonschema",
    "numpy",
    "scipy",
    "vl_convert",
}


@pytest.mark.parametrize(
    "words", ["--list", "list", "report --run=tests/data/run-of-28-november", "usage --help"]
)
def test_no_slow_library_is_loaded(words: str) -> None:
    code = (
        "import sys\n"
        "from invoke.main import program\n"
        "try:\n"
        f"    program.run(['invoke', *{words.split()}])\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print('loaded:', *sorted({SLOW} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].split() == ["loaded:"], done.stderr
