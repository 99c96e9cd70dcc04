"""Quiet and noise never at once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest

from bench.engine.guests.noise_gate import NoiseGate

PATIENCE = 20


def test_never_both_at_once() -> None:
    quiet = NoiseGate(2, time.process_time)
    lock = threading.Lock()
    inside = {"quiet": 0, "noisy": 0}
    most = {"quiet": 0, "noisy": 0}
    wrong: list[dict[str, int]] = []

    def stay(kind: str, generator: random.Random) -> None:
        for _ in range(60):
            with quiet.measuring() if kind == "quiet" else quiet.disturbing():
                with lock:
                    inside[kind] += 1
                    most[kind] = max(most[kind], inside[kind])
                    if (inside["quiet"] and inside["noisy"]) or inside["noisy"] > 2:
                        wrong.append(dict(inside))
                threading.Event().wait(generator.random() * 0.001)
                with lock:
                    inside[kind] -= 1

    threads = [
        threading.Thread(target=stay, args=(kind, random.Random(number)), daemon=True)
        for number, kind in enumerate(["quiet", "noisy"] * 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert not wrong
    assert most["quiet"] > 1


def test_who_waits_to_be_noisy_goes_first() -> None:
    quiet = NoiseGate(1, time.process_time)
    order: list[str] = []
    waiting = threading.Event()

    def noisy() -> None:
        waiting.set()
        with quiet.disturbing():
            order.append("noisy")

    def another() -> None:
        with quiet.measuring():
            order.append("quiet")

    with quiet.measuring():
        first = threading.Thread(target=noisy, daemon=True)
        first.start()
        waiting.wait(PATIENCE)
        while not quiet._waiting:
            threading.Event().wait(0.001)
        second = threading.Thread(target=another, daemon=True)
        second.start()
    first.join(PATIENCE)
    second.join(PATIENCE)
    assert order == ["noisy", "quiet"]


def test_a_failure_inside_lets_go() -> None:
    quiet = NoiseGate(1, time.process_time)
    for block in (quiet.measuring, quiet.disturbing):
        try:
            with block():
                raise ValueError
        except ValueError:
            pass
    with quiet.disturbing():
        pass
    with quiet.measuring():
        pass


def test_its_own_weight_is_counted_while_somebody_is_quiet() -> None:
    spent = iter([10.0, 10.0])
    quiet = NoiseGate(1, lambda: next(spent))
    assert quiet.own_load is None
    with quiet.measuring(), quiet.measuring():
        threading.Event().wait(0.01)
    assert quiet.own_load == 0.0


def looks(*results: float | None) -> Callable[[], float]:
    """Looks at the processor time; None is one during which a process went."""
    left = iter(results)

    def look() -> float:
        seconds = next(left)
        if seconds is None:
            raise LookupError("the process is gone")
        return seconds

    return look


def test_a_failed_look_at_the_processor_stops_nobody() -> None:
    """It did: a door into a guest closed while its processes were looked up."""
    quiet = NoiseGate(1, looks(0.0, None, None))
    for _ in ("the last one leaves", "the first one comes"):
        with pytest.raises(LookupError), quiet.measuring():
            pass
    entered = threading.Event()
    threading.Thread(target=enter_noise, args=(quiet, entered), daemon=True).start()
    assert entered.wait(PATIENCE)


def test_who_waits_for_noise_is_woken_by_a_failed_look() -> None:
    quiet, entered = NoiseGate(1, looks(0.0, None)), threading.Event()
    waiting = threading.Thread(target=enter_noise, args=(quiet, entered), daemon=True)
    with pytest.raises(LookupError), quiet.measuring():
        waiting.start()
        time.sleep(0.05)
    assert entered.wait(PATIENCE)


def enter_noise(quiet: NoiseGate, entered: threading.Event) -> None:
    with quiet.disturbing():
        entered.set()
