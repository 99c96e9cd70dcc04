"""Defaults that surprise: what packages set up, and who uses them may not expect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import FLOOR, ContenderResult, Run
from reports.article.counterparts import is_far_above
from reports.article.recommendations import SLOW_MS
from reports.model.blocks import Paragraph, Points, Section
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import find_metric
from reports.model.quantities import format_quantity
from reports.model.tables.decision import QUESTIONS, find_verdict

_INTRODUCTION = (
    "Each line follows from this run by a rule: a restart that takes a second or longer, or twice "
    "as long as with another documented setting; a longer wait for a daemon that ends soon after "
    "its start; a daemon that is given up, or stays down after it was mended."
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
    gives_up, recovers = (
        find_verdict(contender, behaviour) for behaviour in (_GIVES_UP, _RECOVERS)
    )
    if gives_up and gives_up["answer"] in ("no", "partly"):
        yield f"A daemon that ends at once: {gives_up['sentence']}"
    if recovers and recovers["answer"] in ("no", "partly"):
        yield f"Once it is mended: {recovers['sentence']}"


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
    if short and short["median"] and not contender["period"] and is_far_above(short, long):
        young = format_quantity(short["median"], "ms")
        yield f"A daemon that ends 0.3 s after its start waits: {young} in place of {took}."
