"""Later runs use the calibration of this host and instrument only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.engine import calibration_store
from bench.engine.calibration_store import SCHEMA, keep, latest
from bench.model.host_info import host_facts


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "calibration.json"
    monkeypatch.setattr(calibration_store, "path", lambda: path)
    return path


def calibration(*, quick: bool, **host: str) -> Any:
    return {"schema": SCHEMA, "quick": quick, "host": {**host_facts(), **host}}


def test_without_a_file_there_is_none() -> None:
    assert latest() is None


def test_a_full_calibration_replaces_a_quick_one() -> None:
    assert keep(calibration(quick=True))
    assert keep(calibration(quick=False))
    kept = latest()
    assert kept is not None and not kept["quick"]


def test_a_quick_calibration_does_not_replace_a_full_one() -> None:
    keep(calibration(quick=False))
    assert not keep(calibration(quick=True))
    kept = latest()
    assert kept is not None and not kept["quick"]


def test_a_calibration_lapses_with_its_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(calibration(quick=False))
    monkeypatch.setattr(calibration_store, "instrument", lambda: "another")
    assert latest() is None


def test_a_calibration_of_another_kernel_does_not_count() -> None:
    keep(calibration(quick=False, kernel="0.1"))
    assert latest() is None


def test_a_broken_file_does_not_count(file: Path) -> None:
    file.write_text(json.dumps([1]))
    assert latest() is None
