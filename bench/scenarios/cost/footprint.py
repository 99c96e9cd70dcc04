"""What keeping a daemon alive costs: memory, processes, and CPU time while nothing happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bench.model import steps
from bench.model.events import CPU, DOWN, FOOTPRINT, Event, events_of_kind
from bench.model.events.parts import TreeSizes
from bench.model.events.program import CpuWindow, FootprintTaken
from bench.model.initial_state import FRESH_FIXED
from bench.model.observation.timing import elapsed
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, WorkUnit
from bench.model.statistics import Metric, single_value
from supervisors import supervisors
from supervisors.contender import Contender

FEW, MANY = 1, 10
IDLE, IDLE_QUICK = 10.0, 3.0  # s
_Key = Literal["VmPeak", "VmHWM", "VmRSS", "Private_Dirty", "Pss", "processes", "threads", "fds"]
_SIZES: tuple[_Key, ...] = ("VmPeak", "VmHWM", "VmRSS", "Private_Dirty", "Pss")
_COUNTS: tuple[_Key, ...] = ("processes", "threads", "fds")
_SLOPES: tuple[_Key, ...] = ("Private_Dirty", "Pss", "processes")
_UNKNOWN = "the kernel does not tell"


class Footprint(Scenario):
    """The article's VmPeak, and figures that mislead less."""

    name = "footprint"
    title = "memory and idle CPU time"
    position = 2
    of_inits = None
    roles = frozenset({"runner", "monitor", "init"})

    def inapplicable_reason(self, contender: Contender) -> str:
        return "PID 1 is the program itself: no init takes memory." * contender.becomes_program

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        # A window shorter than the period would miss the work that is done once in it.
        window = max(IDLE, 1.05 * (contender.period or 0.0))
        if effort.quick:
            window = min(window, IDLE_QUICK)
        return [
            WorkUnit(
                self.name,
                window + 3,
                trials=1,
                parameters=window,
                initial_state=FRESH_FIXED,
                min_seconds=window,
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        window = unit.parameters_as(float)
        few = context.measure(
            [
                steps.measure_cpu(window, context.tree, "idle"),
                steps.measure_footprint(FEW, context.tree, "few"),
            ],
            window + 30,
        )
        if context.contender.role == "init":
            return few
        context.keep_services(MANY)
        names = [service.name for service in context.services]
        # A service that the supervisor starts at its next look only needs that look.
        wait = 30 + 2 * (context.contender.period or 0.0)
        many = context.measure(
            [
                steps.await_up(names, wait),
                steps.sleep(1),
                steps.measure_footprint(MANY, context.tree, "many"),
            ],
            wait + 30,
        )
        return few + many

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        taken = {sample["label"]: sample for sample in events_of_kind(samples, FOOTPRINT)}
        few, many = taken.get("few"), taken.get("many")
        metrics: list[Metric] = []
        if few is not None:
            metrics.append(_vmpeak(few, supervisors()[contender.supervisor].service_parents))
            metrics += _complete(_sizes(few["total"], FEW), few)
        if few is not None and many is not None:
            down = len(events_of_kind(samples, DOWN))
            of_many = [*_sizes(many["total"], MANY), *_slopes(few["total"], many["total"])]
            note = f"{down} of {MANY} services did not come up"
            of_many = [_not_measured(metric, note) for metric in of_many] if down else of_many
            metrics += _complete(of_many, few, many)
        windows = events_of_kind(samples, CPU)
        return [*metrics, *(_idle(window, contender) for window in windows)]


def _vmpeak(sample: FootprintTaken, parents: frozenset[str]) -> Metric:
    """Return VmPeak of the process that supervises, as the article has it.

    That is the service's parent; where no process of the supervisor is, its largest process.
    """
    processes = [
        process for process in sample["processes"] if not parents or process["name"] in parents
    ]
    largest = max(processes, key=lambda process: process["VmPeak"] or 0, default=None)
    if largest is None or not largest["VmPeak"]:
        return Metric("vmpeak", "kB", status="not measured", note="no supervision process found")
    return single_value("vmpeak", "kB", largest["VmPeak"], note=f"of {largest['name']}")


def _sizes(total: TreeSizes, services: int) -> list[Metric]:
    return [_metric(f"{key.lower()}_{services}", key, total[key]) for key in (*_SIZES, *_COUNTS)]


def _slopes(few: TreeSizes, many: TreeSizes) -> list[Metric]:
    """Return what each further service adds."""
    return [
        _metric(f"{key.lower()}_per_service", key, _slope(few[key], many[key])) for key in _SLOPES
    ]


def _slope(few: int | None, many: int | None) -> float | None:
    return None if few is None or many is None else (many - few) / (MANY - FEW)


def _metric(name: str, key: _Key, value: float | None) -> Metric:
    unit = "" if key in _COUNTS else "kB"
    if value is None:
        return Metric(name, unit, status="not measured", note=_UNKNOWN)
    return single_value(name, unit, value)


def _complete(metrics: Sequence[Metric], *samples: FootprintTaken) -> list[Metric]:
    """Return the metrics without those that miss what the host has swapped out meanwhile."""
    swapped = max(sample["total"].get("Swap") or 0 for sample in samples)
    if not swapped:
        return [*metrics]
    note = f"{swapped} kB of it are swapped out"
    return [
        _not_measured(metric, note) if metric.metric.startswith("private_") else metric
        for metric in metrics
    ]


def _not_measured(metric: Metric, note: str) -> Metric:
    return Metric(metric.metric, metric.unit, status="not measured", note=note)


def _idle(sample: CpuWindow, contender: Contender) -> Metric:
    seconds = elapsed(sample["begin_ns"], sample["end_ns"])
    if seconds < (contender.period or 0.0):
        note = f"the window of {seconds:.0f} s is shorter than its period"
        return Metric("cpu_idle", "us/s", status="not measured", note=note)
    spent = sample["total"]["cpu_ns"] / 1e3
    return single_value("cpu_idle", "us/s", spent / seconds, note=f"over {seconds:.0f} s")


SCENARIO = Footprint()
