"""The floor of a run: the scale of all latencies, and a measure of host noise.

From which noise on nothing is ranked is decided in run_warnings.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import FLOOR, FloorFigure, FloorNoise, MetricResult, Run


def compare_with_floor(run: Run) -> None:
    """Set every metric's ratio to the floor's: PID 1 to PID 1, hosted to hosted."""
    floors = {
        (contender["pid1"], scenario, metric["metric"]): metric["median"]
        for contender in run["contenders"]
        if contender["supervisor"] == FLOOR
        for scenario, result in contender["scenarios"].items()
        for metric in result["metrics"]
    }
    for contender in run["contenders"]:
        for scenario, result in contender["scenarios"].items():
            for metric in result["metrics"]:
                floor = floors.get((contender["pid1"], scenario, metric["metric"]))
                if floor and metric["median"] is not None:
                    metric["floor_ratio"] = metric["median"] / floor


def floor_noise(run: Run) -> list[FloorNoise]:
    """Return how noisy a run was; of a merged run, how noisy each of its parts was."""
    if "noise" in run:
        return list(run["noise"])
    noise: FloorNoise = {"spread": floor_spread(run), "company": None}
    if figures := _figures_among_others_and_alone(run):
        among_others, alone = figures
        noise["company"] = among_others["median"] / alone["median"]
        noise["figures"] = figures
    return [noise]


def floor_spread(run: Run) -> float | None:
    """Return the floor's p90 over its median: the larger of PID 1 and hosted.

    None where the floor was not measured.
    """
    return max(
        (
            metric["p90"] / metric["median"]
            for _, metric in _floor_metrics(run, "restart_long")
            if metric["p90"] and metric["median"]
        ),
        default=None,
    )


def is_slowed(noise: FloorNoise) -> bool:
    """Tell whether other guests certainly slowed the floor: its two intervals lie apart.

    Ten trials among other guests may have a median of twice the other by chance.
    """
    if not noise.get("figures"):  # of a run before they were recorded
        return noise["company"] is not None
    among_others, alone = noise["figures"]
    low, high = among_others["ci_low"], alone["ci_high"]
    return low is not None and high is not None and low > high


def _figures_among_others_and_alone(run: Run) -> list[FloorFigure]:
    """Return the floor's figure among other guests, and the one alone; nothing if one is unknown.

    Both are of the same floor (PID 1 or hosted) and of the same uptime before the kill: alone it is
    killed 0.3 s after its start.
    """
    alone = run.get("alone")
    if not alone:
        return []
    together = [
        metric for pid1, metric in _floor_metrics(run, "restart_short") if pid1 == alone.get("pid1")
    ]
    figures = [_figure(metric) for metric in (*together[:1], alone)]
    known = [figure for figure in figures if figure]
    return known if len(known) == 2 else []


def _figure(metric: MetricResult) -> FloorFigure | None:
    if not metric["median"]:
        return None
    low, high = metric.get("ci_low"), metric.get("ci_high")
    return {"median": metric["median"], "ci_low": low, "ci_high": high}


def _floor_metrics(run: Run, name: str) -> Iterator[tuple[bool, MetricResult]]:
    """Yield that metric of each measured floor, and whether that floor was PID 1."""
    for contender in run["contenders"]:
        if contender["supervisor"] != FLOOR or "restart" not in contender["scenarios"]:
            continue
        for metric in contender["scenarios"]["restart"]["metrics"]:
            if metric["metric"] == name and metric["median"]:
                yield contender["pid1"], metric
