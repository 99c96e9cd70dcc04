"""The measurement in a guest: the files it needs, and running its program over some steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.engine.guests.event_checks.event_stream import EventStream
from bench.engine.guests.trial_keeper import TrialKeeper
from bench.model.events import ERROR, Event, events_of_kind
from bench.model.events.wire import NOT_AN_OBJECT
from bench.model.rejections import Rejections, visible
from bench.model.steps import Step
from daemon.build import build
from provision.cache import cache_folder
from provision.errors import Problem
from provision.guests.bytecode import python_command
from provision.guests.commands import Output
from provision.guests.files import File
from provision.guests.guest import Guest
from supervisors.service import ENTRY, TESTD_FOLDER, WITNESS, Service

PROGRAM = Path(__file__).parents[3] / "daemon" / "measure"


def payload_files(arch: str) -> list[File]:
    """Return what every guest of an architecture gets: the instrument, and a container's programs.

    Raises Problem where there is no compiler.
    """
    binaries = build(arch, cache_folder())
    return [
        *instrument_files(arch),
        File(ENTRY, binaries.entry.read_bytes(), 0o755),
        File(WITNESS, binaries.witness.read_bytes(), 0o755),
    ]


def instrument_files(arch: str) -> list[File]:
    """Return what times are measured with: the daemon, the floor and the measuring program.

    Raises Problem where there is no compiler.
    """
    binaries = build(arch, cache_folder())
    return [
        File(f"{TESTD_FOLDER}/testd", binaries.testd.read_bytes(), 0o755),
        File(f"{TESTD_FOLDER}/floor", binaries.floor.read_bytes(), 0o755),
        *(
            File(f"{TESTD_FOLDER}/measure/{module.relative_to(PROGRAM)}", module.read_bytes())
            for module in sorted(PROGRAM.rglob("*.py"))
        ),
    ]


def run_measurement(
    guest: Guest,
    services: Sequence[Service],
    steps: Sequence[Step],
    *,
    seed: int,
    timeout: float,
    on_event: Callable[[Event], None],
    rejections: Rejections | None = None,
    earlier_services: Iterable[str] = (),
    keeper: TrialKeeper | None = None,
) -> list[Event]:
    """Run steps of the measuring program in a guest; return its events.

    rejections: takes the lines that cannot be true; without it such a line raises Problem.
    earlier_services: names of services whose daemons may still run in the guest. keeper: takes each
    trial once later stamps have confirmed it.
    Raises Problem where a step fails, or where the program does not end by itself in `timeout` s.
    """
    rejected = Rejections()
    names = {*earlier_services, *(service.name for service in services)}
    stream = EventStream(steps, names, rejected)

    def add_event(line: str) -> None:
        event = stream.add(line)
        if keeper is not None:
            keeper.keep(stream.take_confirmed_trials(), rejected)
        if event is not None:
            on_event(event)

    command = f"{python_command(guest.system)} {TESTD_FOLDER}/measure -"
    try:
        output = guest.stream(command, add_event, timeout, _plan(services, steps, seed))
        if not stream.is_complete and stream.last_rejected == NOT_AN_OBJECT:
            rejected.explain_cut_line(NOT_AN_OBJECT)
    finally:
        if rejections is not None:
            rejections.update(rejected)
    _check_outcome(guest, output, stream)
    if rejections is None and rejected.unexplained:
        raise Problem(f"On guest {guest.name}, {rejected.summary()}.", known=rejected.log_text())
    return stream.events


def _plan(services: Sequence[Service], steps: Sequence[Step], seed: int) -> bytes:
    """Return what tells the measuring program what to do; daemon/README.md explains it."""
    own = next((service.own_daemon for service in services if service.own_daemon), None)
    plan = {
        "dir": TESTD_FOLDER,
        "services": [service.name for service in services],
        "pidfiles": {
            service.name: service.pidfile for service in services if service.role == "monitor"
        },
        "readiness": own.readiness.as_plan() if own else None,
        "seed": seed,
        "steps": list(steps),
    }
    return json.dumps(plan).encode()


def _check_outcome(guest: Guest, output: Output, stream: EventStream) -> None:
    """Raise Problem unless the program has ended well, and every step has its event."""
    errors = events_of_kind(stream.events, ERROR)
    if output.code != 0 or errors or not stream.is_complete:
        raise Problem(
            f"On guest {guest.name}, the measuring program ended with exit code {output.code}.",
            known=f"{json.dumps(errors)[-2000:]}\n{visible(output.stderr[-2000:])}",
        )
