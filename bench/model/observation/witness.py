"""The suite's witness as the program of a container: running it, and reading what it wrote down."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from bench.model.events import WITNESSED, Event
from bench.model.events.containers import MEMBERS, Member, WitnessNote
from bench.model.observation.evidence import Numbered, Samples
from bench.model.rejections import visible
from bench.model.scenario import ScenarioContext
from provision.errors import Problem
from provision.guests.guest import Guest
from supervisors.service import TESTD_FOLDER, WITNESS, Service

_LOG = f"{TESTD_FOLDER}/witness.log"
# Far beyond what a scenario makes it write, in bytes.
_LONGEST_LOG = 1_000_000
_LINE = re.compile(
    rf"({'|'.join(MEMBERS)}) (entry|main|start|signal|stopped|end|left|failed)"
    r" ([0-9]{1,9}) ([0-9]{1,9}) ([0-9]{1,18})"
)
# Seconds until the program of a container runs.
_SECONDS_TO_START = 20.0


def run_witness(context: ScenarioContext, *options: str) -> None:
    """Start the container with the witness as its program, and a new log."""
    witness = replace(context.services[0], instead=WITNESS, options=options)
    run_program(context, witness, clear=_LOG)


def run_program(context: ScenarioContext, service: Service, clear: str = "") -> None:
    """Start the container with that program. clear: a file that is removed before."""
    with context.disturbing():
        boot_ended_guest(context.guest)
        if clear:
            context.guest.run(f"rm -f {clear}")
        context.supervisor.configure(context.guest, context.contender, [service])
        context.supervisor.start(context.guest, context.contender)


def restart(context: ScenarioContext) -> None:
    """Start the container once more as it is configured."""
    with context.disturbing():
        context.supervisor.start(context.guest, context.contender)


def restore(context: ScenarioContext) -> None:
    """Run the test daemon again, which every unit of a scenario expects at its begin."""
    run_program(context, context.services[0])


def boot_ended_guest(guest: Guest) -> None:
    """Boot a guest that has ended under its system's own init: its files can then be read."""
    if guest.pid1_is_gone():
        guest.reboot()


def await_note(guest: Guest, is_it: Callable[[WitnessNote], bool], seconds: float) -> bool:
    """Wait until the witness has written such a note; return whether it has."""
    deadline = time.monotonic() + seconds
    while not any(is_it(note) for note in read_notes(guest)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def await_members(guest: Guest, since_ns: int = 0) -> None:
    """Wait until the witness and all its relatives run. Raises Problem where they do not.

    since_ns: of what has started before, nothing counts.
    """
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        starts = [note for note in read_notes(guest) if note["what"] == "start"]
        started = [note["who"] for note in starts if note["ns"] >= since_ns]
        if set(started) == set(MEMBERS):
            return
        if time.monotonic() > deadline:
            raise Problem(
                f"On guest {guest.name}, the container's program does not run.",
                known=f"started: {', '.join(started) or 'nothing'}\n{guest.quote_console()}",
            )
        time.sleep(0.02)


def read_notes(guest: Guest) -> list[WitnessNote]:
    """Read what the witness has written since the log was cleared. Raises Problem."""
    text = guest.run(f"head -c {_LONGEST_LOG} {_LOG}", check=False).stdout
    return parse_notes(text)


def parse_notes(text: str) -> list[WitnessNote]:
    """Return the notes of a log. Raises Problem for text that the witness does not write."""
    notes = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise Problem(
                "A line of witness.log is not what the witness writes.", known=visible(line)
            )
        who, what, number, sender, ns = match.groups()
        notes.append(_note(cast(Member, who), what, int(number), int(sender), int(ns)))
    return notes


def _note(who: Member, what: str, number: int, sender: int, ns: int) -> WitnessNote:
    return {
        "event": WITNESSED.name, "who": who, "what": what,
        "number": number, "sender": sender, "ns": ns,
    }  # fmt: skip


def receivers(notes: Sequence[Numbered[WitnessNote]], number: int) -> list[Member]:
    """Return who got that signal from PID 1 or from outside, in the order of MEMBERS."""
    got = {note.event["who"] for note in notes if note.event["number"] == number}
    return [member for member in MEMBERS if member in got]


def notes_between(samples: Samples, begin_ns: float, end_ns: float) -> list[Numbered[WitnessNote]]:
    """Return the notes of signals within that time.

    Without those by which the witness itself has let a stopped member go on.
    """
    own = {note.event["number"] for note in samples.all(WITNESSED, who="apart", what="start")}
    return [
        note
        for note in samples.all(WITNESSED)
        if note.event["what"] in ("signal", "stopped")
        and begin_ns <= note.event["ns"] < end_ns
        and note.event["sender"] not in own
    ]


def name_members(members: Sequence[Member]) -> str:
    """Name them in a sentence."""
    words: dict[Member, str] = {
        "child": "the program",
        "group": "its group",
        "session": "its session",
        "apart": "a session apart",
    }
    *others, last = [words[member] for member in members] or ["nobody"]
    return f"{', '.join(others)} and {last}" if others else last


def as_events(notes: Sequence[WitnessNote]) -> list[Event]:
    """Return the notes as samples of a scenario."""
    return list(notes)
