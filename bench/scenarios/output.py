"""The daemon writes fast to its standard output, and ends again and again while it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bench.model.scenario import (
    Event,
    SamplingEffort,
    Scenario,
    ScenarioContext,
    Step,
    Verdict,
    WorkUnit,
)
from bench.model.stages import Stage, deadline, run_stages, stage_events
from bench.model.statistics import Metric, single
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import Service, services_of

RATE = 2000  # lines a second
LIFE = 3.0  # s: five of them start no faster than anyone's limit allows
LIVES, KILLS = 3, 2
# Under this name a supervisor says why nothing of its own keeps output.
KEEPING = "keeping output"
KEEPS, LOSES, TEARS = "keeps it", "loses no line", "tears no line"
_LINE = re.compile(r"s2 (\d+) (\d+)")
_PIECE = re.compile(r"[\d ]+")


class Output(Scenario):
    """What a daemon said last is what its operator wants to read."""

    name = "output"
    title = "fast output across restarts"
    rank = 14

    def inapplicable(self, contender: Contender) -> str:
        if contender.role == "monitor":
            return "A daemon that detaches itself has closed its output."
        return super().inapplicable(contender)

    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        expected = (LIVES + KILLS + 1) * (LIFE + 1) + 12
        if depth.budget is not None and expected > 3 * depth.budget:
            return []
        return [WorkUnit(self.name, seconds=expected, trials=1, own_guest=True)]

    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        # Of the first testd there is: the service as the contender has it.
        link = "readlink /proc/$(pgrep -o -x testd)/fd/1"
        run: Step = {"do": "run", "command": link, "deadline": 10}
        where = run_stages(turn, [Stage("where", (run,))], 60)
        first, second = services_of(turn.contender, 2)
        keep_output = replace(second, keep_output=True)
        command = turn.supervisor.output_command(turn.contender, keep_output)
        if command is None:
            return where
        turn.keep((first, keep_output))
        chatted = run_stages(turn, list(_acts(turn)), 20 * deadline(turn.contender))
        written = turn.guest.run(command).stdout
        builtin = _is_builtin(turn, keep_output)
        return [*where, *chatted, {**_read(written, chatted), "command": command, "own": builtin}]

    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        found = stage_events(samples, "read").first("written")
        if found is None:
            return [Metric("lines_lost", "", status="not measured", note="nothing keeps them")]
        return [
            single("lines_kept", "", found[1]["lines"]),
            single("lines_lost", "", _lost(found[1])),
            single("lines_torn", "", found[1]["torn"]),
        ]

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        where, found = (
            stage_events(samples, "where").first("ran"),
            stage_events(samples, "read").first("written"),
        )
        if where is None:
            sentence = "It was not seen where the output goes."
            return [Verdict(each, "not measured", sentence) for each in (KEEPS, LOSES, TEARS)]
        place = _place(where[1]["output"].strip())
        if found is None and not supervisors()[contender.supervisor].unsupported.get(KEEPING):
            sentence = f"The suite knows no way to read it: standard output is {place}."
            return [Verdict(each, "not measured", sentence) for each in (KEEPS, LOSES, TEARS)]
        if found is None:
            reason = supervisors()[contender.supervisor].unsupported[KEEPING]
            sentence = f"{reason} It goes to {place}."
            nothing = "Nothing is kept."
            return [
                Verdict(KEEPS, "no", sentence, (where[0],)),
                Verdict(LOSES, "not applicable", nothing),
                Verdict(TEARS, "not applicable", nothing),
            ]
        ends = tuple(number for number, _ in stage_events(samples, "chatting").all("exit"))
        return [_keeps(place, where[0], found), _loses(found, ends), _tears(found)]


def _acts(turn: ScenarioContext) -> Iterator[Stage]:
    back: Step = {"do": "await", "services": ["s2"], "deadline": deadline(turn.contender)}
    anew: Step = {
        **back,
        "fresh": True,
        "otherwise": turn.supervisor.start_command(turn.contender, turn.services[1]),
    }
    kill: Step = {"do": "signal", "target": "service:s2", "signal": 9}
    lived: Step = {"do": "watch", "seconds": LIFE}
    read: Step = {"do": "watch", "seconds": 0.3}
    yield Stage("before", (back, lived))
    ending = _mode(f"--chatter {RATE} --exit-after {round(LIFE * 1000)} --exit-code 1")
    yield Stage("to chat", (ending, kill, anew))
    again: Step = {**anew, "deadline": deadline(turn.contender) + LIFE}
    # The last of them is started without an end of its own.
    lives = [step for _ in range(LIVES - 1) for step in (again, read)]
    yield Stage("chatting", (*lives, _mode(f"--chatter {RATE}"), again))
    yield Stage("killed", tuple(step for _ in range(KILLS) for step in (lived, kill, anew)))
    yield Stage("silent", (lived, _mode(""), kill, anew, lived))


def _mode(text: str) -> Step:
    return {"do": "mode", "service": "s2", "text": text}


def _is_builtin(turn: ScenarioContext, logged: Service) -> bool:
    """Whether the supervisor keeps output without being told to."""
    files = turn.supervisor.files
    plain = replace(logged, keep_output=False)
    return files(turn.contender, (logged,)) == files(turn.contender, (plain,))


def _read(written: str, chatted: Iterable[Event]) -> Event:
    """What of the output is there, life by life, beside what was written.

    chatted: how many lines a life says that it wrote, None of one that was killed.
    """
    kept: dict[int, set[int]] = {}
    torn = []
    for line in written.splitlines():
        match = _LINE.fullmatch(line)
        # Cut within its number it is like one that was there before.
        if match and int(match[2]) not in kept.setdefault(int(match[1]), set()):
            kept[int(match[1])].add(int(match[2]))
        elif match or "s2 " in line or _PIECE.fullmatch(line):
            torn.append(line[:80])
    said = _said(chatted)
    lives: list[dict[str, Any]] = [
        {
            "seq": seq,
            "chatted": said.get(seq),
            "kept": len(kept.get(seq, ())),
            "last": max(kept.get(seq, ()), default=0),
        }
        for seq in sorted(kept.keys() | said.keys())
    ]
    return {
        "act": "read",
        "event": "written",
        "lines": sum(len(each) for each in kept.values()),
        "torn": len(torn),
        "torn_like": torn[:3],
        "lives": lives,
    }


def _said(chatted: Iterable[Event]) -> dict[int, int | None]:
    """Each life that was told to write, and how many lines it says that it wrote."""
    said: dict[int, int | None] = {}
    told = False
    for event in chatted:
        if event["event"] == "mode":
            told = "--chatter" in event["text"]
        elif event["event"] == "start" and event["service"] == "s2" and told:
            said.setdefault(event["seq"])
        elif event["event"] == "exit":
            said[event["seq"]] = event["chatted"]
    return said


def _lost(event: Event) -> int:
    """Lines missing: of a life that told its number, all; of a killed one, gaps before its last."""
    return sum(
        (life["last"] if life["chatted"] is None else life["chatted"]) - life["kept"]
        for life in event["lives"]
    )


def _place(link: str) -> str:
    """Where the output goes; a path of the host is what PID 1 was given."""
    return link if link.startswith(("/dev/", "pipe:", "socket:")) else "what PID 1 was given"


def _keeps(place: str, where: int, found: tuple[int, Event]) -> Verdict:
    number, event = found
    if not event["lines"]:
        sentence = f"Nothing was found by: {event['command']}; standard output is {place}."
        return Verdict(KEEPS, "no", sentence, (where, number))
    if event["own"]:
        sentence = f"By itself: {event['lines']} lines by: {event['command']}."
        return Verdict(KEEPS, "yes", sentence, (where, number))
    sentence = (
        f"Where it is given a log service: {event['lines']} lines by: {event['command']}."
        f" Without one, standard output is {place}."
    )
    return Verdict(KEEPS, "partly", sentence, (where, number))


def _loses(found: tuple[int, Event], ends: tuple[int, ...]) -> Verdict:
    number, event = found
    told = [life for life in event["lives"] if life["chatted"] is not None]
    if not told:
        return Verdict(LOSES, "not measured", "No life told how much it wrote.", (number,))
    lost = _lost(event)
    written = event["lines"] + lost
    killed = [life for life in event["lives"] if life["chatted"] is None]
    mute = sum(not life["kept"] for life in killed)
    sentence = f"{lost} of {written} lines are missing, at {RATE} a second, from" + (
        f" {len(told)} lives that ended and {len(killed)} that were killed."
        f"{f' Nothing at all is there of {mute} of those.' if mute else ''}"
    )
    return Verdict(LOSES, "no" if lost or mute else "yes", sentence, (number, *ends))


def _tears(found: tuple[int, Event]) -> Verdict:
    number, event = found
    if not event["lines"]:
        return Verdict(TEARS, "not measured", "No line was found.", (number,))
    sentence = f"{event['torn']} of {event['lines'] + event['torn']} lines are not whole."
    return Verdict(TEARS, "no" if event["torn"] else "yes", sentence, (number,))


SCENARIO = Output()
