"""The daemon writes fast to its standard output, and ends again and again while it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bench.model import steps
from bench.model.events import EXITED, MODE, RAN, STARTED, WRITTEN, Event, is_kind
from bench.model.events.added import OutputRead
from bench.model.events.parts import OutputLife
from bench.model.events.program import ServiceEvent
from bench.model.initial_state import FRESH
from bench.model.observation.evidence import Numbered, number_samples, numbers
from bench.model.observation.timing import deadline
from bench.model.scenario import SamplingEffort, Scenario, ScenarioContext, Verdict, WorkUnit
from bench.model.stages import Stage, run_stages
from bench.model.statistics import Metric, single_value
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import Service, services_of

RATE = 2000  # lines a second
LIFE = 3.0  # s: five such lives start no faster than any limit here allows
LIVES, KILLS = 3, 2
# Key in `lacks` of a supervisor that says why it keeps no output itself.
KEEPING = "keeping output"
KEEPS, LOSES, TEARS = "keeps it", "loses no line", "tears no line"
# The first testd is s1, which runs as the contender has it.
_FIND_OUTPUT = "readlink /proc/$(pgrep -o -x testd)/fd/1"
# Service, start and number of a line.
_LINE = re.compile(r"s2 (\d+) (\d+)")
_PIECE = re.compile(r"[\d ]+")


class Output(Scenario):
    """The last lines of a daemon that ended are those that its operator wants to read."""

    name = "output"
    title = "fast output across restarts"
    position = 14

    def inapplicable_reason(self, contender: Contender) -> str:
        if contender.role == "monitor":
            return "A daemon that detaches itself has closed its output."
        return super().inapplicable_reason(contender)

    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        expected = (LIVES + KILLS + 1) * (LIFE + 1) + 12
        if not effort.allows(expected, times=3):
            return []
        return [WorkUnit(self.name, seconds=0.7 * expected, trials=1, initial_state=FRESH)]

    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        find_output = Stage("where", (steps.run_command(_FIND_OUTPUT, 10),))
        place = run_stages(context, [find_output], 60)
        first, second = services_of(context.contender, 2)
        logged = replace(second, keep_output=True)
        command = context.supervisor.output_command(context.contender, logged)
        if command is None:
            return place
        context.reconfigure((first, logged))
        timeout = 20 * deadline(context.contender)
        chatter = run_stages(context, list(_stages(context)), timeout)
        text = context.guest.run(command).stdout
        read = read_output(text, chatter, command, own=_is_kept_by_default(context, logged))
        return [*place, *chatter, read]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        read = number_samples(samples).of_stage("read").first(WRITTEN)
        if read is None:
            return [Metric("lines_lost", "", status="not measured", note="nothing keeps them")]
        return [
            single_value("lines_kept", "", read.event["lines"]),
            single_value("lines_lost", "", _lost(read.event)),
            single_value("lines_torn", "", read.event["torn"]),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        numbered = number_samples(samples)
        where = numbered.of_stage("where").first(RAN)
        read = numbered.of_stage("read").first(WRITTEN)
        if where is None:
            return _not_measured("It was not seen where the output goes.")
        place = _describe_place(where.event["output"].strip())
        if read is not None:
            ends = numbered.of_stage("chatting").all(EXITED)
            return [
                _judge_keeping(place, where.number, read),
                _judge_loss(read, ends),
                _judge_tearing(read),
            ]
        reason = supervisors()[contender.supervisor].unsupported.get(KEEPING)
        if not reason:
            return _not_measured(f"The suite knows no way to read it: standard output is {place}.")
        return [
            Verdict(KEEPS, "no", f"{reason} It goes to {place}.", numbers(where)),
            Verdict(LOSES, "not applicable", "Nothing is kept."),
            Verdict(TEARS, "not applicable", "Nothing is kept."),
        ]


def _not_measured(sentence: str) -> list[Verdict]:
    return [Verdict(behaviour, "not measured", sentence) for behaviour in (KEEPS, LOSES, TEARS)]


def _stages(context: ScenarioContext) -> Iterator[Stage]:
    wait = deadline(context.contender)
    start = context.supervisor.start_command(context.contender, context.services[1])
    up = steps.await_up(["s2"], wait)
    restart = steps.await_restart(["s2"], wait, otherwise=start)
    kill, live, reset = steps.kill_service("s2"), steps.watch(LIFE), steps.set_mode("s2", "")
    yield Stage("before", (up, live))
    chatter = f"--chatter {RATE}"
    ending = f"{chatter} --exit-after {round(LIFE * 1000)} --exit-code 1"
    yield Stage("to chat", (steps.set_mode("s2", ending), kill, restart))
    next_life = steps.await_restart(["s2"], wait + LIFE, otherwise=start)
    lives = [step for _ in range(LIVES - 1) for step in (next_life, steps.watch(0.3))]
    # The last life does not end by itself.
    yield Stage("chatting", (*lives, steps.set_mode("s2", chatter), next_life))
    yield Stage("killed", tuple(step for _ in range(KILLS) for step in (live, kill, restart)))
    yield Stage("silent", (live, reset, kill, restart, live))


def _is_kept_by_default(context: ScenarioContext, logged: Service) -> bool:
    """Tell whether the supervisor keeps output without further configuration."""
    files = context.supervisor.files
    plain = replace(logged, keep_output=False)
    return files(context.contender, (logged,)) == files(context.contender, (plain,))


def read_output(text: str, chatter: Iterable[Event], command: str, *, own: bool) -> OutputRead:
    """Compare the output that was kept with what each life says that it wrote."""
    kept: dict[int, set[int]] = {}
    torn = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        # A line cut within its number looks like one that was there before.
        if match and int(match[2]) not in kept.setdefault(int(match[1]), set()):
            kept[int(match[1])].add(int(match[2]))
        elif match or "s2 " in line or _PIECE.fullmatch(line):
            torn.append(line[:80])
    written = _lines_written(chatter)
    lives = [_life(seq, written, kept.get(seq, set())) for seq in sorted(kept.keys() | written)]
    return {
        "act": "read", "event": "written", "lines": sum(len(of_life) for of_life in kept.values()),
        "torn": len(torn), "torn_like": torn[:3], "lives": lives, "command": command, "own": own,
    }  # fmt: skip


def _life(seq: int, written: dict[int, int | None], kept: set[int]) -> OutputLife:
    return {
        "seq": seq, "chatted": written.get(seq), "kept": len(kept), "last": max(kept, default=0),
    }  # fmt: skip


def _lines_written(chatter: Iterable[Event]) -> dict[int, int | None]:
    """Return how many lines each talkative life says that it wrote; None: it was killed."""
    written: dict[int, int | None] = {}
    talkative = False
    for event in chatter:
        if is_kind(event, MODE):
            talkative = "--chatter" in event["text"]
        elif is_kind(event, STARTED) and event["service"] == "s2" and talkative:
            written.setdefault(event["seq"])
        elif is_kind(event, EXITED):
            written[event["seq"]] = event["chatted"]
    return written


def _lost(read: OutputRead) -> int:
    """Return the number of missing lines.

    Of a life that says how many it wrote, all others count; of a killed one, gaps before its last.
    """
    return sum(
        (life["last"] if life["chatted"] is None else life["chatted"]) - life["kept"]
        for life in read["lives"]
    )


def _describe_place(link: str) -> str:
    """Say where the output goes; a path of the host is what PID 1 was given."""
    return link if link.startswith(("/dev/", "pipe:", "socket:")) else "what PID 1 was given"


def _judge_keeping(place: str, where: int, read: Numbered[OutputRead]) -> Verdict:
    lines, command = read.event["lines"], read.event["command"]
    evidence = (where, read.number)
    if not lines:
        sentence = f"Nothing was found by: {command}; standard output is {place}."
        return Verdict(KEEPS, "no", sentence, evidence)
    if read.event["own"]:
        return Verdict(KEEPS, "yes", f"By itself: {lines} lines by: {command}.", evidence)
    sentence = (
        f"Where it is given a log service: {lines} lines by: {command}."
        f" Without one, standard output is {place}."
    )
    return Verdict(KEEPS, "partly", sentence, evidence)


def _judge_loss(read: Numbered[OutputRead], ends: Sequence[Numbered[ServiceEvent]]) -> Verdict:
    ended = [life for life in read.event["lives"] if life["chatted"] is not None]
    if not ended:
        return Verdict(LOSES, "not measured", "No life told how much it wrote.", (read.number,))
    lost = _lost(read.event)
    written = read.event["lines"] + lost
    killed = [life for life in read.event["lives"] if life["chatted"] is None]
    mute = sum(not life["kept"] for life in killed)
    sentence = (
        f"{lost} of {written} lines are missing, at {RATE} a second, from"
        f" {len(ended)} lives that ended and {len(killed)} that were killed."
    )
    if mute:
        sentence += f" Nothing at all is there of {mute} of those."
    evidence = (read.number, *numbers(ends))
    return Verdict(LOSES, "no" if lost or mute else "yes", sentence, evidence)


def _judge_tearing(read: Numbered[OutputRead]) -> Verdict:
    lines, torn = read.event["lines"], read.event["torn"]
    if not lines:
        return Verdict(TEARS, "not measured", "No line was found.", (read.number,))
    sentence = f"{torn} of {lines + torn} lines are not whole."
    return Verdict(TEARS, "no" if torn else "yes", sentence, (read.number,))


SCENARIO = Output()
