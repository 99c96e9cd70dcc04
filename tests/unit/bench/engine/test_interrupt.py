"""The first Ctrl-C ends a run; further ones keep nothing from being removed."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from bench.engine.interrupt import interrupted_once


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


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
