"""The CPU time that the measuring program takes for a trial: `pytest -m lengthy -s`."""

from __future__ import annotations

import resource

import pytest

from tests.support.restarts import AWAIT, assert_complete, group, trials
from tests.support.sandbox import Sandbox

TRIALS = 5000
TRIALS_A_SECOND = 100


@pytest.mark.lengthy
def test_no_start_is_missed_at_a_hundred_kills_a_second(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.start_floor("s1")
    sandbox.await_pid()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = sandbox.measure(AWAIT, trials(group("long", TRIALS, 0.009, 0.009, fresh=False)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert_complete(result)
    samples = result.all("sample")
    assert len(samples) == TRIALS
    assert not any(sample["censored"] or sample["starts_missed"] for sample in samples)
    seconds = (samples[-1]["main_ns"] - samples[0]["kill_ns"]) / 1e9
    used = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / TRIALS
    with capsys.disabled():
        print(
            f"\n{TRIALS / seconds:.0f} kills a second: {used * 1e3:.2f} ms of CPU time a trial,"
            f" {used * TRIALS_A_SECOND:.1%} of a core at {TRIALS_A_SECOND} a second;"
            f" at most {after.ru_maxrss} kB resident"
        )
