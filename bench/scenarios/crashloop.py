"""The daemon exits at once, again and again; then it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bench.model import steps
from bench.model.events import CPU_MARK, DOWN, MODE, RAN, STARTS, UP, Event
from bench.model.events.program import StartsCounted
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, Samples, number_samples, numbers
from bench.model.observation.processes import cpu_used
from bench.model.observation.timing import deadline, elapsed, format_duration, format_elapsed
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value, summarize
from supervisors.contender import Contender

WINDOW = 60.0  # s of crashing at least
# More starts in a second than this, on average over the window, burden the machine.
OFTEN = 10.0
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
        return [
            WorkUnit(
                self.name,
                expected,
                trials=1,
                initial_state=FRESH,
                cpu_heavy=not contender.spaces_starts,
                min_seconds=window,
            )
        ]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        contender = context.contender
        timeout = _window(contender) + 3 * deadline(contender) + 2 * contender.limit_pause + 120
        return run_stages(context, _stages(context), timeout)

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        numbered = number_samples(samples)
        crashing = numbered.of_stage("crashing")
        counted = crashing.first(STARTS)
        if counted is None:
            return [Metric("crash_starts", "", status="not measured", note="not played")]
        starts, length = counted.event, _length(counted.event)
        back = _seconds_to_return(numbered.of_stage("mended"))
        return [
            single_value("crash_starts", "", starts["total"], note=f"in {length:.0f} s"),
            summarize("crash_delay", "ms", [delay * 1000 for delay in _delays(starts)]),
            single_value("crash_cpu", "us/s", _cpu_ns(crashing) / 1e3 / length),
            single_value("crash_back", "s", back)
            if back is not None
            else Metric("crash_back", "s", status="not measured", note="it did not come back"),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        counted = numbered.of_stage("crashing").first(STARTS)
        if counted is None:
            sentence = "The daemon was never made to crash."
            return [Verdict(behaviour, "not measured", sentence) for behaviour in BEHAVIOURS]
        mended = numbered.of_stage("mended")
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


def _cpu_ns(crashing: Samples) -> int:
    """Return the CPU time of the supervision tree, without that of children that ended."""
    marks = crashing.all(CPU_MARK)
    return cpu_used(marks[0].event, marks[-1].event) if len(marks) > 1 else 0


def _silence(starts: StartsCounted) -> float:
    """Return the seconds of the window after the last start."""
    last = _last_start(starts)
    return _length(starts) if last is None else elapsed(last, starts["end_ns"])


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
    tried = f"{starts['total']} starts in {_length(starts):.0f} s{_describe_delays(starts)}"
    if starts["total"] and _silence(starts) < _silence_bound(contender, starts):
        return Verdict(_KEEPS, "yes", f"{tried}, to the end.", numbers(counted))
    last = _last_start(starts)
    after = "0 s" if last is None else format_elapsed(begin, last)
    sentence = f"{tried}, the last after {after}."
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
    """Return the seconds from mending to the daemon's return by itself; None without one."""
    mode, up = mended.first(MODE), mended.first(UP)
    if mode is None or up is None or mended.first(DOWN):
        return None
    return elapsed(mode.event["ns"], up.event["main_ns"])


def _judge_return(counted: Numbered[StartsCounted], mended: Samples) -> Verdict:
    seconds = _seconds_to_return(mended)
    up, down, command = mended.first(UP), mended.first(DOWN), mended.first(RAN)
    if seconds is not None:
        sentence = f"By itself, after {format_duration(seconds)}."
        return Verdict(_BACK, "yes", sentence, numbers(up))
    if down is None:
        return Verdict(_BACK, "not measured", "What came after was not seen.", numbers(counted))
    sentence = f"Not by itself within {format_duration(down.event['deadline_s'])}"
    if up is None or command is None:
        return Verdict(_BACK, "no", f"{sentence}, nor when asked.", numbers(down))
    sentence = f"{sentence}; it did when asked by: {command.event['command']}."
    return Verdict(_BACK, "no", sentence, numbers(down, command, up))


SCENARIO = Crashloop()
