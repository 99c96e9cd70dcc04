"""docs/results.md names every metric and behaviour of every scenario."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import pytest

from bench.scenarios import scenarios

_TEXT = (Path(__file__).parents[4] / "docs" / "results.md").read_text()
_METRIC = re.compile(r"(?:single_value|summarize|Metric|_metric)\(\s*f?\"([a-z_]+)")


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_every_metric_is_described(name: str) -> None:
    table = " ".join(line for line in _TEXT.splitlines() if f"| {name} |" in line)
    source = inspect.getsource(sys.modules[type(scenarios()[name]).__module__])
    # A name that goes on, such as storm_{size}, ends with its underscore here.
    assert [metric for metric in _METRIC.findall(source) if metric not in table] == []


@pytest.mark.parametrize("name", sorted(set(scenarios()) - {"restart", "footprint"}))
def test_every_behaviour_is_described(name: str) -> None:
    rules = _TEXT.partition("| scenario | behaviour |")[2]
    assert f"\n| {name} | " in rules
