"""Finding in samples what a verdict rests on, and saying it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.model.scenario import Event
from bench.model.stages import deadline, format_duration
from supervisors.contender import Contender

# Limits over a longer time than this, in s, are kept by spreading over guests, not by waiting.
LONG_WINDOW = 30.0
Found = list[tuple[int, Event]]


def find(samples: Sequence[Event], event: str, **where: Any) -> Found:
    """The samples of that event whose fields have those values, with their numbers."""
    return [
        (number, each)
        for number, each in enumerate(samples)
        if each["event"] == event and all(each.get(key) == value for key, value in where.items())
    ]


def of_act(samples: Sequence[Event], name: str) -> Found:
    """Every sample of one act of a scenario, as `marked` marked it, with its number."""
    return [(number, each) for number, each in enumerate(samples) if each.get("act") == name]


def marked(name: str, events: Sequence[Event]) -> list[Event]:
    """Events that belong to one act of a scenario."""
    return [{"act": name, **event} for event in events]


def numbers(*found: Found) -> tuple[int, ...]:
    """The numbers of those samples, in order."""
    return tuple(sorted({number for each in found for number, _ in each}))


def duration(ns: float) -> str:
    """Nanoseconds as people read a time."""
    return format_duration(ns / 1e9)


def patience(contender: Contender, services: int = 1) -> float:
    """Seconds after which nothing more is to be expected of it, with that many services.

    A poller that starts them one after the other takes up to half a second for each.
    """
    return deadline(contender) + 0.5 * services


def one_look(contender: Contender) -> float:
    """Seconds within which it has looked once for certain, and has done what it found to do."""
    return 1.2 * (contender.period or 0.0) + 5.0


def rationed(contender: Contender) -> bool:
    """Whether its starts are limited over so long a time that one guest can see only a few."""
    if contender.start_limit is None:
        return False
    period = contender.start_limit.seconds
    return period is None or period > LONG_WINDOW


def spacing(contender: Contender) -> float:
    """Seconds between two starts of a service that keep to limits over a short time."""
    if contender.periodic_limit is None or rationed(contender):
        return contender.settled_uptime
    count, window = contender.periodic_limit
    return max(contender.settled_uptime, window / (count - 1))


def cpu_used(before: Event, after: Event) -> int:
    """CPU time in ns that the supervision tree used between two marks of it.

    Helpers that came and went between them are not seen.
    """
    known = {(each["pid"], each["starttime"]): each for each in before["processes"]}
    return sum(_used(known.get((u["pid"], u["starttime"])), u) for u in after["processes"])


def _used(before: Event | None, after: Event) -> int:
    if before is None:
        return int(after["cpu_ns"])
    # Threads that have ended took their time along; the ticks of their process have it.
    gone = set(before["threads"]) - set(after["threads"])
    key = "ticks_ns" if gone else "cpu_ns"
    return int(after[key] - before[key])


def daemons(picture: Event) -> list[Event]:
    """The test daemons alive in a snapshot, whoever started them."""
    return [
        each for each in picture["processes"] if each["comm"] == "testd" and each["state"] != "Z"
    ]


def alive(picture: Event, pid: int) -> bool:
    """Whether that process lives in a snapshot."""
    return any(each["pid"] == pid and each["state"] != "Z" for each in picture["processes"])
