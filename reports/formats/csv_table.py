"""A run as tidy CSV: one metric a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import IO

from bench.model.run_file import ContenderResult, Run, ScenarioResult
from bench.model.run_file.measured_daemon import describe_daemon, is_of_own_daemon
from reports.model.metrics import SAME_PHASE, is_same_phase
from reports.model.run_summary import damage_lines

COLUMNS = (
    *(
        "system",
        "provider",
        "supervisor",
        "version",
        "build",
        "config",
        "daemon",
        "role",
        "profile",
        "pid1",
    ),
    *("scenario", "metric", "unit", "n", "median", "ci_low", "ci_high", "p90", "p99"),
    *("min", "max", "censored", "floor_ratio", "status", "note"),
)
_Row = Mapping[str, object]


def write_csv(run: Run, stream: IO[str]) -> None:
    """Write a row for each metric; a scenario without any has one row that says why.

    In a damaged run, every row has the status `damaged` and says why.
    """
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    damage = damage_lines(run)
    damaged = {"status": "damaged", "note": " ".join(damage)} if damage else {}
    place = {
        "system": run["system"]["name"],
        "provider": run["provider"]["name"],
        "daemon": describe_daemon(run) if is_of_own_daemon(run) else "",
    }
    for contender in run["contenders"]:
        for scenario, result in contender["scenarios"].items():
            digests = {
                "build": contender.get("source", {}).get("sha256", ""),
                "config": contender.get("own_files", {}).get("sha256", ""),
            }
            row = {**contender, **place, **digests, "scenario": scenario, "note": ""}
            writer.writerows({**row, **own, **damaged} for own in _result_rows(contender, result))
    for absent in run["absent"]:
        writer.writerow({**place, "supervisor": absent["supervisor"], "status": "not available",
                         "note": absent["reason"]})  # fmt: skip


def _result_rows(contender: ContenderResult, result: ScenarioResult) -> Iterator[_Row]:
    """Yield the cells that one scenario adds to those of its contender, a row each."""
    if not result["metrics"]:
        yield {"status": result["status"], "note": " ".join(result["note"].split())}
    for metric in result["metrics"]:
        phase = SAME_PHASE if is_same_phase(contender, metric["metric"]) else ""
        yield {**metric, "note": metric["note"] or phase}
