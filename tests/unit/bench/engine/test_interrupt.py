"""The first event that ends a command does; further ones keep nothing from being removed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from bench.engine.interrupt import Interrupted, cause_of, interrupt, interrupted_once, output_lost
from tests.support.wait import eventually

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {
        signal_number: signal.getsignal(signal_number) for signal_number in (*ENDING, signal.SIGURG)
    }
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for signal_number, handler in before.items():
        signal.signal(signal_number, handler)


def test_further_interrupts_are_ignored() -> None:
    removed = False
    with pytest.raises(KeyboardInterrupt), interrupted_once():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            for _ in range(3):
                signal.raise_signal(signal.SIGINT)
            removed = True
    signal.raise_signal(signal.SIGINT)
    assert removed


def test_the_handler_is_restored_after_a_run() -> None:
    with interrupted_once():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (signal.SIGINT, "Interrupted", 130),
        (signal.SIGTERM, "Interrupted by SIGTERM", 143),
        (signal.SIGHUP, "Interrupted by SIGHUP", 129),
    ],
)
def test_each_signal_has_a_status_of_its_own(number: int, words: str, code: int) -> None:
    with pytest.raises(Interrupted) as caught, interrupted_once():
        signal.raise_signal(number)
    assert (cause_of(caught.value).words, cause_of(caught.value).code) == (words, code)
    for signal_number in ENDING:
        signal.raise_signal(signal_number)  # ignored


def test_what_the_caller_ignores_stays_ignored() -> None:
    """As nohup has SIGHUP ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interrupted_once():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_another_thread_interrupts_the_main_thread() -> None:
    cause = output_lost("Broken pipe")
    thread = threading.Thread(target=interrupt, args=(cause,))
    with pytest.raises(Interrupted) as caught, interrupted_once():
        thread.start()
        thread.join()
        eventually(lambda: False, "the interruption")
    assert cause_of(caught.value) == cause


def test_an_urgent_signal_that_nobody_asked_for_ends_nothing() -> None:
    with interrupted_once():
        signal.raise_signal(signal.SIGURG)
