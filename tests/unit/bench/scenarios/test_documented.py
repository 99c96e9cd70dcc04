"""docs/results.md names every metric that a scenario can bring."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.scenarios import scenarios

ROOT = Path(__file__).parents[4]
MADE = re.compile(r"(?:single|summary|Metric)\(\s*f?\"([a-z_]+)")


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_its_metrics_are_described(name: str) -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    table = " ".join(line for line in text.splitlines() if f"| {name} |" in line)
    made = MADE.findall(
        (
            ROOT
            / "bench"
            / "scenarios"
            / f"{'supervisor_killed' if name == 'amnesia' else name}.py"
        ).read_text()
    )
    # A name that goes on, such as storm_{size}, ends with its underscore here.
    assert [each for each in made if each not in table] == []


@pytest.mark.parametrize("name", sorted(set(scenarios()) - {"restart", "footprint"}))
def test_its_behaviours_are_described(name: str) -> None:
    text = (ROOT / "docs" / "results.md").read_text()
    rules = text.partition("| scenario | behaviour |")[2]
    assert f"\n| {name} | " in rules
