"""The restart latencies of each contender, for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.model.run_file import FLOOR, ContenderResult, MetricResult, Run
from reports.model.contenders import contender_label, sort_contenders
from reports.model.metrics import find_metric
from reports.model.samples import Samples


@dataclass(frozen=True)
class Distribution:
    """The restart latencies of one contender at one uptime, in ms.

    values: sorted.
    censored: trials without a restart.
    low, high: the ends of the median's 95 % interval.
    ratio: the median over the floor's.
    short: of a daemon 0.3 s up, not of one long up.
    host: of a merged run, else empty.
    anchor: the section of its supervisor.
    """

    label: str
    values: tuple[float, ...]
    censored: int
    median: float | None
    low: float | None
    high: float | None
    ratio: float | None
    floor: bool
    periodic: bool
    short: bool = False
    host: str = ""
    anchor: str = ""


def collect_distributions(run: Run, samples: Samples) -> list[Distribution]:
    """Return the latencies of every contender, at long and at short uptime."""
    return [
        _distribution(contender, metric, uptime, values, censored)
        for contender in sort_contenders(run)
        for uptime in ("long", "short")
        for values, censored in [samples.latencies(contender["name"], uptime)]
        if values and (metric := find_metric(contender, "restart", f"restart_{uptime}"))
    ]


def _distribution(
    contender: ContenderResult,
    metric: MetricResult,
    uptime: str,
    values: Sequence[float],
    censored: int,
) -> Distribution:
    return Distribution(
        label=contender_label(contender),
        values=tuple(values),
        censored=censored,
        median=metric["median"],
        low=metric["ci_low"],
        high=metric["ci_high"],
        ratio=metric["floor_ratio"],
        floor=contender["supervisor"] == FLOOR,
        periodic=contender["period"] is not None,
        short=uptime == "short",
        host=contender.get("host") or "",
        anchor=f"supervisor-{contender['supervisor']}",
    )


def floors_of_one_host(distributions: Sequence[Distribution]) -> list[Distribution]:
    """Return the floor's distributions at long uptime; none where there are several hosts."""
    if len({item.host for item in distributions}) != 1:
        return []
    return [item for item in distributions if item.floor and not item.short]
