"""The quick check of run.json by its types accepts nothing that the schema refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bench.recording.validity import run_check
from bench.recording.validity.run_check import run_fault
from bench.recording.validity.schema import SCHEMA_FILE
from tests.support.samples.detailed_run import detailed_run

SCHEMA = Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))
PUBLISHED = SCHEMA_FILE.parent / "published" / "run.json"
_GONE = object()
_OTHER_VALUES: tuple[Any, ...] = (
    *(None, -1, 1.5, 10**30, True, "", "x", [], [-1], {}, {"x": "y"}, _GONE),
)


def test_the_quick_check_accepts_nothing_that_the_schema_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_check, "_schema_fault", lambda run: "undecided")
    run = detailed_run()
    assert run_fault(run) == ""
    accepted = 0
    for place, spoiled in _spoiled_runs(run):
        if run_fault(spoiled) == "":
            accepted += 1
            assert SCHEMA.is_valid(spoiled), place
    assert accepted > 100


def test_a_whole_run_does_not_wait_for_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_check, "_schema_fault", lambda run: pytest.fail("it is slow"))
    assert run_fault(json.loads(PUBLISHED.read_text())) == ""


@pytest.mark.parametrize("value", [4.0, 4])
def test_what_the_types_refuse_and_the_schema_accepts_is_accepted(value: float) -> None:
    """JSON Schema takes 4.0 for an integer."""
    run = detailed_run()
    run["host"]["cores"] = value
    assert run_fault(run) == ""


def _spoiled_runs(run: Any) -> Iterator[tuple[str, Any]]:
    """Yield the run with one value replaced or removed, for every value in it."""
    for path in _paths(run):
        for value in _OTHER_VALUES:
            spoiled = copy.deepcopy(run)
            holder = spoiled
            for key in path[:-1]:
                holder = holder[key]
            if value is _GONE:
                del holder[path[-1]]
            else:
                holder[path[-1]] = value
            yield f"{path} {value}", spoiled
        yield from _extended_run(run, path)


def _extended_run(run: Any, path: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Yield the run with a key more, where there is an object."""
    spoiled = copy.deepcopy(run)
    holder = spoiled
    for key in path:
        holder = holder[key]
    if isinstance(holder, dict):
        holder["more"] = "text"
        yield f"{path} more", spoiled


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(item, (*path, key))
