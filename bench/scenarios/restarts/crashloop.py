"""The daemon exits at once, again and again; then it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from bench.model import steps
from bench.model.events import DOWN, MODE, STARTS, UP, Event
from bench.model.events.program import StartsCounted
from bench.model.initial_state import FRESH
from bench.model.observation.comeback import judge_return, return_metric, seconds_to_return
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.processes import cpu_of_stage
from bench.model.observation.repetition import merge_verdicts
from bench.model.observation.timing import (
    deadline,
    elapsed,
    format_duration,
    format_elapsed,
    format_wait,
)
from bench.model.run_file import FLOOR
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value, summarize
from provision.errors.text import count_words
from supervisors.contender import Contender

WINDOW = 60.0  # s of crashing at least
# More starts in a second than this, on average over the window, burden the machine.
OFTEN = 10.0
# Identical guests where a race decides, side by side.
REPEATS = 3
_ONE_GUEST = "One guest only, as in a quick run: a race decides this, so that another may differ."
BEHAVIOURS = ("keeps trying", "holds back", "comes back once mended")
_KEEPS, _HOLDS, _BACK = BEHAVIOURS
_CRASH = "--exit-after 0 --exit-code 1"


class Crashloop(Scenario):
    """A broken daemon, as after a bad upgrade: for a minute, and beyond every limit."""

    name = "crashloop"
    title = "a daemon that exits at once"
    position = 4

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        window = _window(contender)
        expected = window + (contender.period or 0.0) + contender.limit_pause + 6
        if not effort.allows(expected, times=4):
            return []
        # A supervisor without a delay starts a thousand daemons a second: no restart of another
        # guest is timed beside that.
        unit = WorkUnit(
            self.name,
            expected,
            trials=1,
            initial_state=FRESH,
            loud=not contender.spaces_starts,
            min_seconds=window,
        )
        return [unit] * (REPEATS if _race_decides(contender) and not effort.quick else 1)

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        timeout = _window(contender) + 3 * deadline(contender) + 2 * contender.limit_pause + 120
        return run_stages(context, _stages(context), timeout)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        played = [
            (guest, counted.event)
            for guest in number_samples(samples).by_guest()
            if (counted := guest.of_stage("crashing").first(STARTS)) is not None
        ]
        if not played:
            return [Metric("crash_starts", "", status="not measured", note="not played")]
        delays = [delay * 1000 for _, starts in played for delay in _delays(starts)]
        cpu = [
            cpu_of_stage(guest.of_stage("crashing")) / 1e3 / _length(starts)
            for guest, starts in played
        ]
        note = f"in {_length(played[0][1]):.0f} s"
        return [
            _of_guests("crash_starts", "", [starts["total"] for _, starts in played], note),
            summarize("crash_delay", "ms", delays),
            _of_guests("crash_cpu", "us/s", cpu),
            return_metric(
                "crash_back", [_seconds_to_return(guest.of_stage("mended")) for guest, _ in played]
            ),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        guests = number_samples(samples).by_guest()
        verdicts = merge_verdicts([_judge_guest(contender, guest) for guest in guests])
        if len(guests) > 1 or not _race_decides(contender):
            return verdicts
        return [_with_warning(verdict) for verdict in verdicts]


def _race_decides(contender: Contender) -> bool:
    """Tell whether identical guests may do otherwise: it counts starts, or starts without a pause.

    Whether a limit is met depends on how quickly the starts follow each other.
    """
    if contender.supervisor == FLOOR:  # it neither counts nor waits
        return False
    return contender.start_limit is not None or not contender.spaces_starts


def _with_warning(verdict: Verdict) -> Verdict:
    """Return a verdict of a single guest that says so."""
    if verdict.answer == "not measured":
        return verdict
    return replace(verdict, sentence=f"{verdict.sentence} {_ONE_GUEST}", tally={verdict.answer: 1})


def _of_guests(name: str, unit: str, values: Sequence[float], note: str = "") -> Metric:
    """Return a figure that each guest has once."""
    if len(values) == 1:
        return single_value(name, unit, values[0], note=note)
    return replace(summarize(name, unit, values), note=note)


def _judge_guest(contender: Contender, guest: Samples) -> list[Verdict]:
    counted = guest.of_stage("crashing").first(STARTS)
    if counted is None:
        sentence = "The daemon was never made to crash."
        return [Verdict(behaviour, "not measured", sentence) for behaviour in BEHAVIOURS]
    mended = guest.of_stage("mended")
    return [
        _judge_trying(contender, counted, mended),
        _judge_holding_back(counted),
        _judge_return(counted, mended),
    ]


def _stages(context: ScenarioContext) -> list[Stage]:
    contender, wait = context.contender, deadline(context.contender)
    start = context.supervisor.start_command(contender, context.services[0])
    return [
        Stage("before", (steps.await_up(["s1"], wait), steps.watch(contender.settled_uptime))),
        Stage(
            "crashing",
            (
                steps.mark_cpu(context.tree, "before"),
                steps.set_mode("s1", _CRASH),
                steps.kill_service("s1"),
                steps.count_starts("s1", _window(contender)),
                steps.mark_cpu(context.tree, "after"),
            ),
        ),
        Stage(
            "mended",
            (
                steps.set_mode("s1", ""),
                # Daemons started in crash mode have exited by then.
                steps.watch(0.3),
                steps.await_up(["s1"], wait + contender.limit_pause, otherwise=start),
            ),
        ),
    ]


def _window(contender: Contender) -> float:
    """Return the seconds of crashing: beyond the window of its limit, and some looks."""
    limit = contender.limit_that_lifts[1] if contender.limit_that_lifts else 0.0
    return max(WINDOW, 1.1 * limit, 3.2 * (contender.period or 0.0))


def _length(starts: StartsCounted) -> float:
    return elapsed(starts["begin_ns"], starts["end_ns"])


def _delays(starts: StartsCounted) -> list[float]:
    """Return the seconds from each start to the next, where both stamps were kept."""
    kept = (starts["first"], starts["last"])
    return [elapsed(*pair) for stamps in kept for pair in pairwise(stamps)]


def _last_start(starts: StartsCounted) -> int | None:
    stamps = [*starts["first"], *starts["last"]]
    return stamps[-1] if stamps else None


def _silence(starts: StartsCounted, mended: Samples) -> float:
    """Return the seconds without a start: to the window's end, or on where none came after it."""
    last, down = _last_start(starts), mended.first(DOWN)
    begin = starts["begin_ns"] if last is None else last
    # A supervisor that waits a second longer each time may give up shortly before the window ends.
    return elapsed(begin, down.event["ns"] if down else starts["end_ns"])


def _silence_bound(contender: Contender, starts: StartsCounted) -> float:
    """Return the seconds without a start after which the supervisor has stopped trying.

    They are longer than its longest delay or look.
    """
    slowest = max(_delays(starts), default=0.0)
    # A look may take long: monit waits up to 30 s for what it has started.
    return max(2.1 * slowest, 1.6 * (contender.period or 0.0), 10.0)


def _judge_trying(
    contender: Contender, counted: Numbered[StartsCounted], mended: Samples
) -> Verdict:
    starts, begin = counted.event, counted.event["begin_ns"]
    count = count_words(starts["total"], "start")
    tried = f"{count} in {_length(starts):.0f} s{_describe_delays(starts)}"
    if starts["total"] and _silence(starts, mended) < _silence_bound(contender, starts):
        return Verdict(_KEEPS, "yes", f"{tried}, to the end.", numbers(counted))
    last = _last_start(starts)
    when = "after 0 s" if last is None else format_wait(elapsed(begin, last))
    sentence = f"{tried}, the last {when}."
    up = mended.first(UP)
    if up is None or mended.first(DOWN):
        return Verdict(_KEEPS, "no", sentence, numbers(counted))
    pause = format_elapsed(begin if last is None else last, up.event["main_ns"])
    sentence = f"{sentence} It tried again after {pause}."
    return Verdict(_KEEPS, "partly", sentence, numbers(counted, up))


def _describe_delays(starts: StartsCounted) -> str:
    delays = sorted(_delays(starts))
    if not delays:
        return ""
    extremes_and_middle = (delays[0], delays[-1], delays[len(delays) // 2])
    low, high, usual = (format_duration(delay) for delay in extremes_and_middle)
    return f", {low} to {high} apart, mostly {usual}"


def _judge_holding_back(counted: Numbered[StartsCounted]) -> Verdict:
    length = _length(counted.event)
    rate = counted.event["total"] / length
    sentence = f"{rate:.1f} starts a second over {length:.0f} s (bound {OFTEN:g})."
    return Verdict(_HOLDS, "yes" if rate <= OFTEN else "no", sentence, numbers(counted))


def _seconds_to_return(mended: Samples) -> float | None:
    mode = mended.first(MODE)
    return seconds_to_return(mode.event["ns"], mended) if mode else None


def _judge_return(counted: Numbered[StartsCounted], mended: Samples) -> Verdict:
    mode = mended.first(MODE)
    if mode is None:
        return Verdict(_BACK, "not measured", "What came after was not seen.", numbers(counted))
    return judge_return(_BACK, mode.event["ns"], mended)


SCENARIO = Crashloop()
