"""Measures the floor with no other guest running: the baseline for what other guests add."""

from __future__ import annotations

from dataclasses import replace

from bench.engine.guests import measurement
from bench.engine.guests.session import GuestSession, SessionContext
from bench.engine.plan import Job
from bench.model.events import RESTART, events_of_kind
from bench.model.events.program import RestartTrial
from bench.model.observation.latency import SHORT_UPTIME
from bench.model.run_file import FloorAlone
from bench.model.steps import Step, TrialGroup
from supervisors.service import services_of

TRIALS, WARM_UP_TRIALS = 10, 2


def measure_baseline(job: Job, replica: int, context: SessionContext) -> FloorAlone:
    """Measure the floor alone in a guest of that replica number; return run.json's `alone`."""
    contender = job.selected.contender
    group: TrialGroup = {"name": "alone", "trials": TRIALS, "uptime": [SHORT_UPTIME] * 2}
    steps: list[Step] = [
        {"do": "trials", "service": "s1", "signal": 9, "groups": [group],
         "warmup": WARM_UP_TRIALS, "deadline": 15, "limit": None, "slot": None, "ready": False},
    ]  # fmt: skip
    session = GuestSession(replace(job, replica=replica), context)
    try:
        guest = session.set_up()
        session.phases.enter("measure alone")
        with guest.measured():
            events = measurement.run_measurement(
                guest,
                services_of(contender, 1),
                steps,
                seed=context.request.options.seed,
                timeout=90,
                on_event=lambda _: None,
            )
    finally:
        if session.guest is not None:
            session.guest.destroy()
            context.guests.remove(session.guest)
    restart = next(scenario for scenario in context.request.scenarios if scenario.name == "restart")
    trials: list[RestartTrial] = [
        {**trial, "group": "long"} for trial in events_of_kind(events, RESTART)
    ]
    metrics = restart.conclude(contender, trials)
    return {**metrics[0].as_dict(), "metric": "restart_alone", "pid1": contender.pid1}
