"""Two revisions of the suite in turns: the ratio of each quantity, with an interval."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bench.engine.lock import exclusive_run_lock, lock_file
from bench.own_cost.checkouts import ROOT, checkout_of, short_name
from bench.own_cost.quantities import (
    FIRST,
    LAST,
    LIST,
    MEMORY,
    REPORT,
    WALL,
    RevisionMeasurements,
    measure_revision,
    own_lock,
    time_command,
)
from bench.own_cost.request import OwnCostRequest
from provision.errors import Problem

# Installs every layer in the cache, so that no turn pays for that.
WARM_UP = "bench --quick --scenario=footprint"


@dataclass(frozen=True)
class Ratio:
    """This revision's value over the other's, by turns: median, smallest and largest."""

    median: float
    low: float
    high: float
    turns: int

    @property
    def confidence(self) -> float:
        """How sure it is that the smallest and the largest enclose the median of all turns."""
        return float(1 - 2.0 ** (1 - self.turns))


def compare_revisions(request: OwnCostRequest, notify: Callable[[str], None]) -> list[Table | str]:
    """Measure this checkout and that revision in turns; return what to print. Raises Problem."""
    # For all turns: another bench would take it between two commands, and the next one would fail.
    with exclusive_run_lock(), _own_lock_removed(), checkout_of(request.against) as other:
        folders = {"this": ROOT, "other": other}
        for folder in folders.values():
            warm_up(folder)
        taken: dict[str, list[RevisionMeasurements]] = {name: [] for name in folders}
        for number in range(request.turns):
            # Each goes first as often as the other: a host warms up and drifts.
            order = list(folders) if number % 2 else list(reversed(folders))
            for name in order:
                notify(f"turn {number + 1} of {request.turns}: {short_name(folders[name])}")
                taken[name].append(measure_revision(folders[name], request.command, request.guests))
        names = (short_name(ROOT), short_name(other))
    return [
        _table(taken["this"], taken["other"], names, request),
        *agreement(taken["this"][-1], taken["other"][-1]),
    ]


@contextmanager
def _own_lock_removed() -> Iterator[None]:
    """Remove the lock of the measured commands after the block."""
    try:
        yield
    finally:
        lock_file(own_lock()).unlink(missing_ok=True)


def warm_up(folder: Path) -> None:
    """Let that checkout fill the cache. Raises Problem where it cannot boot guests."""
    measured = RevisionMeasurements()
    time_command(measured, WALL, folder, WARM_UP)
    if measured.missing:
        raise Problem(
            f"{short_name(folder)} cannot be measured.",
            known=measured.missing[WALL],
            advice="End the other run, or remove the cause above, then run the same command again.",
        )


def ratio_of(
    name: str, this: Sequence[RevisionMeasurements], other: Sequence[RevisionMeasurements]
) -> Ratio | None:
    """Return the ratio of a quantity over the turns in which both have it; None without any."""
    pairs = [
        (one.values.get(name), two.values.get(name)) for one, two in zip(this, other, strict=True)
    ]
    ratios = [one / two for one, two in pairs if one is not None and two]
    if not ratios:
        return None
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


def _table(
    this: Sequence[RevisionMeasurements],
    other: Sequence[RevisionMeasurements],
    names: tuple[str, str],
    request: OwnCostRequest,
) -> Table:
    table = Table(
        title=f"./inv {request.command}", title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    for heading in ("quantity", *names, "ratio", "smallest to largest", "confidence"):
        table.add_column(heading, justify="left" if heading == "quantity" else "right")
    rows = (
        WALL,
        MEMORY,
        LIST,
        REPORT,
        *((FIRST, LAST.format(request.guests)) if request.guests else ()),
    )
    for name in rows:
        ratio = ratio_of(name, this, other)
        if ratio is None:
            why = next((t.missing[name] for t in (*this, *other) if name in t.missing), "")
            table.add_row(name, "not measured", why)
            continue
        table.add_row(
            name,
            _median(name, this),
            _median(name, other),
            f"{ratio.median:.3f}",
            f"{ratio.low:.3f} to {ratio.high:.3f}",
            f"{ratio.confidence:.0%}",
        )
    return table


def _median(name: str, turns: Sequence[RevisionMeasurements]) -> str:
    return f"{statistics.median([t.values[name] for t in turns if name in t.values]):.3g}"


def agreement(this: RevisionMeasurements, other: RevisionMeasurements) -> list[str]:
    """Say whether the medians of the last turns agree, and how wide their intervals are."""
    shared = [name for name in this.medians if name in other.medians]
    if not shared:
        return []
    apart = [name for name in shared if not _overlap(this.medians[name], other.medians[name])]
    widths = [
        (this.medians[name][2] - this.medians[name][1])
        / (other.medians[name][2] - other.medians[name][1])
        for name in shared
        if other.medians[name][2] > other.medians[name][1]
    ]
    lines = [f"{len(shared) - len(apart)} of {len(shared)} medians of ranked restarts agree."]
    lines += [
        f"apart: {name}, {_interval(this, name)} and {_interval(other, name)}" for name in apart
    ]
    if widths:
        lines.append(f"Their intervals are {statistics.median(widths):.2f} times as wide (median).")
    return lines


def _interval(measured: RevisionMeasurements, name: str) -> str:
    median, low, high = measured.medians[name]
    return f"{median:,.2f} ms ({low:,.2f} to {high:,.2f})"


def _overlap(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    return one[1] <= other[2] and other[1] <= one[2]
