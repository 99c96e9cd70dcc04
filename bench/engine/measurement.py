"""What every guest is given before anything is measured: the daemon, the floor, the measurer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.model.scenario import Event, Step
from daemon.build import build
from provision.cache import cache_folder
from provision.errors import Problem
from provision.guest import File, Guest
from supervisors.service import TESTD, Service

_MEASURE = Path(__file__).parents[2] / "daemon" / "measure.py"


def payload_files(arch: str) -> list[File]:
    """The kit for guests of that architecture. Raises Problem where there is no compiler."""
    built = build(arch, cache_folder())
    return [
        File(f"{TESTD}/testd", built.testd.read_bytes(), 0o755),
        File(f"{TESTD}/floor", built.floor.read_bytes(), 0o755),
        File(f"{TESTD}/measure.py", _MEASURE.read_bytes()),
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
    """Run steps of the measuring program in a guest; returns what it said. Raises Problem."""
    plan = {
        "dir": TESTD,
        "services": [service.name for service in services],
        "pidfiles": {each.name: each.pidfile for each in services if each.role == "monitor"},
        "seed": seed,
        "steps": list(steps),
    }
    guest.write([File(f"{TESTD}/plan.json", json.dumps(plan))])
    events: list[Event] = []

    def take(line: str) -> None:
        event = json.loads(line)
        events.append(event)
        on_event(event)

    said = guest.stream(
        f"{guest.system.python} {TESTD}/measure.py {TESTD}/plan.json", take, timeout
    )
    errors = [event for event in events if event["event"] == "error"]
    if said.code != 0 or errors or not events or events[-1]["event"] != "end":
        raise Problem(
            f"On guest {guest.name}, the measuring program ended with exit code {said.code}.",
            known=f"{json.dumps(errors)[-2000:]}\n{said.stderr[-2000:]}",
        )
    return events
