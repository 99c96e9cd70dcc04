"""A scenario that judges, from the command to the verdict."""

from __future__ import annotations

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

HOSTED = "runit/runner/default/hosted"


def test_children_and_a_storm_under_runit(suite: Suite) -> None:
    asked = ("--only=runit/runner/default/hosted", "--scenario=children,storm", "--quick")
    done = suite.bench(*asked)
    assert done.code == 0, done.output
    found = {each["name"]: each["scenarios"] for each in suite.record()["contenders"]}[HOSTED]
    answers = {
        verdict["behaviour"]: verdict["answer"]
        for scenario in found.values()
        for verdict in scenario["verdicts"]
    }
    assert answers == {"cleans up after a dead daemon": "no", "10 killed at once": "yes"}
    ours = [each for each in suite.samples() if each["contender"] == HOSTED]
    for name, scenario in found.items():
        samples = [each for each in ours if each["scenario"] == name]
        pointed = [samples[n]["event"] for v in scenario["verdicts"] for n in v["evidence"]]
        assert "storm" in pointed
