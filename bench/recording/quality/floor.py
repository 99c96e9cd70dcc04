"""The floor of a run: the scale of all latencies, and a measure of host noise.

From which noise on nothing is ranked is decided in run_warnings.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import FLOOR, FloorNoise, MetricResult, Run


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
    return [{"spread": floor_spread(run), "company": floor_slowdown(run)}]


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


def floor_slowdown(run: Run) -> float | None:
    """Return the floor's restart latency among other guests over its latency alone.

    Both are of the same floor (PID 1 or hosted) and of the same uptime before the kill. None where
    either is unknown.
    """
    alone = run.get("alone")
    if not alone or not alone["median"]:
        return None
    together = [
        metric["median"]
        for pid1, metric in _floor_metrics(run, "restart_short")
        if pid1 == alone.get("pid1")
    ]
    if not together or not together[0]:
        return None
    return float(together[0] / alone["median"])


def _floor_metrics(run: Run, name: str) -> Iterator[tuple[bool, MetricResult]]:
    """Yield that metric of each measured floor, and whether that floor was PID 1."""
    for contender in run["contenders"]:
        if contender["supervisor"] != FLOOR or "restart" not in contender["scenarios"]:
            continue
        for metric in contender["scenarios"]["restart"]["metrics"]:
            if metric["metric"] == name and metric["median"]:
                yield contender["pid1"], metric
