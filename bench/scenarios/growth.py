"""Thousands of restarts, and what they leave in the supervisor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model import steps
from bench.model.events import FOOTPRINT, SNAPSHOT, STARTS, Event
from bench.model.events.program import FootprintTaken
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.timing import deadline
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors.contender import Contender

# s of crashing in all, and where nothing paces the starts: that is some 10,000 or more.
CRASHING, CRASHING_LOUD = 600.0, 60.0
# The crashing is cut into so many parts; memory is measured at rest after each of them.
PARTS = 5
# kB: memory has grown if it is more by this and by a tenth; a page or two come by chance.
GROWN = 64
BEHAVIOURS = ("keeps its memory", "keeps its descriptors", "leaves no zombies")
_MEMORY, _DESCRIPTORS, _ZOMBIES = BEHAVIOURS
_CRASH = "--exit-after 0 --exit-code 1"


class Growth(Scenario):
    """Memory, descriptors and zombies over as many restarts as ten minutes give."""

    name = "growth"
    title = "thousands of restarts"
    position = 17
    lengthy = True

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        rest = (contender.period or 0.0) + contender.settled_uptime + contender.limit_pause + 2
        expected = _crashing_seconds(contender) + PARTS * rest
        if not effort.allows(expected):
            return []
        return [
            WorkUnit(
                self.name,
                expected,
                trials=1,
                initial_state=FRESH,
                loud=not contender.spaces_starts,
                min_seconds=_crashing_seconds(contender),
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        rests = PARTS * (3 * deadline(contender) + contender.limit_pause + 60)
        return run_stages(context, list(_stages(context)), _crashing_seconds(contender) + rests)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        footprints = numbered.all(FOOTPRINT)
        memory = _values(footprints, "Private_Dirty")
        if len(memory) < 2:
            return [Metric("growth_memory", "kB", status="not measured", note="not measured twice")]
        starts = _restarts(numbered)
        return [
            single_value("growth_restarts", "", starts),
            single_value("growth_memory", "kB", memory[-1] - memory[0], note=f"{starts} restarts"),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        footprints = numbered.all(FOOTPRINT)
        if len(footprints) < 2:
            sentence = "It was not at rest twice."
            return [Verdict(behaviour, "not measured", sentence) for behaviour in BEHAVIOURS]
        restarts = _restarts(numbered)
        return [
            _judge_size(_MEMORY, "Private_Dirty", "kB of private memory", footprints, restarts),
            _judge_size(_DESCRIPTORS, "fds", "open files", footprints, restarts),
            _judge_zombies(numbered, restarts),
        ]


def _crashing_seconds(contender: Contender) -> float:
    return CRASHING if contender.spaces_starts else CRASHING_LOUD


def _stages(context: ScenarioContext) -> Iterator[Stage]:
    contender, wait = context.contender, deadline(context.contender)
    start = context.supervisor.start_command(contender, context.services[0])
    part = _crashing_seconds(contender) / PARTS
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


def _restarts(samples: Samples) -> int:
    return sum(counted.event["total"] for counted in samples.all(STARTS))


def _values(footprints: Sequence[Numbered[FootprintTaken]], key: str) -> list[int]:
    """Return a size of the tree at each rest at which the kernel told it."""
    sizes = [footprint.event["total"].get(key) for footprint in footprints]
    return [size for size in sizes if isinstance(size, int)]


def _judge_size(
    behaviour: str,
    key: str,
    what: str,
    footprints: Sequence[Numbered[FootprintTaken]],
    restarts: int,
) -> Verdict:
    evidence = numbers(footprints[:1], footprints[-1:])
    values = _values(footprints, key)
    if len(values) < len(footprints):
        return Verdict(behaviour, "not measured", f"The kernel does not tell its {what}.", evidence)
    first, last = values[0], values[-1]
    allowed = max(GROWN, first / 10) if key == "Private_Dirty" else 0
    sentence = (
        f"{first:,} {what} after the first part of {restarts:,} restarts, {last:,} at the end."
    )
    return Verdict(behaviour, "no" if last - first > allowed else "yes", sentence, evidence)


def _judge_zombies(samples: Samples, restarts: int) -> Verdict:
    snapshots = samples.all(SNAPSHOT)
    if not snapshots:
        return Verdict(_ZOMBIES, "not measured", "Its processes were not looked at.")
    last = snapshots[-1]
    zombies = [process for process in last.event["processes"] if process["state"] == "Z"]
    sentence = f"{len(zombies)} zombies were left after {restarts:,} restarts."
    return Verdict(_ZOMBIES, "no" if zombies else "yes", sentence, numbers(last))


SCENARIO = Growth()
