"""Scenarios that judge behaviour, for a runner that reacts to events and a monitor that polls."""

from __future__ import annotations

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

RUNIT, MONIT = "runit/runner/default/hosted", "monit/monitor/fast/hosted"
DEATHS = ["exit 0", "exit 1", "SIGSEGV", "SIGTERM", "SIGKILL", "memory limit"]


def test_every_death_has_a_verdict_with_evidence(suite: Suite) -> None:
    done = suite.bench(f"--only={RUNIT},{MONIT}", "--scenario=deaths")
    assert done.code == 0, done.output
    for contender in (RUNIT, MONIT):
        record = next(c for c in suite.record()["contenders"] if c["name"] == contender)
        verdicts = record["scenarios"]["deaths"]["verdicts"]
        assert [verdict["behaviour"] for verdict in verdicts] == DEATHS
        assert {verdict["answer"] for verdict in verdicts} == {"yes"}, verdicts
        assert all(verdict["evidence"] for verdict in verdicts)
    limits = [sample for sample in suite.samples() if sample["event"] == "memory"]
    assert {limit["contender"] for limit in limits} >= {RUNIT, MONIT}
    assert all(limit["kills"] > 0 and limit["cgroup"] in ("v1", "v2") for limit in limits)

    why = suite.start("report", f"--why={RUNIT}/deaths").end()
    assert why.code == 0, why.output
    assert "SIGKILL: yes." in why.output
    assert '"event": "up"' in why.output
    assert "monit" not in why.output


def test_a_hang_is_judged_with_a_heartbeat_file_and_without_a_watchdog(suite: Suite) -> None:
    done = suite.bench(f"--only={RUNIT},{MONIT}", "--scenario=hang", "--quick")
    assert done.code == 0, done.output
    answers = {
        contender["name"]: [
            verdict["answer"] for verdict in contender["scenarios"]["hang"]["verdicts"]
        ]
        for contender in suite.record()["contenders"]
    }
    assert answers[RUNIT] == ["no", "not applicable", "not applicable"]
    assert answers[MONIT] == ["no", "yes", "yes"]
