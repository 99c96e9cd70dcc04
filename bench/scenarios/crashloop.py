"""The daemon exits at once, again and again; then it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bench.model.evidence import cpu_used
from bench.model.scenario import Event, SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import (
    Stage,
    StageEvents,
    deadline,
    format_duration,
    run_stages,
    seconds,
    stage_events,
)
from bench.model.statistics import Metric, single, summary
from supervisors.contender import Contender

WINDOW = 60.0  # s of crashing at least
# More starts in a second than this, window over, burn the machine.
OFTEN = 10.0
_CRASH = "--exit-after 0 --exit-code 1"


class Crashloop(Scenario):
    """A broken daemon, as after a bad upgrade: for a minute, and beyond every limit."""

    name = "crashloop"
    title = "a daemon that exits at once"
    rank = 4

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        expected = _window(contender) + (contender.period or 0.0) + contender.limit_pause + 6
        if depth.budget is not None and expected > 4 * depth.budget:
            return []
        # Nobody's restart is to be timed beside one that starts a thousand times in a second.
        loud, least = not contender.spaces_starts, _window(contender)
        return [
            WorkUnit(
                self.name, expected, trials=1, own_guest=True, cpu_heavy=loud, min_seconds=least
            )
        ]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        contender = turn.contender
        waiting = deadline(contender)
        back = {"do": "await", "services": ["s1"], "deadline": waiting}
        start = turn.supervisor.start_command(contender, turn.services[0])
        acts = (
            Stage("before", (back, {"do": "watch", "seconds": contender.settled_uptime})),
            Stage(
                "crashing",
                (
                    {"do": "cpu_mark", "label": "before", **turn.tree},
                    {"do": "mode", "service": "s1", "text": _CRASH},
                    {"do": "signal", "target": "service:s1", "signal": 9},
                    {"do": "starts", "service": "s1", "seconds": _window(contender)},
                    {"do": "cpu_mark", "label": "after", **turn.tree},
                ),
            ),
            Stage(
                "mended",
                (
                    {"do": "mode", "service": "s1", "text": ""},
                    # Whoever was started before is gone by then, or mended.
                    {"do": "watch", "seconds": 0.3},
                    {
                        **back,
                        "deadline": waiting + contender.limit_pause,
                        "otherwise": start,
                    },
                ),
            ),
        )
        return run_stages(turn, acts, _patience(contender))

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        found = stage_events(samples, "crashing")
        counted = found.first("starts")
        if counted is None:
            return [Metric("crash_starts", "", status="not measured", note="not played")]
        event = counted[1]
        back = _back(stage_events(samples, "mended"))
        return [
            single("crash_starts", "", event["total"], note=f"in {_length(event):.0f} s"),
            summary("crash_delay", "ms", [delay * 1000 for delay in _delays(event)]),
            single("crash_cpu", "us/s", _cpu_ns(found) / 1e3 / _length(event)),
            single("crash_back", "s", back)
            if back is not None
            else Metric("crash_back", "s", status="not measured", note="it did not come back"),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        counted = stage_events(samples, "crashing").first("starts")
        if counted is None:
            sentence = "The daemon was never made to crash."
            return [Verdict(each, "not measured", sentence) for each in BEHAVIOURS]
        mended = stage_events(samples, "mended")
        return [
            _keeps_trying(contender, counted, mended),
            _holds_back(counted),
            _comes_back(counted, mended),
        ]


BEHAVIOURS = ("keeps trying", "holds back", "comes back once mended")


def _window(contender: Contender) -> float:
    """Beyond the time of every limit, and some looks of a poller."""
    limit = contender.periodic_limit[1] if contender.periodic_limit else 0.0
    return max(WINDOW, 1.1 * limit, 3.2 * (contender.period or 0.0))


def _patience(contender: Contender) -> float:
    return _window(contender) + 3 * deadline(contender) + 2 * contender.limit_pause + 120


def _length(event: Event) -> float:
    return seconds(event["begin_ns"], event["end_ns"])


def _stamps(event: Event) -> list[int]:
    return [*event["first"], *event["last"]]


def _delays(event: Event) -> list[float]:
    """Seconds from each start to the next, of those starts whose stamps were kept in a row."""
    return [seconds(*pair) for part in ("first", "last") for pair in pairwise(event[part])]


def _cpu_ns(found: StageEvents) -> int:
    """CPU time of the supervision tree itself, without what it has started and reaped."""
    marks = [event for _, event in found.all("cpu_mark")]
    return cpu_used(marks[0], marks[-1]) if len(marks) > 1 else 0


def _gave_up_for(event: Event) -> float:
    """Seconds of the window after its last start."""
    stamps = _stamps(event)
    return seconds(stamps[-1], event["end_ns"]) if stamps else _length(event)


def _patient_for(contender: Contender, event: Event) -> float:
    """Without a start for so long, it has stopped trying: longer than its longest delay or look."""
    slowest = max(_delays(event), default=0.0)
    # A look may take long: monit waits up to 30 s for what it has started.
    return max(2.1 * slowest, 1.6 * (contender.period or 0.0), 10.0)


def _keeps_trying(contender: Contender, counted: tuple[int, Event], mended: StageEvents) -> Verdict:
    number, event = counted
    tried = f"{event['total']} starts in {_length(event):.0f} s{_rhythm(event)}"
    if event["total"] and _gave_up_for(event) < _patient_for(contender, event):
        return Verdict("keeps trying", "yes", f"{tried}, to the end.", (number,))
    stamps = _stamps(event)
    last = format_duration(seconds(event["begin_ns"], stamps[-1])) if stamps else "0 s"
    sentence = f"{tried}, the last after {last}."
    up = mended.first("up")
    if up is not None and not mended.first("down"):
        held = format_duration(
            seconds(stamps[-1] if stamps else event["begin_ns"], up[1]["main_ns"])
        )
        sentence = f"{sentence} It tried again after {held}."
        return Verdict("keeps trying", "partly", sentence, (number, up[0]))
    return Verdict("keeps trying", "no", sentence, (number,))


def _rhythm(event: Event) -> str:
    delays = sorted(_delays(event))
    if not delays:
        return ""
    middle = delays[len(delays) // 2]
    low, usual, high = (format_duration(each) for each in (delays[0], middle, delays[-1]))
    return f", {low} to {high} apart, mostly {usual}"


def _holds_back(counted: tuple[int, Event]) -> Verdict:
    number, event = counted
    rate = event["total"] / _length(event)
    sentence = f"{rate:.1f} starts a second over {_length(event):.0f} s (bound {OFTEN:g})."
    return Verdict("holds back", "yes" if rate <= OFTEN else "no", sentence, (number,))


def _back(mended: StageEvents) -> float | None:
    """Seconds from mending to the daemon's return by itself, None where there was none."""
    mode, up = mended.first("mode"), mended.first("up")
    if mode is None or up is None or mended.first("down"):
        return None
    return seconds(mode[1]["ns"], up[1]["main_ns"])


def _comes_back(counted: tuple[int, Event], mended: StageEvents) -> Verdict:
    behaviour = BEHAVIOURS[2]
    took = _back(mended)
    up, down = mended.first("up"), mended.first("down")
    if took is not None and up is not None:
        return Verdict(behaviour, "yes", f"By itself, after {format_duration(took)}.", (up[0],))
    if down is None:
        return Verdict(behaviour, "not measured", "What came after was not seen.", (counted[0],))
    sentence = f"Not by itself within {format_duration(down[1]['deadline_s'])}"
    asked = mended.first("ran")
    if up is None or asked is None:
        return Verdict(behaviour, "no", f"{sentence}, nor when asked.", (down[0],))
    sentence = f"{sentence}; it did when asked by: {asked[1]['command']}."
    return Verdict(behaviour, "no", sentence, (down[0], asked[0], up[0]))


SCENARIO = Crashloop()
