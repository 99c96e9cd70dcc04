"""Events of a container's PID 1, as short as a test needs them."""

from __future__ import annotations

from bench.model.events import Event
from bench.model.events.containers import MEMBERS, ContainerEnded, Member, SignalToPid1, WitnessNote

# ns between two signals.
STEP = 1_000_000


def sent(number: int, ns: int, *, ended: bool = False) -> SignalToPid1:
    return {"event": "sent", "number": number, "ns": ns, "ended": ended, "seconds": 0.15}


def note(who: Member, what: str, number: int = 0, *, ns: int = 0, sender: int = 1) -> WitnessNote:
    return {
        "event": "witnessed", "who": who, "what": what,
        "number": number, "sender": sender, "ns": ns,
    }  # fmt: skip


def starts() -> list[Event]:
    """Return the notes of a container that has just started; the pids are 2, 3, 4 and 5."""
    return [note(who, "start", pid) for pid, who in enumerate(MEMBERS, 2)]


def fates(*signals: tuple[int, dict[Member, int]]) -> list[Event]:
    """Return the samples of signals sent one after the other, and which one each member got."""
    events: list[Event] = []
    notes: list[Event] = starts()
    for index, (number, got) in enumerate(signals, 1):
        ns = index * STEP
        events.append(sent(number, ns))
        notes += [note(who, "signal", instead, ns=ns + 1) for who, instead in got.items()]
    return [*events, *notes]


def ended(
    seconds: float = 0.1,
    status: int | None = 0,
    *,
    killed: bool = False,
    expected: int | None = None,
) -> ContainerEnded:
    return {
        "event": "container ended", "seconds": seconds, "killed": killed,
        "status": status, "expected": expected,
    }  # fmt: skip
