"""What is pushed into guests for a measurement."""

from __future__ import annotations

import platform
import py_compile
from pathlib import Path

import pytest

from bench.engine.guests import measurement


def test_the_payload_has_every_module_and_no_compiled_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("__main__.py", "steps/__init__.py", "steps/wait.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        py_compile.compile(str(tmp_path / name))
    monkeypatch.setattr(measurement, "PROGRAM", tmp_path)
    paths = {file.path for file in measurement.payload_files(platform.machine())}
    folder = "/srv/testd/measure"
    modules = {f"{folder}/__main__.py", f"{folder}/steps/__init__.py", f"{folder}/steps/wait.py"}
    assert paths == {"/srv/testd/testd", "/srv/testd/floor", *modules}
