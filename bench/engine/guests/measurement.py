"""The measurement in a guest: the files it needs, and running its program over some steps."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.model.events import Event
from bench.model.steps import Step
from daemon.build import build
from provision.cache import cache_folder
from provision.errors import Problem
from provision.guest import File, Guest
from supervisors.service import TESTD, Service

PROGRAM = Path(__file__).parents[3] / "daemon" / "measure"


def payload_files(arch: str) -> list[File]:
    """Return the test daemon, the floor and the measuring program, for guests of an architecture.

    Raises Problem where there is no compiler.
    """
    binaries = build(arch, cache_folder())
    return [
        File(f"{TESTD}/testd", binaries.testd.read_bytes(), 0o755),
        File(f"{TESTD}/floor", binaries.floor.read_bytes(), 0o755),
        *(
            File(f"{TESTD}/measure/{module.relative_to(PROGRAM)}", module.read_bytes())
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
) -> list[Event]:
    """Run steps of the measuring program in a guest; return its events.

    Raises Problem where a step fails, or where the program does not end by itself in `timeout` s.
    """
    plan = {
        "dir": TESTD,
        "services": [service.name for service in services],
        "pidfiles": {
            service.name: service.pidfile for service in services if service.role == "monitor"
        },
        "seed": seed,
        "steps": list(steps),
    }
    guest.write([File(f"{TESTD}/plan.json", json.dumps(plan))])
    events: list[Event] = []

    def add_event(line: str) -> None:
        event: Event = json.loads(line)
        events.append(event)
        on_event(event)

    command = f"{guest.system.python} {TESTD}/measure {TESTD}/plan.json"
    output = guest.stream(command, add_event, timeout)
    errors = [event for event in events if event["event"] == "error"]
    if output.code != 0 or errors or not events or events[-1]["event"] != "end":
        raise Problem(
            f"On guest {guest.name}, the measuring program ended with exit code {output.code}.",
            known=f"{json.dumps(errors)[-2000:]}\n{output.stderr[-2000:]}",
        )
    return events
