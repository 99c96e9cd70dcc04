"""One run of `bench`: from a request to a folder of results."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from bench.engine.baseline import measure_baseline
from bench.engine.calibration_store import instrument, latest
from bench.engine.collector import ResultCollector
from bench.engine.guests import measurement
from bench.engine.guests.leftovers import remaining_guests, remaining_line, remove_guests
from bench.engine.guests.live_guests import LiveGuests
from bench.engine.guests.noise_gate import NoiseGate, max_setups_at_once
from bench.engine.guests.session import SessionContext
from bench.engine.guests.time_slots import TimeSlots
from bench.engine.interrupt import KEPT, interrupted_once
from bench.engine.lock import exclusive_run_lock
from bench.engine.observer import Observer
from bench.engine.plan import LOUD_AT_ONCE, Job, Plan, find_baseline_job, make_plan
from bench.engine.request.resolve import BenchRequest
from bench.engine.request.resume import (
    check_same_host_and_instrument,
    find_pairs_to_measure,
    kept_results,
    load_latest_run,
)
from bench.engine.scheduler import Scheduler
from bench.model.host_info import host_facts
from bench.model.run_file import SystemFacts
from bench.model.run_file.run_systems import systems_of_run
from bench.model.selection.contenders import SelectedContender
from bench.recording.store import Record
from bench.recording.supervisor_info import add_line_counts, supervisor_info
from bench.tracing.attach import trace_run
from provision.errors import Problem
from provision.errors.os_errors import describe_failure
from provision.provider import GuestState, Provider


def run_bench(
    request: BenchRequest, observer: Observer, results: Path | None = None, patience: float = 0.0
) -> Record:
    """Measure what is requested; return the finished run. Raises Problem.

    results: the folder of runs if it is not the usual one. patience: seconds to wait for another
    run on this host. Ctrl-C raises KeyboardInterrupt once the guests are destroyed and what was
    measured is on disk.
    """
    with exclusive_run_lock(patience, observer.note):
        return run_locked_bench(request, observer, results)


def run_locked_bench(
    request: BenchRequest, observer: Observer, results: Path | None = None
) -> Record:
    """Do as run_bench, for a caller that holds this host's lock for more than this run."""
    record = load_latest_run() if request.options.continues_latest else None
    pairs_to_measure = find_pairs_to_measure(record, request) if record else frozenset()
    contenders = list(request.contenders)
    if record is not None:
        names = {name for name, _ in pairs_to_measure}
        contenders = [selected for selected in contenders if selected.name in names]
        if not contenders:
            _close_complete_run(record, observer)
            return record
        check_same_host_and_instrument(record, request.provider)
    kept = kept_results(record, pairs_to_measure) if record else {}
    plan = make_plan(
        contenders, request.scenarios, request.effort, request.provider.max_guests, kept
    )
    if record is None:
        record = Record.begin(results)
        record.describe(*_run_header(request, plan))
    record.run["bound"] = round(plan.min_seconds, 1)
    chosen = f"{request.provider.name}: {request.provider_reason}"
    observer.planned(
        plan, [chosen, *request.provider.describe_limits(), *_left_out(request.unfilled)]
    )
    prepare(request, contenders, observer)
    if pairs_to_measure:
        record.run["ended"] = None
        record.drop_scenarios(pairs_to_measure)
    tracing = (
        trace_run(record, contenders, observer.note) if request.options.trace else nullcontext()
    )
    with interrupted_once(), tracing:
        execute(plan, contenders, request, record, observer)
    return record


def execute(
    plan: Plan,
    contenders: Sequence[SelectedContender],
    request: BenchRequest,
    record: Record,
    observer: Observer,
) -> None:
    """Run the plan and write its results, however it ends."""
    started = time.monotonic()
    collector = ResultCollector(record, request.scenarios, observer)
    slots = TimeSlots()
    context = SessionContext(
        request=request,
        payload=measurement.payload_files(platform.machine()),
        time_slots=slots,
        gate=NoiseGate(max_setups_at_once(), time.process_time, LOUD_AT_ONCE, slots.deal),
        guests=LiveGuests(),
        collector=collector,
        observer=observer,
    )
    collector.expect(plan, contenders)
    try:
        baseline_job = find_baseline_job(plan.jobs)
        if baseline_job and request.provider.max_guests > 1:
            _add_baseline(record, baseline_job, len(plan.jobs), context)
        Scheduler(context).run(plan)
    except BaseException as failure:
        # Where one cannot be removed, the lines below name it.
        with suppress(Exception):
            context.guests.destroy_all()
        if isinstance(failure, KeyboardInterrupt):
            failure.args = (KEPT,)
        raise
    finally:
        try:
            collector.finish(time.monotonic() - started, context.gate.own_load)
        finally:
            _name_remaining_guests(request.provider, observer)


def _add_baseline(record: Record, job: Job, replica: int, context: SessionContext) -> None:
    """Measure the floor alone. Where that fails, the run goes on without a baseline."""
    try:
        record.run["alone"] = measure_baseline(job, replica, context)
    except Exception as failure:
        context.observer.note(
            "The floor alone cannot be measured, and the run goes on without it:"
            f" {describe_failure(failure)}"
        )


def _name_remaining_guests(provider: Provider, observer: Observer) -> None:
    """Say which guests of this run could not be removed."""
    names = remaining_guests(provider)
    if not names:
        return
    observer.note(remaining_line(names))
    interrupt = sys.exc_info()[1]
    if isinstance(interrupt, KeyboardInterrupt):
        interrupt.args = (f"finished measurements are kept.\n{remaining_line(names)}",)


def _close_complete_run(record: Record, observer: Observer) -> None:
    """Add the lines of code counted since; say that there is nothing to measure."""
    if add_line_counts(record.run["supervisors"]):
        record.save()
    observer.note(f"{record.run['id']} is complete: nothing to measure again.")


def _left_out(unfilled: Sequence[str]) -> list[str]:
    return [
        f"supervisors/{name} is left out, because it is not filled in: ./inv check {name} says what"
        f" it lacks; --only={name} measures it as it is."
        for name in unfilled
    ]


def prepare(
    request: BenchRequest, contenders: Sequence[SelectedContender], observer: Observer
) -> None:
    """Remove guests that an earlier suite left behind, and build the contenders' images."""
    for outcome in remove_guests(request.provider, (GuestState.ORPHANED,)):
        if isinstance(outcome, Problem):  # it is in no run's way but its own
            observer.note(str(outcome))
    for system in request.systems:
        if any(selected.system == system for selected in contenders):
            request.provider.prepare(system, observer.note)


def _run_header(request: BenchRequest, plan: Plan) -> tuple[str, dict[str, Any]]:
    """Return the run's name, and what run.json says of it before anything is measured."""
    quick = "-quick" if request.options.quick else ""
    names = "-".join(system.name for system in request.systems)
    name = f"{names}-{request.provider.name}{quick}"
    supervisors = {selected.supervisor for selected in request.contenders}
    supervisors |= {absent.supervisor for absent in request.absent}
    return name, {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "ended": None,
        "options": request.options.as_json(),
        "quick": request.options.quick,
        **systems_of_run([cast(SystemFacts, system.record()) for system in request.systems]),
        "provider": {"name": request.provider.name, "reason": request.provider_reason},
        "host": {**host_facts(), **request.provider.kernel_facts()},
        "instrument": instrument(),
        "plan": {"lines": plan.lines(), "seconds": round(plan.seconds, 1)},
        "absent": [
            {
                "supervisor": absent.supervisor.name,
                "title": absent.supervisor.title,
                "reason": f"{absent.reason} (or --overlay={absent.supervisor.name}=DIR)",
            }
            for absent in request.absent
        ],
        "alone": None,
        "calibration": latest(),
        "warnings": [],
        "supervisors": supervisor_info(supervisors, request.systems, request.contenders),
        "scenario_titles": {scenario.name: scenario.title for scenario in request.scenarios},
    }
