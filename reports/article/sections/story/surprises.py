"""Defaults that surprise: what packages set up, and who uses them may not expect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import FLOOR, ContenderResult, Run, VerdictResult
from provision.errors.text import count_words
from reports.article.counterparts import delays_young_daemons, is_far_above
from reports.article.recommendations import SLOW_MS
from reports.model.blocks import Paragraph, Points, Section
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import find_metric
from reports.model.quantities import format_quantity
from reports.model.tables.decision import QUESTIONS, find_verdict, judged_answers

_INTRODUCTION = (
    "Each line follows from this run by a rule: a restart that takes a second or longer, or twice "
    "as long as with another documented setting; a longer wait for a daemon that ends soon after "
    "its start (of a supervisor that looks once a period: longer than two periods, and each such "
    "wait longer than all others); a daemon that is given up, or stays down after it was mended."
)
_GIVES_UP, _RECOVERS = QUESTIONS[0], QUESTIONS[2]


def surprises_section(run: Run) -> Section | None:
    """Return the section; None where no default surprises."""
    contenders = [item for item in sort_contenders(run) if item["supervisor"] != FLOOR]
    items = tuple(
        (f"{contender_label(contender)}:", " ".join(sentences))
        for contender in contenders
        if contender["profile"] == "default"
        and _is_most_ordinary(contender, contenders)
        and (sentences := list(_sentences(contender, contenders)))
    )
    if not items:
        return None
    blocks = (Paragraph(_INTRODUCTION), Points(items))
    return Section("surprises", "Defaults that surprise", blocks)


def _is_most_ordinary(contender: ContenderResult, contenders: Sequence[ContenderResult]) -> bool:
    """Tell whether it is the first with its supervisor, role and host: one is enough."""
    key = (contender["supervisor"], contender["role"], contender.get("host"))
    return contender is next(
        item
        for item in contenders
        if (item["supervisor"], item["role"], item.get("host")) == key
        and item["profile"] == "default"
    )


def _sentences(contender: ContenderResult, contenders: Sequence[ContenderResult]) -> Iterator[str]:
    yield from _on_restarts(contender, contenders)
    yield from _on_giving_up(contender)
    yield from _on_recovery(contender)


def _on_giving_up(contender: ContenderResult) -> Iterator[str]:
    verdict = find_verdict(contender, _GIVES_UP)
    answers = judged_answers(verdict).keys()
    after = _after_starts(contender)
    if answers == {"no"}:
        yield f"It gives up a daemon that ends at once{after}."
    elif verdict and "no" in answers:
        yield f"In {_share(verdict, 'no')} guests it gives up a daemon that ends at once."
    elif "partly" in answers:
        yield f"It stops starting a daemon that ends at once{after}, and tries again later."


def _on_recovery(contender: ContenderResult) -> Iterator[str]:
    verdict = find_verdict(contender, _RECOVERS)
    answers = judged_answers(verdict).keys()
    if answers == {"no"}:
        yield "Once mended, such a daemon does not come back by itself."
    elif verdict and "no" in answers:
        share = _share(verdict, "no")
        yield f"Once mended, such a daemon does not come back by itself in {share} guests."


def _share(verdict: VerdictResult, answer: str) -> str:
    """Return how many of the guests that were judged gave an answer, such as 2 of 3."""
    tally = judged_answers(verdict)
    return f"{tally[answer]} of {sum(tally.values())}"


def _after_starts(contender: ContenderResult) -> str:
    """Return after how many starts it was here, if all guests agree; else nothing.

    Starts before the crash loop count for some limits, so that a limit may be higher.
    """
    starts = find_metric(contender, "crashloop", "crash_starts")
    if starts is None or starts["median"] is None or starts["min"] != starts["max"]:
        return ""
    return f", here after {count_words(round(starts['median']), 'start')}"


def _on_restarts(
    contender: ContenderResult, contenders: Sequence[ContenderResult]
) -> Iterator[str]:
    long = find_metric(contender, "restart", "restart_long")
    if long is None or long["median"] is None:
        return
    better = [
        (metric["median"], item)
        for item in contenders
        if (item["supervisor"], item["role"], item["pid1"], item.get("host"))
        == (contender["supervisor"], contender["role"], contender["pid1"], contender.get("host"))
        and (metric := find_metric(item, "restart", "restart_long"))
        and metric["median"] is not None
        and is_far_above(long, metric)
    ]
    took = format_quantity(long["median"], "ms")
    if better:
        median, other = min(better, key=lambda pair: pair[0])
        yield (
            f"It takes {took} to restart a daemon; {contender_label(other)} takes "
            f"{format_quantity(median, 'ms')} ({other['setting']})."
        )
    elif long["median"] >= SLOW_MS:
        yield f"It takes {took} to restart a daemon."
    short = find_metric(contender, "restart", "restart_short")
    if short and delays_young_daemons(contender):
        young = format_quantity(short["median"], "ms")
        yield f"A daemon that ends 0.3 s after its start waits: {young} in place of {took}."
