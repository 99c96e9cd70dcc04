"""The word on a change, such as slower or faster: the interval of the change decides it."""

from __future__ import annotations

from reports.compare.statistics.sample_ratio import Interval

TOO_FEW = "too few"
# What a verdict means, for those that a comparison has.
VERDICT_MEANINGS = {
    "slower": "slower, faster, larger, smaller: the whole 95 % interval of the change says so",
    "chance": "chance: the interval includes no change",
    TOO_FEW: "too few: so few samples show nothing among so many figures",
    "differs in shape": "differs in shape: not higher or lower as a whole, but distributed "
    "otherwise by more than chance",
    "single": "single: one figure each, or too few for an interval: no test of significance is "
    "possible, so the percentage alone counts",
}
DIRECTION_WORDS = ("slower", "faster", "larger", "smaller")
_TIME_UNITS = ("us", "ms", "s")


def change_verdict(interval: Interval | None, unit: str, *, differs_in_shape: bool) -> str:
    """Return a word or two on a change; its interval alone says in which direction.

    interval: of the change in percent; None where there is no test of significance.
    """
    if interval is None:
        return "single"
    if interval.excludes_zero:
        return direction_word(interval, unit)
    if differs_in_shape:
        return "differs in shape"
    return TOO_FEW if interval.is_unbounded else "chance"


def direction_word(interval: Interval, unit: str) -> str:
    """Return slower or faster for a time, larger or smaller for anything else.

    interval: of the change; it excludes 0.
    """
    higher, lower = ("slower", "faster") if unit in _TIME_UNITS else ("larger", "smaller")
    return higher if interval.low > 0 else lower
