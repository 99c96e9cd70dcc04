"""Verdicts of several identical guests as one."""

from __future__ import annotations

from bench.model.observation.repetition import merge_verdicts
from bench.model.scenario import Answer, Verdict


def verdict(answer: Answer, number: int) -> Verdict:
    return Verdict("keeps trying", answer, f"Sample {number}.", (number,))


def test_guests_that_agree_are_counted() -> None:
    (merged,) = merge_verdicts([[verdict("no", 1)], [verdict("no", 5)], [verdict("no", 9)]])
    assert (merged.answer, merged.tally, merged.evidence) == ("no", {"no": 3}, (1, 5, 9))
    assert merged.sentence == "No in 3 of 3 guests: Sample 1."


def test_guests_that_differ_are_partly_and_each_side_is_told() -> None:
    (merged,) = merge_verdicts([[verdict("no", 1)], [verdict("yes", 5)], [verdict("no", 9)]])
    assert (merged.answer, merged.tally) == ("partly", {"no": 2, "yes": 1})
    assert merged.sentence == "No in 2 of 3 guests: Sample 1. Yes in 1 of 3 guests: Sample 5."


def test_a_guest_that_was_not_judged_does_not_count_against_the_others() -> None:
    (merged,) = merge_verdicts([[verdict("not measured", 1)], [verdict("yes", 5)]])
    assert (merged.answer, merged.tally) == ("yes", {"not measured": 1, "yes": 1})


def test_a_single_guest_keeps_its_verdict() -> None:
    one = verdict("yes", 1)
    assert merge_verdicts([[one]]) == [one]
