"""The evidence for a cell of the behaviour matrix: its sentences and their samples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.model.run_file import ContenderResult, Run, VerdictResult
from bench.model.selection.scenario_names import current_name
from provision.errors import Problem
from provision.systems import unknown_name_error
from reports.model.contenders import contender_label
from reports.model.run_summary import damage_lines
from reports.model.samples import read_scenario_samples
from reports.model.text import sanitize

_MAX_SAMPLE_LENGTH = 400
_BARS = " ▁▂▃▄▅▆▇█"
# These are the same for every sample of a cell, and stand above it.
_HIDDEN_KEYS = ("contender", "scenario", "replica")


def format_evidence(run: Run, folder: Path, cell: str) -> str:
    """Return the evidence for a cell such as runit/crashloop or s6/runner/fast/pid1/deaths.

    Raises Problem for an unknown contender or scenario, for broken samples, and where the evidence
    names samples that the folder does not have.
    """
    contenders, scenario = _select_cells(run, cell)
    lines = [sanitize(line) for line in damage_lines(run)]
    lines += [sanitize(line) for item in contenders for line in _cell_lines(folder, item, scenario)]
    return "\n".join(lines) + "\n"


def _select_cells(run: Run, cell: str) -> tuple[list[ContenderResult], str]:
    """Return the contenders and the scenario that a cell names. Raises Problem."""
    prefix, _, name = cell.rpartition("/")
    scenario = current_name(name)
    if not prefix:
        raise Problem(
            f"--why={cell} names no cell.",
            advice="Name a supervisor and a scenario, e.g. --why runit/crashloop.",
            usage=True,
        )
    contenders = run["contenders"]
    selected = [item for item in contenders if f"{item['name']}/".startswith(f"{prefix}/")]
    if not selected:
        raise unknown_name_error("contender", prefix, [item["name"] for item in contenders])
    scenarios = dict.fromkeys(name for item in selected for name in item["scenarios"])
    if scenario not in scenarios:
        raise unknown_name_error("scenario of that run", scenario, list(scenarios))
    return selected, scenario


def _cell_lines(folder: Path, contender: ContenderResult, scenario: str) -> Iterator[str]:
    result = contender["scenarios"].get(scenario)
    label = contender_label(contender)
    yield f"{label} ({contender['name']}), {scenario}: {contender['setting']}"
    if result is None or result["status"] != "measured":
        yield f"  {result['status']}: {result['note']}" if result else "  not asked for"
        return
    samples = read_scenario_samples(folder, contender["name"], scenario)
    verdicts = result.get("verdicts", [])
    _check_samples(folder, contender, scenario, verdicts, len(samples))
    for verdict in verdicts:
        yield f"  {verdict['behaviour']}: {verdict['answer']}. {verdict['sentence']}"
        for number in verdict["evidence"]:
            yield f"    [{number}] {_format_sample(samples[number])}"


def _check_samples(
    folder: Path,
    contender: ContenderResult,
    scenario: str,
    verdicts: Sequence[VerdictResult],
    count: int,
) -> None:
    """Raise Problem where the evidence names a sample beyond those that the folder has."""
    highest = max((number for verdict in verdicts for number in verdict["evidence"]), default=-1)
    if highest < count:
        return
    name = contender["name"]
    raise Problem(
        f"{folder} has lost samples of {name}, {scenario}: its evidence names "
        f"number {highest}, counted from 0, and there are {count}.",
        known="A killed suite or a full disk may have cut samples.jsonl short.",
        advice=f"./inv bench --only={name.partition('@')[0]} "
        f"--scenario={scenario} measures it again",
        usage=True,
    )


def _format_sample(sample: dict[str, Any]) -> str:
    shown = {key: value for key, value in sample.items() if key not in _HIDDEN_KEYS}
    text = json.dumps(shown, sort_keys=True)
    if len(text) > _MAX_SAMPLE_LENGTH:
        text = text[:_MAX_SAMPLE_LENGTH] + " ..."
    if "per_second" in sample:
        text += f"\n        starts in each second: {_bar_plot(sample['per_second'])}"
    return text


def _bar_plot(counts: Sequence[int]) -> str:
    """Return counts as a line of bars, the highest of full height."""
    highest = max(counts, default=0) or 1
    steps = len(_BARS) - 1
    bars = "".join(_BARS[-(-count * steps // highest)] for count in counts)
    return f"|{bars}| 0 to {highest}"
