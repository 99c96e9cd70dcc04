"""What keeping a daemon alive costs: memory, processes, and CPU time while nothing happens."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, WorkUnit
from bench.model.statistics import Metric, single
from supervisors import supervisors
from supervisors.contender import Contender

FEW, MANY = 1, 10
IDLE = 10.0
IDLE_QUICK = 3.0
_SIZES = ("VmPeak", "VmHWM", "VmRSS", "Pss", "Private_Dirty")
_COUNTS = ("processes", "threads", "fds")


class Footprint(Scenario):
    """The article's VmPeak, and what misleads less."""

    name = "footprint"
    title = "memory and idle CPU time"
    rank = 2

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        # A window shorter than the period would miss the work that is done once in it.
        window = max(IDLE, 1.05 * (contender.period or 0.0))
        if depth.budget is not None:
            window = min(window, IDLE_QUICK)
        return [
            WorkUnit(self.name, window + 8, trials=1, work={"window": window}, min_seconds=window)
        ]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        window = share.work["window"]
        first: list[dict[str, object]] = [
            {"do": "cpu", "label": "idle", "window": window, **turn.tree},
            {"do": "footprint", "label": "few", "services": FEW, **turn.tree},
        ]
        events = turn.measure(first, window + 30)
        turn.grow(MANY)
        names = [service.name for service in turn.services]
        # A service that the supervisor starts at its next look only needs that look.
        patience = 30 + 2 * (turn.contender.period or 0.0)
        second: list[dict[str, object]] = [
            {"do": "await", "services": names, "deadline": patience},
            {"do": "sleep", "seconds": 1},
            {"do": "footprint", "label": "many", "services": MANY, **turn.tree},
        ]
        return events + turn.measure(second, patience + 30)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        sizes = {each["label"]: each for each in samples if each["event"] == "footprint"}
        metrics: list[Metric] = []
        if "few" in sizes:
            metrics += _article(sizes["few"], supervisors()[contender.supervisor].service_parent)
            metrics += [_size(key, sizes["few"], FEW) for key in (*_SIZES, *_COUNTS)]
        if "few" in sizes and "many" in sizes:
            many = [_size(key, sizes["many"], MANY) for key in (*_SIZES, *_COUNTS)]
            many += [_per_service(key, sizes) for key in ("Pss", "Private_Dirty", "processes")]
            down = sum(each["event"] == "down" for each in samples)
            metrics += [_unmeasured(each, down) for each in many] if down else many
        metrics += [_idle(each, contender) for each in samples if each["event"] == "cpu"]
        return metrics


def _article(sample: Event, parent: str | None) -> list[Metric]:
    """VmPeak of the supervision process: the service's parent; where it has none, the largest."""
    those = [each for each in sample["processes"] if parent in (None, each["name"])]
    largest = max(those, key=lambda each: each["VmPeak"] or 0, default=None)
    if largest is None or not largest["VmPeak"]:
        return [Metric("vmpeak", "kB", status="not measured", note="no supervision process found")]
    return [single("vmpeak", "kB", largest["VmPeak"], note=f"of {largest['name']}")]


def _size(key: str, sample: Event, services: int) -> Metric:
    unit = "" if key in _COUNTS else "kB"
    name = f"{key.lower()}_{services}"
    value = sample["total"][key]
    if value is None:
        return Metric(name, unit, status="not measured", note="the kernel does not tell")
    return single(name, unit, value)


def _unmeasured(metric: Metric, down: int) -> Metric:
    note = f"{down} of {MANY} services did not come up"
    return Metric(metric.metric, metric.unit, status="not measured", note=note)


def _per_service(key: str, sizes: dict[str, Event]) -> Metric:
    few, many = (sizes[label]["total"][key] for label in ("few", "many"))
    unit = "" if key in _COUNTS else "kB"
    name = f"{key.lower()}_per_service"
    if few is None or many is None:
        return Metric(name, unit, status="not measured", note="the kernel does not tell")
    return single(name, unit, (many - few) / (MANY - FEW))


def _idle(sample: Event, contender: Contender) -> Metric:
    seconds = (sample["end_ns"] - sample["begin_ns"]) / 1e9
    if seconds < (contender.period or 0.0):
        note = f"the window of {seconds:.0f} s is shorter than its period"
        return Metric("cpu_idle", "us/s", status="not measured", note=note)
    spent = sample["total"]["cpu_ns"] / 1e3
    return single("cpu_idle", "us/s", spent / seconds, note=f"over {seconds:.0f} s")


SCENARIO = Footprint()
