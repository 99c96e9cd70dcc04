"""The figures of a calibration against their bounds."""

from __future__ import annotations

from collections.abc import Iterator

from bench.calibration.bare_loop import GOAL
from bench.model.run_file import (
    Calibration,
    CalibrationCheck,
    ClockFacts,
    Distribution,
    FloorComparison,
    TraceAgreement,
)


def calibration_checks(calibration: Calibration) -> list[CalibrationCheck]:
    """Return the checks of a calibration, whose `checks` need not be there yet."""
    return list(_checks(calibration))


def _checks(calibration: Calibration) -> Iterator[CalibrationCheck]:
    agreement = calibration["witness"]
    if agreement:
        yield from _agreement_checks(agreement)
        yield _marker_check(calibration["marker_us"])
    yield _floor_check(calibration["floor"])
    yield from _clock_checks(calibration["clock"], calibration["host"]["cores"])


def _agreement_checks(agreement: TraceAgreement) -> Iterator[CalibrationCheck]:
    """Check the traced run; a kernel that saw nothing fails the checks."""
    restarts = agreement["restarts"]
    kills = restarts - agreement["unmatched_kills"]
    yield _check("kills that the kernel saw, too", f"{kills} of {restarts}", "all",
                 0 < kills == restarts)  # fmt: skip
    kill = agreement["kill_us"]
    if kill:
        yield _microseconds("kill stamp to signal_generate, median", kill["median"], 50)
        if kill["p99"] is not None:
            yield _microseconds("kill stamp to signal_generate, p99", kill["p99"], 500)
        else:
            yield _microseconds("kill stamp to signal_generate, largest", kill["max"], 500)
    yield _spawn_check(agreement)
    zero_counts = {
        f"restarts missing, of {restarts}": agreement["missing"],
        f"restarts invented, of {restarts}": agreement["invented"],
        "events that the kernel dropped": agreement["lost_events"],
        "daemons whose guest is not known": agreement["unattributed"],
    }
    for what, count in zero_counts.items():
        yield _check(what, str(count), "0", count == 0)


def _spawn_check(agreement: TraceAgreement) -> CalibrationCheck:
    """Check that equal daemons take equally long to start under all contenders."""
    start = "exec" if agreement["unstamped"] else "first stamp"
    what = f"medians of spawn ({start} to main()) apart"
    spread, apart = agreement["spawn_spread"], agreement["spawn_apart_us"]
    if spread is None:
        return _check(what, "none was seen", "10 %", False)
    return _check(what, f"{spread:.1%}, {apart:.1f} us", "10 %", spread <= 0.1, goal=True)


def _marker_check(marker: Distribution | None) -> CalibrationCheck:
    what = "daemon's stamp to the kernel's beside it, median"
    if marker is None:
        return _check(what, "none was seen", "50 us", False)
    return _microseconds(what, marker["median"], 50)


def _floor_check(floor: FloorComparison) -> CalibrationCheck:
    return _check(
        "floor through the suite against a bare loop, upper end",
        f"{floor['ratio']:.3f} ({floor['ci_low']:.3f} to {floor['ci_high']:.3f})",
        f"{GOAL:g}",
        floor["ci_high"] <= GOAL,
        goal=True,
    )


def _clock_checks(clock: ClockFacts, cores: int) -> Iterator[CalibrationCheck]:
    backwards, moves = clock["backwards"], clock["moves"]
    if cores > 1 or moves:
        yield _check("clock going back between processors", f"{backwards} of {moves}", "0",
                     0 == backwards < moves)  # fmt: skip
    step = clock["largest_step_ns"] / 1e3
    yield _check("clock stepping between tenths of a second", f"{step:.1f} us", "50 us", step <= 50)
    # The kernel slews its clock by no more than that.
    drift = abs(clock["drift_ppm"])
    yield _check("clock against the raw one", f"{drift:g} ppm", "500 ppm", drift <= 500)
    same = clock["same_time_namespace"]
    yield _check("guests have the host's clock", "yes" if same else "no", "yes", same)


def _microseconds(what: str, value: float, bound: float) -> CalibrationCheck:
    return _check(what, f"{value:.1f} us", f"{bound:g} us", abs(value) <= bound, goal=True)


def _check(
    what: str, figure: str, bound: str, met: bool, *, goal: bool = False
) -> CalibrationCheck:
    return {"what": what, "figure": figure, "bound": bound, "met": met, "goal": goal}
