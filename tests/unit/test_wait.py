"""The wait helper of the tests: `tests/support/wait.py`."""

from __future__ import annotations

import pytest

from tests.support.wait import eventually


def test_the_first_truthy_value_is_returned() -> None:
    values = iter([None, [], ["value"], ["later"]])
    assert eventually(lambda: next(values), "a value", interval=0) == ["value"]


def test_the_condition_is_polled_at_least_once() -> None:
    assert eventually(lambda: True, "a value", seconds=0)


def test_a_timeout_names_what_was_awaited_and_the_last_value() -> None:
    with pytest.raises(AssertionError, match=r"Not within 0\.01 s: a guest\. Last value: \[\]\."):
        eventually(list, "a guest", seconds=0.01)
