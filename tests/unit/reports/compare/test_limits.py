"""What --fail-on takes, and what exceeds its limits."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from reports.compare.limits import Limits, parse_fail_on


@pytest.mark.parametrize(
    ("fail_on", "limits"),
    [
        ("", None),
        ("regression:10", Limits(10)),
        ("regression:2.5%", Limits(2.5)),
        ("regression:10%,1ms", Limits(10, {"ms": 1})),
        ("regression:10,64kB,0.5s", Limits(10, {"kB": 64, "s": 0.5})),
        ("regression:250us", Limits(None, {"us": 250})),
        ("regression:10 %, 1 ms", Limits(10, {"ms": 1})),
    ],
)
def test_it_takes_a_percentage_and_amounts(fail_on: str, limits: Limits | None) -> None:
    assert parse_fail_on(fail_on) == limits


@pytest.mark.parametrize(
    "bad",
    [
        *("regression", "regression:", "regression:x", "improvement:5", "regression:-1", "10%"),
        *("regression:10,", "regression:10%,5%", "regression:1ms,1s", "regression:1kB,1MB"),
        *("regression:1min", "regression:1 GB", "regression:nan", "regression:1e3"),
    ],
)
def test_anything_else_is_refused_with_an_example(bad: str) -> None:
    with pytest.raises(Problem, match="is not understood") as refused:
        parse_fail_on(bad)
    assert refused.value.usage
    assert "us, s, kB, MB" in str(refused.value) and "regression:10%,1ms" in str(refused.value)


@pytest.mark.parametrize(
    ("limits", "percent", "amount", "unit", "exceeded"),
    [
        (Limits(10), 10.1, 0.001, "ms", True),
        (Limits(10), 9.9, 1e6, "ms", False),
        (Limits(10, {"ms": 1}), 50, 0.9, "ms", False),
        (Limits(10, {"ms": 1}), 50, 1.1, "ms", True),
        (Limits(10, {"ms": 1}), 50, 1100, "us", True),
        (Limits(10, {"ms": 1}), 50, 0.002, "s", True),
        (Limits(10, {"ms": 1}), 50, 65, "kB", True),
        (Limits(10, {"MB": 1}), 50, 1000, "kB", False),
        (Limits(10, {"ms": 1}), 50, 1, "", True),
        (Limits(10, {"ms": 1}), 50, 1, "us/s", True),
        (Limits(None, {"ms": 1}), 0.1, 1.1, "ms", True),
        (Limits(None, {"ms": 1}), -50, 1.1, "ms", False),
        (Limits(None, {"ms": 1}), 500, 500, "kB", False),
        (Limits(None, {"ms": 1}), 500, 500, "", False),
    ],
)
def test_both_limits_must_be_exceeded(
    limits: Limits, percent: float, amount: float, unit: str, exceeded: bool
) -> None:
    assert limits.are_exceeded(percent, amount, unit) is exceeded


@pytest.mark.parametrize(("amount", "exceeded"), [(4, False), (4.1, True)])
def test_memory_that_moved_by_a_page_exceeds_nothing(amount: float, exceeded: bool) -> None:
    assert Limits(10).are_exceeded(20, amount, "kB") is exceeded
    assert Limits(10, {"kB": 1}).are_exceeded(20, amount, "kB") is exceeded
