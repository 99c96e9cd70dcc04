"""What the measuring program itself takes, killing as fast as it can: `pytest -m lengthy -s`."""

from __future__ import annotations

import resource

import pytest

from tests.support.place import Place
from tests.unit.daemon.test_measure import AWAIT, assert_ended, group, trials

TRIALS = 5000
A_SECOND = 100


@pytest.mark.lengthy
def test_a_hundred_kills_a_second(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.floor("s1")
    place.pid()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = place.measure(AWAIT, trials(group("long", TRIALS, 0.009, 0.009, fresh=False)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert_ended(result)
    samples = result.all("sample")
    assert len(samples) == TRIALS
    assert not any(each["censored"] or each["starts_missed"] for each in samples)
    seconds = (samples[-1]["main_ns"] - samples[0]["kill_ns"]) / 1e9
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with capsys.disabled():
        print(
            f"\n{TRIALS / seconds:.0f} kills a second: {used / TRIALS * 1e3:.2f} ms of CPU time a"
            f" trial, {used / TRIALS * A_SECOND:.1%} of a core at {A_SECOND} a second;"
            f" at most {after.ru_maxrss} kB resident"
        )
