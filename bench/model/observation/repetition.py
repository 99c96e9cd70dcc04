"""Verdicts of several identical guests, made into one that says how many agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bench.model.scenario import Verdict

_UNJUDGED = ("not measured", "not applicable")


def merge_verdicts(guests: Sequence[Sequence[Verdict]]) -> list[Verdict]:
    """Return one verdict for each behaviour; guests: the verdicts of each, on the same behaviours.

    The answer is that of all guests. Where they differ it is `partly`, and the sentence says what
    each number of guests did. A guest that could not be judged does not count against the others.
    """
    return [_merge(verdicts) for verdicts in zip(*guests, strict=True)]


def _merge(verdicts: Sequence[Verdict]) -> Verdict:
    first = verdicts[0]
    if len(verdicts) == 1:
        return first
    tally = Counter(verdict.answer for verdict in verdicts)
    judged = {answer for answer in tally if answer not in _UNJUDGED}
    sentences = {verdict.answer: verdict.sentence for verdict in reversed(verdicts)}
    return Verdict(
        first.behaviour,
        "partly" if len(judged) > 1 else next(iter(judged), first.answer),
        " ".join(
            f"{answer.capitalize()} in {count} of {len(verdicts)} guests: {sentences[answer]}"
            for answer, count in tally.items()
        ),
        tuple(sorted({number for verdict in verdicts for number in verdict.evidence})),
        dict(tally),
    )
