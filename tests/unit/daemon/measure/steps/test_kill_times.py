"""When trials kill: within the limit of starts and in the slot of time."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.restarts import AWAIT, LONG, SECOND, SHORT, assert_complete, group, trials
from tests.support.sandbox import Event, Sandbox


def most_in_a_window(starts: list[int], window: float) -> int:
    return max(
        sum(1 for start in starts if first <= start <= first + window * SECOND) for first in starts
    )


@pytest.mark.parametrize("groups", [(LONG,), (LONG, SHORT), (SHORT,)])
def test_kills_keep_to_the_limit_of_starts_and_use_it_up(
    sandbox: Sandbox, groups: tuple[Event, ...]
) -> None:
    count, window = 4, 1.5
    sandbox.start_floor("s1")
    sandbox.await_pid()
    result = sandbox.measure(AWAIT, trials(*groups, limit=[count, window]))
    assert_complete(result)
    samples = result.all("sample")
    real = [sample for sample in samples if not sample["warmup"]]
    assert len(real) == sum(g["trials"] for g in groups)
    starts = [samples[0]["old_main_ns"]] + [sample["main_ns"] for sample in samples]
    assert most_in_a_window(starts, window) == count - 1, "kept, and made use of"
    for sample in real:
        if sample["group"] == "short":
            assert sample["limited_ns"] <= 0.05 * SECOND, "it came soon after its start"


def test_the_limit_counts_starts_before_the_program_ran(sandbox: Sandbox) -> None:
    """Starts that the record counted, but nobody heard, are as of the first that is known."""
    sandbox.start_floor("s1")
    for count in range(1, 4):
        os.kill(sandbox.await_pid(starts=count), signal.SIGKILL)
    sandbox.await_pid(starts=4)
    known = sandbox.read_record()[4]
    result = sandbox.measure(trials(group("long", 1, 0, 0, fresh=False), limit=[4, 1.5]))
    assert result.one("sample")["kill_ns"] > known + 1.5 * SECOND


def test_kills_are_scheduled_in_the_first_tenth_of_the_slot(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    slot = {"index": 2, "count": 5, "width": 0.1}
    result = sandbox.measure(AWAIT, trials(LONG, slot=slot))
    samples = result.all("sample")
    assert len(samples) == 4
    for sample in samples:
        # Chosen in the first tenth of the slot; when the signal then went is a matter of load.
        chosen = sample["at_ns"]
        assert chosen // (SECOND // 10) % 5 == 2
        assert chosen % (SECOND // 10) <= SECOND // 100
        assert sample["kill_ns"] >= chosen
    assert len({sample["at_ns"] % (SECOND // 10) for sample in samples}) == 4


def test_each_trial_is_drawn_from_its_stratum(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    strata = [[0.05, 0.06], [0.19, 0.2], [0.1, 0.11]]
    result = sandbox.measure(AWAIT, trials(group("long", 3, 0.05, 0.2, fresh=False, strata=strata)))
    drawn = sorted(sample["drawn_s"] for sample in result.all("sample"))
    assert len(drawn) == 3
    for uptime, (low, high) in zip(drawn, sorted(strata), strict=True):
        assert low <= uptime <= high


@pytest.mark.parametrize("strata", [[[0.05, 0.1]], [[0.05, 0.1], [0.1, 0.3]], [[0.1, 0.05]] * 2])
def test_strata_that_do_not_fit_the_trials_are_refused(
    sandbox: Sandbox, strata: list[list[float]]
) -> None:
    result = sandbox.measure(trials(group("long", 2, 0.05, 0.2, strata=strata)))
    assert result.rc == 2
    assert '"groups" must be groups with' in result.stderr
