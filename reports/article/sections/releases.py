"""Each supervisor over the releases that a run measured side by side."""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import Run
from reports.compare.history import History, histories
from reports.compare.history_table import releases_table
from reports.compare.runs import RunWithSamples
from reports.model.blocks import Paragraph, Points, Section
from reports.model.samples import Samples

_INTRODUCTION = (
    "The guests of all releases ran side by side, so that a difference is the release's and not "
    "the hour's. Below the table stands what differs from the release before by more than chance: "
    "restarts by the 95 % interval of the change, corrected for all tests of this page; verdicts "
    "by their answer, unless a guest of each release gave the same one. CPU time and memory are "
    "single figures, which no test can judge."
)


def releases_section(run: Run, samples: Samples) -> Section | None:
    """Return the section; None for a run of one system. The run is sanitized."""
    found = histories(RunWithSamples(run, samples))
    if not found:
        return None
    sentences = [(f"{item.label}:", text) for item in found for text in _sentences(item)]
    points = Points(tuple(sentences) or (("", "Nothing differs by more than chance."),))
    return Section(
        "releases",
        "Over the releases",
        (Paragraph(_INTRODUCTION), releases_table(found), points),
    )


def _sentences(item: History) -> Iterator[str]:
    for step in item.steps:
        yield from step.sentences()
