"""What thousands of restarts, and an hour without any, leave in the supervisor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.model import steps
from bench.model.events import FOOTPRINT, SNAPSHOT, STARTS, Event
from bench.model.events.program import FootprintTaken
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.timing import deadline, elapsed, format_duration
from bench.model.scenario import (
    Answer,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Verdict,
    WorkUnit,
)
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from provision.errors.text import count_words
from supervisors.contender import Contender

# s of crashing in all, and where nothing paces the starts: that is some 10,000 or more. In a quick
# run a tenth of it.
CRASHING, CRASHING_LOUD = 600.0, 60.0
# s without a restart, and in a quick run.
IDLE, IDLE_QUICK = 3600.0, 300.0
# The instants at which memory is measured meanwhile. Not at once: caches fill after the start.
_IDLE_SHARES = (0.1, 0.4, 0.7, 1.0)
# The crashing is cut into so many parts; memory is measured at rest after each of them.
PARTS = 5
# kB: memory has grown if it is more by this and by a tenth; a page or two come by chance.
GROWN = 64
# Fewer restarts show nothing: a poller's default cycle leaves room for five in ten minutes.
FEW = 5
BEHAVIOURS = ("keeps its memory", "keeps its descriptors", "leaves no zombies")
IDLE_BEHAVIOURS = ("keeps its memory while idle", "keeps its descriptors while idle")
_MEMORY, _DESCRIPTORS, _ZOMBIES = BEHAVIOURS
_IDLE_MEMORY, _IDLE_DESCRIPTORS = IDLE_BEHAVIOURS
_CRASH = "--exit-after 0 --exit-code 1"
_IDLE = "idle"  # the stage without restarts
# What the measuring program calls a size -> what readers do.
_SIZES = {"Private_Dirty": "kB of private memory", "fds": "open files"}


@dataclass(frozen=True)
class Crashing:
    """One guest: a daemon that ends at its start, for so many seconds in all."""

    seconds: float


@dataclass(frozen=True)
class Idling:
    """One guest: a daemon that nothing ends, for so many seconds."""

    seconds: float


class Growth(Scenario):
    """Memory, descriptors and zombies over ten minutes of restarts, and over an idle hour."""

    name = "growth"
    title = "thousands of restarts, and an idle hour"
    position = 17
    lengthy = True

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        share = 0.1 if effort.quick else 1.0
        seconds = share * (CRASHING if contender.spaces_starts else CRASHING_LOUD)
        rest = (contender.period or 0.0) + contender.settled_uptime + contender.limit_pause + 2
        crashing = WorkUnit(
            self.name,
            seconds + PARTS * rest,
            trials=1,
            parameters=Crashing(seconds),
            initial_state=FRESH,
            loud=not contender.spaces_starts,
            min_seconds=seconds,
        )
        idle = IDLE_QUICK if effort.quick else IDLE
        idling = WorkUnit(
            self.name,
            idle + contender.settled_uptime + 2,
            trials=1,
            parameters=Idling(idle),
            initial_state=FRESH,
            min_seconds=idle,
        )
        return [crashing, idling]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        wait = 3 * deadline(contender) + contender.limit_pause + 60
        if isinstance(unit.parameters, Idling):
            seconds = unit.parameters.seconds
            return run_stages(context, list(_idle_stages(context, seconds)), seconds + wait)
        seconds = unit.parameters_as(Crashing).seconds
        return run_stages(context, list(_stages(context, seconds)), seconds + PARTS * wait)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        crashing, idle = _parts(number_samples(samples))
        restarts = _restarts(crashing)
        metrics = [_growth("growth_memory", crashing, f"{restarts} restarts")]
        if len(crashing.all(FOOTPRINT)) > 1:
            metrics.insert(0, single_value("growth_restarts", "", restarts))
        if idle:
            metrics.append(_growth("growth_idle_memory", idle, _idle_time(idle)))
        return metrics

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        crashing, idle = _parts(number_samples(samples))
        verdicts = list(_judge_restarts(crashing))
        if idle:
            time = f"a tenth of {_idle_time(idle)} without a restart"
            verdicts += [
                _judge_size(_IDLE_MEMORY, "Private_Dirty", idle, time),
                _judge_size(_IDLE_DESCRIPTORS, "fds", idle, time),
            ]
        return verdicts


def _judge_restarts(crashing: Samples) -> Iterator[Verdict]:
    restarts = _restarts(crashing)
    reason = ""
    if len(crashing.all(FOOTPRINT)) < 2:
        reason = "It was not at rest twice."
    elif restarts < FEW:
        reason = f"It restarted the daemon {restarts} times: too few to show a growth."
    if reason:
        yield from (Verdict(behaviour, "not measured", reason) for behaviour in BEHAVIOURS)
        return
    time = f"the first part of {restarts:,} restarts"
    yield _judge_size(_MEMORY, "Private_Dirty", crashing, time)
    yield _judge_size(_DESCRIPTORS, "fds", crashing, time)
    yield _judge_zombies(crashing)


def _parts(samples: Samples) -> tuple[Samples, Samples]:
    """Return the samples with restarts, and those without: an older run had none of these."""
    names = [f"{name} {number}" for number in range(PARTS) for name in ("crashing", "at rest")]
    return samples.of_stage(*names), samples.of_stage(_IDLE)


def _stages(context: ScenarioContext, seconds: float) -> Iterator[Stage]:
    contender, wait = context.contender, deadline(context.contender)
    start = context.supervisor.start_command(contender, context.services[0])
    part = seconds / PARTS
    for number in range(PARTS):
        yield Stage(
            f"crashing {number}",
            (
                steps.set_mode("s1", _CRASH),
                steps.kill_service("s1"),
                steps.count_starts("s1", part),
                steps.set_mode("s1", ""),
                steps.watch(0.3),
            ),
        )
        up = steps.await_up(["s1"], wait + contender.limit_pause, otherwise=start)
        yield Stage(
            f"at rest {number}",
            (
                up,
                steps.watch(contender.settled_uptime),
                steps.measure_footprint(1, context.tree),
                steps.snapshot(),
            ),
        )


def _idle_stages(context: ScenarioContext, seconds: float) -> Iterator[Stage]:
    wait = deadline(context.contender)
    yield Stage("before idle", (steps.await_up(["s1"], wait),))
    before = 0.0
    for share in _IDLE_SHARES:
        footprint = steps.measure_footprint(1, context.tree)
        yield Stage(_IDLE, (steps.watch((share - before) * seconds), footprint))
        before = share


def _restarts(samples: Samples) -> int:
    return sum(counted.event["total"] for counted in samples.all(STARTS))


def _idle_time(idle: Samples) -> str:
    stamps = [footprint.event["ns"] for footprint in idle.all(FOOTPRINT)]
    if not stamps:
        return "some time"
    return format_duration(elapsed(stamps[0], stamps[-1]) / (1 - _IDLE_SHARES[0]))


def _values(footprints: Sequence[Numbered[FootprintTaken]], key: str) -> list[int]:
    """Return a size of the tree at each rest at which the kernel told it."""
    sizes = [footprint.event["total"].get(key) for footprint in footprints]
    return [size for size in sizes if isinstance(size, int)]


def _growth(name: str, samples: Samples, over: str) -> Metric:
    memory = _values(samples.all(FOOTPRINT), "Private_Dirty")
    if len(memory) < 2:
        return Metric(name, "kB", status="not measured", note="not measured twice")
    return single_value(name, "kB", _growth_of(memory), note=over)


def _growth_of(sizes: Sequence[int]) -> int:
    """Return by how much a size grew, so that no single reading decides, if there are four."""
    if len(sizes) < 4:
        return sizes[-1] - sizes[0]
    return min(sizes[-2:]) - max(sizes[:2])


def _judge_size(behaviour: str, key: str, samples: Samples, time: str) -> Verdict:
    """Judge how a size changed. time: what was over when it was measured first."""
    footprints, what = samples.all(FOOTPRINT), _SIZES[key]
    if len(footprints) < 2:
        return Verdict(behaviour, "not measured", "It was not at rest twice.")
    evidence = numbers(footprints[:1], footprints[-1:])
    values = _values(footprints, key)
    if len(values) < len(footprints):
        return Verdict(behaviour, "not measured", f"The kernel does not tell its {what}.", evidence)
    allowed = max(GROWN, values[0] / 10) if key == "Private_Dirty" else 0
    told = ", ".join(f"{value:,}" for value in values)
    sentence = f"{told} {what}: first after {time}, last at the end."
    answer: Answer = "no" if _growth_of(values) > allowed else "yes"
    return Verdict(behaviour, answer, sentence, evidence)


def _judge_zombies(samples: Samples) -> Verdict:
    snapshots = samples.all(SNAPSHOT)
    if not snapshots:
        return Verdict(_ZOMBIES, "not measured", "Its processes were not looked at.")
    last = snapshots[-1]
    zombies = [process for process in last.event["processes"] if process["state"] == "Z"]
    sentence = f"Left after {_restarts(samples):,} restarts: {count_words(len(zombies), 'zombie')}."
    return Verdict(_ZOMBIES, "no" if zombies else "yes", sentence, numbers(last))


SCENARIO = Growth()
