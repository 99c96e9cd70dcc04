"""Judging scenarios in real guests: a runner told by the kernel, and a monitor that polls."""

from __future__ import annotations

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

RUNIT, MONIT = "runit/runner/default/hosted", "monit/monitor/tuned/hosted"
DEATHS = ["exit 0", "exit 1", "SIGSEGV", "SIGTERM", "SIGKILL", "memory limit"]


def test_every_death_is_answered_and_shown(suite: Suite) -> None:
    done = suite.bench(f"--only={RUNIT},{MONIT}", "--scenario=deaths")
    assert done.code == 0, done.output
    for contender in (RUNIT, MONIT):
        own = next(each for each in suite.record()["contenders"] if each["name"] == contender)
        verdicts = own["scenarios"]["deaths"]["verdicts"]
        assert [each["behaviour"] for each in verdicts] == DEATHS
        assert {each["answer"] for each in verdicts} == {"yes"}, verdicts
        assert all(each["evidence"] for each in verdicts)
    limits = [each for each in suite.samples() if each["event"] == "memory"]
    assert {each["contender"] for each in limits} >= {RUNIT, MONIT}
    assert all(each["kills"] > 0 and each["cgroup"] in ("v1", "v2") for each in limits)

    why = suite.start("report", f"--why={RUNIT}/deaths").end()
    assert why.code == 0, why.output
    assert "SIGKILL: yes." in why.output
    assert '"event": "up"' in why.output
    assert "monit" not in why.output


def test_a_watchdog_by_a_heartbeat_file_or_none(suite: Suite) -> None:
    done = suite.bench(f"--only={RUNIT},{MONIT}", "--scenario=hang", "--quick")
    assert done.code == 0, done.output
    found = {
        each["name"]: [verdict["answer"] for verdict in each["scenarios"]["hang"]["verdicts"]]
        for each in suite.record()["contenders"]
    }
    assert found[RUNIT] == ["no", "not applicable", "not applicable"]
    assert found[MONIT] == ["no", "yes", "yes"]
