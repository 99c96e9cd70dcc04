"""How well the instrument measures: its calibration, and the kernel's trace of the same run."""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import Distribution, Run, check_outcome
from reports.model.blocks import Cell, Column, Table
from reports.model.metrics import format_number


def calibration_summary(run: Run) -> str:
    """Return in one line when the instrument was calibrated, and how many checks it met."""
    calibration = run.get("calibration")
    if not calibration:
        if len(run.get("hosts", ())) > 1:
            return "Calibrations are of one host each: see the runs that this one is made of"
        return "The instrument was not calibrated: ./inv calibrate"
    checks = calibration["checks"]
    met = sum(check["met"] for check in checks)
    time = calibration["made"][:16].replace("T", " ") + (", quick" if calibration["quick"] else "")
    untraced = calibration["untraced"]
    reason = f", without the kernel as a witness: {untraced}" if untraced else ""
    return (
        f"The instrument was calibrated on this host ({time}): "
        f"{met} of {len(checks)} checks met{reason}"
    )


def calibration_lines(run: Run) -> Iterator[str]:
    """Yield a line for each check of the calibration."""
    calibration = run.get("calibration")
    for check in calibration["checks"] if calibration else ():
        yield f"{check['what']}: {check['figure']} (bound {check['bound']}), {check_outcome(check)}"


def calibration_table(run: Run) -> Table | None:
    """Return the checks of the calibration as a table; None without a calibration."""
    calibration = run.get("calibration")
    if not calibration:
        return None
    return Table(
        caption="The instrument, measured on this host",
        columns=(Column("What"), Column("Figure"), Column("Bound"), Column("Outcome")),
        rows=tuple(
            (
                Cell(check["what"]),
                Cell(check["figure"]),
                Cell(check["bound"]),
                Cell(check_outcome(check)),
            )
            for check in calibration["checks"]
        ),
    )


def trace_agreement(run: Run) -> str:
    """Return how far samples and kernel trace agree; empty for a run without a trace."""
    trace = run.get("trace")
    if not trace:
        return ""
    text = (
        f"The kernel's tracepoints saw this run, too: of {trace['restarts']} restarts "
        f"{trace['missing']} are missing among the samples and {trace['invented']} invented; "
        f"{trace['lost_events']} of its events were dropped."
    )
    kill = trace["kill_us"]
    if kill:
        text += (
            f" From the stamp before a kill to the kernel's own of the signal it is "
            f"{format_number(kill['median'])} us ({_upper_figure(kill)} us)."
        )
    return text


def _upper_figure(distribution: Distribution) -> str:
    """Return the 99th percentile; of fewer than 100 values the largest."""
    if distribution["p99"] is None:
        return f"at most {format_number(distribution['max'])}"
    return f"p99 {format_number(distribution['p99'])}"
