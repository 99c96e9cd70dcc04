"""A run as tidy CSV: one metric a row."""

from __future__ import annotations

import csv
from typing import IO, Any

from reports.model.view import SAME_PHASE, same_phase

COLUMNS = (
    *("system", "provider", "supervisor", "version", "role", "profile", "pid1", "scenario"),
    *("metric", "unit", "n", "median", "ci_low", "ci_high", "p90", "p99", "min", "max"),
    *("censored", "floor_ratio", "status", "note"),
)


def write(run: dict[str, Any], stream: IO[str]) -> None:
    """Write the run's metrics; a scenario without any has one row that says why."""
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    place = {"system": run["system"]["name"], "provider": run["provider"]["name"]}
    for contender in run["contenders"]:
        for scenario, found in contender["scenarios"].items():
            row = {**contender, **place, "scenario": scenario, "note": ""}
            if not found["metrics"]:
                note = " ".join(found["note"].split())
                writer.writerow({**row, "status": found["status"], "note": note})
                continue
            for metric in found["metrics"]:
                phase = SAME_PHASE if same_phase(contender, metric["metric"]) else ""
                writer.writerow({**row, **metric, "note": metric["note"] or phase})
    for absent in run["absent"]:
        writer.writerow({**place, "supervisor": absent["supervisor"], "status": "not available",
                         "note": absent["reason"]})  # fmt: skip
