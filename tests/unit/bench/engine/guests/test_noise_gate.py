"""The noise gate: measurements and disturbances never at the same time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from bench.engine.guests.noise_gate import NoiseGate
from tests.support.wait import eventually

PATIENCE = 20


Ways = dict[str, Callable[[], AbstractContextManager[None]]]


def wrong_neighbours(
    ways: Ways, is_wrong: Callable[[dict[str, int]], bool], rounds: int
) -> list[dict[str, int]]:
    """Go through the gate many times in each way, in four threads each, for random times.

    Returns how many were inside by each way whenever that was wrong.
    """
    lock = threading.Lock()
    inside = dict.fromkeys(ways, 0)
    wrong: list[dict[str, int]] = []

    def stay(kind: str, generator: random.Random) -> None:
        for _ in range(rounds):
            with ways[kind]():
                with lock:
                    inside[kind] += 1
                    if is_wrong(inside):
                        wrong.append(dict(inside))
                threading.Event().wait(generator.random() * 0.001)
                with lock:
                    inside[kind] -= 1

    threads = [
        threading.Thread(target=stay, args=(kind, random.Random(number)), daemon=True)
        for number, kind in enumerate([*ways] * 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    return wrong


def test_measuring_and_disturbing_never_overlap() -> None:
    gate = NoiseGate(2, time.process_time)

    def is_wrong(inside: dict[str, int]) -> bool:
        return bool(inside["quiet"] and inside["noisy"]) or inside["noisy"] > 2

    ways: Ways = {"quiet": gate.measuring, "noisy": gate.disturbing}
    assert not wrong_neighbours(ways, is_wrong, rounds=60)


def test_several_measurements_run_together() -> None:
    gate = NoiseGate(1, time.process_time)
    both_inside = threading.Barrier(2)

    def measure() -> None:
        with gate.measuring():
            both_inside.wait(PATIENCE)

    threads = [threading.Thread(target=measure, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not both_inside.broken
    assert not any(thread.is_alive() for thread in threads)


def test_slots_are_dealt_once_each_time_that_measurements_begin() -> None:
    dealt: list[int] = []
    gate = NoiseGate(1, time.process_time, opens=lambda: dealt.append(1))
    for begun in (1, 2):
        with gate.measuring():
            assert len(dealt) == begun
            with gate.measuring():
                assert len(dealt) == begun


def test_a_waiting_set_up_goes_before_new_measurements() -> None:
    gate = NoiseGate(1, time.process_time)
    order: list[str] = []

    def noisy() -> None:
        with gate.disturbing():
            order.append("noisy")

    def another() -> None:
        with gate.measuring():
            order.append("quiet")

    with gate.measuring():
        first = threading.Thread(target=noisy, daemon=True)
        first.start()
        eventually(lambda: gate.waiting_disturbers, "the set-up waits")
        second = threading.Thread(target=another, daemon=True)
        second.start()
    first.join(PATIENCE)
    second.join(PATIENCE)
    assert order == ["noisy", "quiet"]


def test_a_failure_inside_opens_the_gate() -> None:
    gate = NoiseGate(1, time.process_time)
    for block in (gate.measuring, gate.disturbing):
        try:
            with block():
                raise ValueError
        except ValueError:
            pass
    with gate.disturbing():
        pass
    with gate.measuring():
        pass


def test_own_load_counts_only_measurement_windows() -> None:
    spent = iter([10.0, 10.0])
    gate = NoiseGate(1, lambda: next(spent))
    assert gate.own_load is None
    with gate.measuring(), gate.measuring():
        threading.Event().wait(0.01)
    assert gate.own_load == 0.0


def test_the_suites_own_work_counts() -> None:
    gate = NoiseGate(1, time.process_time)
    worked = time.process_time() + 0.2
    with gate.measuring():
        while time.process_time() < worked:
            pass
    assert gate._cpu_spent > 0.1


def cpu_readings(*results: float | None) -> Callable[[], float]:
    """Return readings of the CPU time in seconds; None fails, as when a process is gone."""
    readings = iter(results)

    def read() -> float:
        seconds = next(readings)
        if seconds is None:
            raise LookupError("the process is gone")
        return seconds

    return read


def test_a_failed_cpu_reading_blocks_nobody() -> None:
    """A process of the suite may end while its CPU time is read."""
    gate = NoiseGate(1, cpu_readings(0.0, None, None))
    for _ in ("the last one leaves", "the first one comes"):
        with pytest.raises(LookupError), gate.measuring():
            pass
    entered = threading.Event()
    threading.Thread(target=disturb, args=(gate, entered), daemon=True).start()
    assert entered.wait(PATIENCE)


def test_a_failed_cpu_reading_wakes_a_waiting_set_up() -> None:
    gate, entered = NoiseGate(1, cpu_readings(0.0, None)), threading.Event()
    waiting = threading.Thread(target=disturb, args=(gate, entered), daemon=True)
    with pytest.raises(LookupError), gate.measuring():
        waiting.start()
        eventually(lambda: gate.waiting_disturbers, "the set-up waits")
    assert entered.wait(PATIENCE)


def disturb(gate: NoiseGate, entered: threading.Event) -> None:
    with gate.disturbing():
        entered.set()


def test_loud_work_is_no_neighbour_of_measurements_and_keeps_to_its_number() -> None:
    gate = NoiseGate(2, time.process_time, max_loud=2)

    def is_wrong(inside: dict[str, int]) -> bool:
        loud, alone = inside["loud"], inside["alone"]
        beside = inside["quiet"] and (loud or alone)
        beside = beside or (alone and (loud or inside["noisy"]))
        return bool(beside) or loud > 2 or alone > 1

    ways: Ways = {
        "quiet": gate.measuring,
        "loud": gate.loud,
        "alone": lambda: gate.loud(alone=True),
        "noisy": gate.disturbing,
    }
    assert not wrong_neighbours(ways, is_wrong, rounds=40)


def test_loud_work_comes_after_a_measurement_that_waits() -> None:
    gate = NoiseGate(1, time.process_time)
    order: list[str] = []

    def enter(kind: str, way: Callable[[], AbstractContextManager[None]]) -> None:
        with way():
            order.append(kind)

    with gate.disturbing():
        quiet = threading.Thread(target=enter, args=("quiet", gate.measuring), daemon=True)
        quiet.start()
        eventually(lambda: gate.waiting_measurements, "the measurement waits")
        loud = threading.Thread(target=enter, args=("loud", gate.loud), daemon=True)
        loud.start()
    for thread in (quiet, loud):
        thread.join(PATIENCE)
    assert order == ["quiet", "loud"]


def test_loud_work_goes_on_while_a_set_up_keeps_work_for_alone_out() -> None:
    """A hundred services of PM2 take five minutes to set up, and two crash loops fit into each."""
    gate = NoiseGate(1, time.process_time)
    order: list[str] = []

    def enter(kind: str, *, alone: bool) -> None:
        with gate.loud(alone):
            order.append(kind)

    alone = threading.Thread(target=enter, args=("alone",), kwargs={"alone": True}, daemon=True)
    loud = threading.Thread(target=enter, args=("loud",), kwargs={"alone": False}, daemon=True)
    with gate.disturbing():
        alone.start()
        eventually(lambda: gate._waiting_alone, "the work for alone waits")
        loud.start()
        loud.join(PATIENCE)
        assert order == ["loud"]
    alone.join(PATIENCE)
    assert order == ["loud", "alone"]


def in_line(gate: NoiseGate, count: int) -> bool:
    return gate.waiting_disturbers == count


def test_set_ups_take_their_turns_in_the_order_in_which_they_came() -> None:
    """Which is the plan's: what takes longest comes first."""
    gate = NoiseGate(1, time.process_time)
    entered: list[int] = []

    def set_up(number: int) -> None:
        with gate.disturbing(sets_up=number < 19):
            entered.append(number)

    threads = [threading.Thread(target=set_up, args=(number,), daemon=True) for number in range(20)]
    with gate.measuring():
        for number, thread in enumerate(threads):
            thread.start()
            eventually(partial(in_line, gate, number + 1), f"{number + 1} wait")
    for thread in threads:
        thread.join(PATIENCE)
    assert entered == [19, *range(19)], "the teardown frees a place for them"
