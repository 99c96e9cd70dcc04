"""The measuring program keeps to what old Pythons have: it runs in guests that have no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sandbox import MEASURE, python27

MODULES = sorted(MEASURE.rglob("*.py"))
# What the program uses only where it is there, or only for types.
GUARDED = (
    "typing",
    "typing.TypedDict",
    "gc.freeze",
    "os.pidfd_open",
    "signal.pidfd_send_signal",
    "time.CLOCK_MONOTONIC",
    "time.clock_gettime_ns",
)


def test_every_module_compiles_under_python_27() -> None:
    python = python27()
    if not python:
        pytest.skip("no Python 2.7 here")
    compile_all = (
        "import sys\nfor path in sys.argv[1:]: compile(open(path, 'rb').read(), path, 'exec')"
    )
    command = [python, "-c", compile_all, *map(str, MODULES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_is_used_that_python_27_lacks() -> None:
    excluded = [word for name in GUARDED for word in ("--exclude", name)]
    vermin = str(Path(sys.executable).with_name("vermin"))
    command = [vermin, "--target=2.7-", "--violations", "--no-tips"]
    done = subprocess.run(
        [*command, *excluded, *map(str, MODULES)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
