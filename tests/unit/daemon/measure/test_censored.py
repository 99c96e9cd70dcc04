"""Trials without a restart: censored samples, and when trials are given up."""

from __future__ import annotations

from tests.support.restarts import AWAIT, LONG, assert_complete, group, trials
from tests.support.sandbox import Sandbox


def test_no_restart_by_the_deadline_is_censored_and_the_service_awaited(sandbox: Sandbox) -> None:
    gate = sandbox.dir / "gate"
    gate.touch()
    sandbox.start_shell_supervisor(f"while [ ! -e {gate} ]; do sleep 0.01; done; rm {gate}", "s1")
    (sandbox.dir / "s1.mode").touch()
    opener = sandbox.start("/bin/sh", "-c", f"while :; do sleep 1; touch {gate}; done")
    result = sandbox.measure(
        AWAIT, trials(group("long", 3, 0, 0.01, fresh=False), deadline=0.3, patience=30)
    )
    opener.kill()
    assert_complete(result)
    samples = result.all("sample")
    assert len(samples) == 3
    censored = [sample for sample in samples if sample["censored"]]
    assert censored
    for sample in censored:
        assert sample["main_ns"] is None
        assert sample["new_pid"] is None
        assert sample["deadline_s"] == 0.3
        assert sample["exit_ns"] > sample["kill_ns"]
    # Each later trial is on the life that came back after all.
    for back in result.all("back"):
        assert back["main_ns"] > censored[0]["kill_ns"]


def test_trials_are_given_up_when_the_service_never_comes_back(sandbox: Sandbox) -> None:
    sandbox.start(*sandbox.testd("s1"))
    result = sandbox.measure(
        AWAIT,
        trials(group("long", 5, 0, 0.01, fresh=False), deadline=0.2, patience=0.3),
        trials(LONG, patience=0.3),
    )
    assert_complete(result)
    assert [sample["censored"] for sample in result.all("sample")] == [True]
    first, second = result.all("gaveup")
    assert (first["trial"], first["remaining"]) == (1, 4)
    assert "does not come back" in first["why"]
    assert second["remaining"] == 4


def test_a_signal_that_the_service_ignores_is_censored(sandbox: Sandbox) -> None:
    sandbox.start_floor("--ignore-term", "s1")
    sandbox.await_pid()
    result = sandbox.measure(
        AWAIT, trials(group("long", 2, 0, 0.01, fresh=False), signal=15, deadline=0.2)
    )
    assert_complete(result)
    samples = result.all("sample")
    assert [sample["censored"] for sample in samples] == [True, True]
    assert [sample["exit_ns"] for sample in samples] == [None, None]
    assert samples[0]["old_pid"] == samples[1]["old_pid"]


def test_trials_are_given_up_when_the_service_never_stays_up(sandbox: Sandbox) -> None:
    (sandbox.dir / "s1.mode").write_text("--exit-after 30")
    sandbox.start_floor("s1")
    result = sandbox.measure(trials(group("long", 3, 0.5, 0.6, fresh=False)))
    assert_complete(result)
    assert result.all("sample") == []
    assert result.one("gaveup")["remaining"] == 3
    assert "stayed up" in result.one("gaveup")["why"]
    assert {event["what"] for event in result.all("unexpected")} <= {"start", "gone"}
    assert result.all("unexpected")
