"""Establishes the initial state of a unit, and verifies it by a snapshot of the guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bench.model import steps
from bench.model.events import SNAPSHOT, Event, events_of_kind
from bench.model.events.added import StateVerified
from bench.model.events.parts import ProcessInfo
from bench.model.events.program import Snapshot
from bench.model.initial_state import InitialState
from bench.model.observation.processes import daemon_children, daemons, is_alive
from bench.model.observation.timing import deadline, elapsed
from bench.model.steps import Step
from provision.errors import Problem
from supervisors.contender import Contender
from supervisors.service import services_of

# A flag of personality(2).
_ADDR_NO_RANDOMIZE = 0x0040000
Measure = Callable[[Sequence[Step], float], list[Event]]


def establish(
    state: InitialState, contender: Contender, measure: Measure, seen: Snapshot | None
) -> StateVerified:
    """Wait until the guest is in that state; return the evidence. Raises Problem if it is not.

    measure: runs steps of the measuring program within a timeout in seconds. seen: a snapshot of
    the guest since which nothing was done to it; None where there is none.
    """
    names = [service.name for service in services_of(contender, state.services)]
    wait = deadline(contender, state.services)
    snapshot = seen or _take_snapshot(measure, [steps.await_up(names, wait)], wait)
    required = state.min_uptime(contender, _starts(snapshot))
    lacking = required - _shortest_uptime(snapshot)
    if lacking > 0:
        snapshot = _take_snapshot(measure, [steps.watch(lacking)], lacking)
    alive = _daemon_pids(snapshot, contender)
    faults = list(_faults(snapshot, alive, state, names, required))
    if faults:
        raise Problem(
            f"A guest of {contender.name} is not in the state in which the scenario begins.",
            known="\n".join(faults),
            advice=f"./inv try {contender.supervisor} opens a shell in such a guest.",
        )
    return {
        "event": "state",
        "ns": snapshot["ns"],
        "services": len(names),
        "processes": len(snapshot["processes"]),
        "starts": _starts(snapshot),
        "uptime_s": round(_shortest_uptime(snapshot), 3),
        "fixed_addresses": all(_has_fixed_addresses(process) for process in daemons(snapshot)),
    }


def _take_snapshot(measure: Measure, before: list[Step], seconds: float) -> Snapshot:
    events = measure([*before, steps.snapshot()], seconds + 60)
    return events_of_kind(events, SNAPSHOT)[-1]


def _starts(snapshot: Snapshot) -> int:
    return sum(record["starts"] for record in snapshot["services"])


def _shortest_uptime(snapshot: Snapshot) -> float:
    """Return the seconds for which every daemon of a service has run; 0 where one never did."""
    stamps = [record["main_ns"] for record in snapshot["services"]]
    return elapsed(max(stamps), snapshot["ns"]) if all(stamps) else 0.0


def _has_fixed_addresses(process: ProcessInfo) -> bool:
    return bool((process["personality"] or 0) & _ADDR_NO_RANDOMIZE)


def _daemon_pids(snapshot: Snapshot, contender: Contender) -> set[int]:
    """Return the pids of all daemons that live; of a person's own program, by the records."""
    if contender.own_daemon is None:
        return {process["pid"] for process in daemons(snapshot)}
    recorded = {pid for record in snapshot["services"] for pid in record["pids"]}
    return {pid for pid in recorded if is_alive(snapshot, pid)}


def _faults(
    snapshot: Snapshot,
    alive: set[int],
    state: InitialState,
    names: Sequence[str],
    required: float,
) -> Iterator[str]:
    expected: set[int] = set()
    for record in snapshot["services"]:
        name, pids = record["service"], record["pids"]
        expected.update(pids)
        if len(pids) != 1 or not alive.issuperset(pids):
            yield f"{name} has {len(alive.intersection(pids))} daemons, not 1."
        if record["mode"]:
            yield f"{name} has options from a mode file: {record['mode'].strip()}."
        if state.first_life and record["starts"] != 1:
            yield f"{name} was started {record['starts']} times, not once."
    if strangers := alive - expected:
        yield f"{len(strangers)} daemons run that belong to none of {', '.join(names)}."
    if children := daemon_children(snapshot):
        yield f"{len(children)} children of daemons are left."
    # A daemon inherits this from the supervisor that has started it.
    if state.fixed_addresses and not all(map(_has_fixed_addresses, daemons(snapshot))):
        yield "A daemon runs at random addresses: its supervisor was not started by setarch -R."
    if (uptime := _shortest_uptime(snapshot)) < required:
        yield f"A daemon has run for {uptime:.1f} s, not for {required:g} s."
