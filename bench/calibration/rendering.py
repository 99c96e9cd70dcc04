"""A calibration as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.calibration.run import CalibrationOutcome
from bench.engine import calibration_store
from bench.model.run_file import Histogram, check_outcome


def show_calibration(outcome: CalibrationOutcome, console: Console) -> int:
    """Print the result; returns 1 where a check fails that must hold, else 0."""
    calibration = outcome.calibration
    if calibration["untraced"]:
        reason = f"The kernel was not traced: {calibration['untraced']}."
        console.print(reason, highlight=False, markup=False)
    table = Table(title="The instrument on this host", title_justify="left")
    for heading in ("what", "figure", "bound", ""):
        table.add_column(heading)
    for check in calibration["checks"]:
        table.add_row(check["what"], check["figure"], check["bound"], check_outcome(check))
    console.print(table)
    console.print(_noise_table(calibration["noise"]))
    kept = "Kept for later runs" if outcome.kept else "Not kept, because a full one is there"
    console.print(f"{kept}: {calibration_store.path()}", highlight=False, markup=False)
    return 0 if all(check["met"] or check["goal"] for check in calibration["checks"]) else 1


def _noise_table(noise: Mapping[str, Histogram]) -> Table:
    table = Table(title="How late a sleeper wakes up here", title_justify="left")
    table.add_column("up to, us", justify="right")
    for name in noise:
        table.add_column(f"{name}, %", justify="right")
    bounds = [*(f"{bound:,}" for bound in noise["alone"]["bounds_us"]), "more"]
    columns = [_percentages(histogram["counts"]) for histogram in noise.values()]
    for row in zip(bounds, *columns, strict=True):
        table.add_row(*row)
    return table


def _percentages(counts: Sequence[int]) -> list[str]:
    return [f"{count / sum(counts):.2%}"[:-1] if count else "" for count in counts]
