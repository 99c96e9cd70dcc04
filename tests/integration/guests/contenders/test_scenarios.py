"""Scenarios that judge behaviour, from the command to the verdict."""

from __future__ import annotations

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

HOSTED = "runit/runner/default/hosted"


def test_verdicts_on_children_and_a_storm_point_to_their_samples(suite: Suite) -> None:
    done = suite.bench(f"--only={HOSTED}", "--scenario=children,storm", "--quick")
    assert done.code == 0, done.output
    scenarios = {
        contender["name"]: contender["scenarios"] for contender in suite.record()["contenders"]
    }[HOSTED]
    answers = {
        verdict["behaviour"]: verdict["answer"]
        for scenario in scenarios.values()
        for verdict in scenario["verdicts"]
    }
    assert answers == {
        "cleans up after a dead daemon": "no",
        "cleans up other sessions, too": "no",
        "frees the port of a dead daemon": "no",
        "10 killed at once": "yes",
    }
    samples = [sample for sample in suite.samples() if sample["contender"] == HOSTED]
    for name, scenario in scenarios.items():
        events = [sample["event"] for sample in samples if sample["scenario"] == name]
        evidence = [events[n] for verdict in scenario["verdicts"] for n in verdict["evidence"]]
        assert "storm" in evidence
