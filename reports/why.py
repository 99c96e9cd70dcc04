"""The evidence for a cell of the matrix: the sentences, and the samples that show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.lines import lines as raw_lines
from provision.errors import Problem
from provision.systems import unknown
from reports.view import label

_LONGEST = 400
_BARS = " ▁▂▃▄▅▆▇█"
# The same for every sample of a cell, and said above it.
_KNOWN = ("contender", "scenario", "replica")


def why(run: dict[str, Any], folder: Path, cell: str) -> str:
    """The evidence for a cell such as runit/crashloop or s6/runner/tuned/pid1/deaths, as text.

    Raises Problem where the run has no such contender or scenario.
    """
    chosen, scenario = _chosen(run, cell)
    lines = [line for each in chosen for line in _cell(folder, each, scenario)]
    return "\n".join(lines) + "\n"


def _chosen(run: dict[str, Any], cell: str) -> tuple[list[dict[str, Any]], str]:
    asked, _, scenario = cell.rpartition("/")
    if not asked:
        raise Problem(
            f"--why={cell} names no cell.",
            advice="Name a supervisor and a scenario, e.g. --why runit/crashloop.",
            usage=True,
        )
    contenders = run["contenders"]
    chosen = [each for each in contenders if f"{each['name']}/".startswith(f"{asked}/")]
    if not chosen:
        raise unknown("contender", asked, [each["name"] for each in contenders])
    if not any(scenario in each["scenarios"] for each in chosen):
        known = dict.fromkeys(name for each in chosen for name in each["scenarios"])
        raise unknown("scenario of that run", scenario, list(known))
    return chosen, scenario


def _cell(folder: Path, contender: dict[str, Any], scenario: str) -> Iterator[str]:
    found = contender["scenarios"].get(scenario)
    yield f"{label(contender)} ({contender['name']}), {scenario}: {contender['setting']}"
    if found is None or found["status"] != "measured":
        yield f"  {found['status']}: {found['note']}" if found else "  not asked for"
        return
    samples = list(_samples(folder, contender["name"], scenario))
    for verdict in found["verdicts"]:
        yield f"  {verdict['behaviour']}: {verdict['answer']}. {verdict['sentence']}"
        for number in verdict["evidence"]:
            yield f"    [{number}] {_text(samples[number])}"


def _samples(folder: Path, contender: str, scenario: str) -> Iterator[dict[str, Any]]:
    found = False
    for _, _, raw in raw_lines(folder):
        found = True
        sample = json.loads(raw)
        if (sample["contender"], sample["scenario"]) == (contender, scenario):
            yield sample
    if not found:
        raise Problem(f"{folder} has no samples, so nothing can be shown.", usage=True)


def _text(sample: dict[str, Any]) -> str:
    shown = {key: value for key, value in sample.items() if key not in _KNOWN}
    text = json.dumps(shown, sort_keys=True)
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
    if "per_second" in sample:
        text += f"\n        starts in each second: {_plot(sample['per_second'])}"
    return text


def _plot(counts: list[int]) -> str:
    """Counts as a line of bars, the highest as high as a line is."""
    top = max(counts, default=0) or 1
    steps = len(_BARS) - 1
    return "|" + "".join(_BARS[-(-count * steps // top)] for count in counts) + f"| 0 to {top}"
