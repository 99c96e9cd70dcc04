"""The evidence for a cell of the matrix: the sentences, and the samples that show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provision.errors import Problem
from provision.systems import unknown_name_error
from reports.model.samples import of_scenario
from reports.model.view import label

_LONGEST = 400
_BARS = " ▁▂▃▄▅▆▇█"
# The same for every sample of a cell, and said above it.
_KNOWN = ("contender", "scenario", "replica")


def why(run: dict[str, Any], folder: Path, cell: str) -> str:
    """The evidence for a cell such as runit/crashloop or s6/runner/tuned/pid1/deaths, as text.

    Raises Problem where the run has no such contender or scenario, and for samples that are broken
    or fewer than the evidence names.
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
        raise unknown_name_error("contender", asked, [each["name"] for each in contenders])
    if not any(scenario in each["scenarios"] for each in chosen):
        known = dict.fromkeys(name for each in chosen for name in each["scenarios"])
        raise unknown_name_error("scenario of that run", scenario, list(known))
    return chosen, scenario


def _cell(folder: Path, contender: dict[str, Any], scenario: str) -> Iterator[str]:
    found = contender["scenarios"].get(scenario)
    yield f"{label(contender)} ({contender['name']}), {scenario}: {contender['setting']}"
    if found is None or found["status"] != "measured":
        yield f"  {found['status']}: {found['note']}" if found else "  not asked for"
        return
    samples = of_scenario(folder, contender["name"], scenario)
    verdicts = found.get("verdicts", [])
    named = max((number for each in verdicts for number in each["evidence"]), default=-1)
    if named >= len(samples):
        raise Problem(
            f"{folder} has lost samples of {contender['name']}, {scenario}: its evidence names "
            f"number {named}, counted from 0, and there are {len(samples)}.",
            known="A killed suite or a full disk may have cut samples.jsonl short.",
            advice=f"./inv bench --only={contender['name'].partition('@')[0]} "
            f"--scenario={scenario} measures it again",
            usage=True,
        )
    for verdict in verdicts:
        yield f"  {verdict['behaviour']}: {verdict['answer']}. {verdict['sentence']}"
        for number in verdict["evidence"]:
            yield f"    [{number}] {_text(samples[number])}"


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
