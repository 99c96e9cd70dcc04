"""The one way in which a test waits for something that must come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(
    condition: Callable[[], Value], what: str, seconds: float = 60.0, interval: float = 0.02
) -> Value:
    """Poll the condition until it returns something truthy; return that.

    what: the awaited state, for the error message. seconds: a bound, never a duration to assert.
    Raises AssertionError with `what` and the value that the condition returned last.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds:g} s: {what}. Last value: {value!r}.")
        time.sleep(interval)
    return value
