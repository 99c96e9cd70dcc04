"""What the figures and answers of each contender rest on, an item each that links lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import ContenderResult, MetricResult
from bench.model.selection.scenario_names import current_name
from reports.model.blocks import Points, Section
from reports.model.contenders import contender_label
from reports.model.metrics import find_metric, format_count
from reports.model.quantities import describe_metric, format_quantity, format_span
from reports.model.tables.behaviour_matrix import describe_tally
from reports.model.tables.decision import FIGURES, QUESTIONS, evidence_anchor

# Anchor, lead and text of an item.
_Item = tuple[str, str, str]
_ASKED = frozenset((question.scenario, question.behaviour) for question in QUESTIONS)


def evidence_section(
    supervisor: str, contenders: Sequence[ContenderResult], others: Sequence[ContenderResult]
) -> Section | None:
    """Return the section of a supervisor; None where nothing was seen.

    others: contenders on further releases, of which it has what the table of choices shows.
    """
    items = [item for contender in contenders for item in _items(contender, everything=True)]
    items += [item for contender in others for item in _items(contender, everything=False)]
    if not items:
        return None
    names, leads, texts = zip(*items, strict=True)
    points = Points(tuple(zip(leads, texts, strict=True)), names)
    return Section(f"evidence-{supervisor}", "What was seen", (points,), folded=True)


def _items(contender: ContenderResult, *, everything: bool) -> Iterator[_Item]:
    label = contender_label(contender)
    for figure in FIGURES:
        if figure.scenario in contender["scenarios"]:
            anchor = evidence_anchor(contender["name"], figure.scenario, figure.metric)
            metric = find_metric(contender, figure.scenario, figure.metric)
            lead = f"{label}, {figure.heading.lower()}:"
            yield anchor, lead, _describe(contender, figure.scenario, figure.metric, metric)
    for scenario, result in contender["scenarios"].items():
        for verdict in result.get("verdicts", []):
            key = (current_name(scenario), verdict["behaviour"])
            if not everything and key not in _ASKED:
                continue
            answer = describe_tally(verdict) or verdict["answer"]
            yield (
                evidence_anchor(contender["name"], *key),
                f"{label}, {key[0]}, {key[1]}: {answer}.",
                verdict["sentence"],
            )


def _describe(
    contender: ContenderResult, scenario: str, name: str, metric: MetricResult | None
) -> str:
    if metric is None or metric["median"] is None:
        return f"{describe_metric(contender, scenario, name)}."
    unit, text = metric["unit"], format_quantity(metric["median"], metric["unit"])
    if metric["n"] == 1:
        return f"{text}, one measurement."
    text = f"median {text} of {format_count(metric)}"
    if interval := format_span(metric["ci_low"], metric["ci_high"], unit):
        text += f", 95 % interval {interval}"
    if metric["min"] is not None and metric["max"] is not None:
        text += f", from {format_quantity(metric['min'], unit)}"
        text += f" to {format_quantity(metric['max'], unit)}"
    return f"{text}."
