"""One restart of the floor in a guest of its own: the shortest proof that this host can measure."""

from __future__ import annotations

import os
import platform

from bench.engine.guests import measurement
from bench.model.events import RESTART, events_of_kind
from bench.model.observation.latency import SHORT_UPTIME, restart_latencies
from bench.model.observation.timing import deadline
from bench.model.run_file import FLOOR
from bench.model.steps import TrialsStep
from provision.errors import Problem
from provision.provider import Provider
from provision.systems import System
from supervisors import supervisors
from supervisors.service import services_of


class NoImage(Problem):
    """There is no image yet, and building one takes a minute."""


def restart_floor(provider: Provider, system: System) -> float:
    """Boot a guest with the floor as PID 1, kill its daemon, and return the ms of the restart.

    Raises Problem; NoImage where a guest's image would have to be built.
    """
    provider.prepare(system, _refuse_build)
    floor = supervisors()[FLOOR]
    contender = next(candidate for candidate in floor.contenders if candidate.pid1)
    services = services_of(contender, 1)
    guest = provider.up(
        f"doctor-{os.getpid()}", system, files=measurement.payload_files(platform.machine())
    )
    trial: TrialsStep = {
        "do": "trials",
        "service": services[0].name,
        "signal": 9,
        "groups": [{"name": "short", "trials": 1, "uptime": [SHORT_UPTIME] * 2}],
        "deadline": deadline(contender),
    }
    try:
        floor.configure(guest, contender, services)
        floor.start(guest, contender)
        with guest.measured():
            events = measurement.run_measurement(
                guest, services, [trial], seed=1, timeout=60, on_event=lambda event: None
            )
    finally:
        guest.destroy()
    latencies = restart_latencies(events_of_kind(events, RESTART))
    if not latencies:
        raise Problem(
            "The floor did not restart its daemon.", advice=f"Look at it: ./inv try {FLOOR}"
        )
    return latencies[0]


def _refuse_build(sentence: str) -> None:
    raise NoImage("There is no image yet; the first ./inv bench builds it in about a minute.")
