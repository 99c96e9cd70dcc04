"""One run of `bench`: from a request to a folder of results."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.engine import measurement
from bench.engine.baseline import find_baseline_job, measure_baseline
from bench.engine.calibration_store import instrument, latest
from bench.engine.collector import ResultCollector
from bench.engine.live_guests import LiveGuests
from bench.engine.lock import exclusive_run_lock
from bench.engine.noise_gate import NoiseGate
from bench.engine.observer import Observer
from bench.engine.plan import Plan, make_plan
from bench.engine.request import BenchRequest
from bench.engine.resume import EarlierPart, check_same_means, load_earlier_part
from bench.engine.scheduler import Scheduler
from bench.engine.session import SessionContext
from bench.model.host_info import host_facts, own_cpu_seconds
from bench.model.scenario import SamplingEffort
from bench.model.selection import SelectedContender
from bench.recording.store import Record
from bench.recording.supervisor_info import add_line_counts, supervisor_info
from bench.tracing.compare import check_traceable, witnessed
from provision.cache import give_to_sudo_caller
from provision.provider import Provider
from provision.registry import choose_provider

TRIALS, TRIALS_QUICK = 30, 6
# Identical guests of one contender at most; guests one after the other where one runs at a time.
REPLICAS, ROUNDS = 16, 3
# Seconds of trials in one guest after which the rest goes to further guests.
GUEST_SECONDS, GUEST_SECONDS_QUICK = 110.0, 25.0
# Seconds that two trials may take in a quick run.
BUDGET_QUICK = 30.0


def run_bench(request: BenchRequest, observer: Observer, results: Path | None = None) -> Record:
    """Measure what is requested; return the finished run. Raises Problem.

    results: the folder of runs if it is not the usual one. Ctrl-C raises KeyboardInterrupt once the
    guests are destroyed and what was measured is on disk.
    """
    with exclusive_run_lock():
        earlier = load_earlier_part(request)
        contenders = earlier.due_contenders(request) if earlier else list(request.contenders)
        if earlier and not _anything_due(earlier, contenders, observer):
            return earlier.record
        provider, reason = choose_provider(
            request.options.provider, request.system, request.options.box
        )
        if request.options.trace:
            check_traceable(provider)
        if earlier:
            check_same_means(earlier.record, provider)
        plan = make_plan(
            contenders,
            request.scenarios,
            sampling_effort(request, provider),
            provider.parallel,
            earlier.kept() if earlier else {},
        )
        record = (
            earlier.record if earlier else _create_record(request, provider, reason, plan, results)
        )
        record.run["bound"] = round(plan.min_seconds, 1)
        observer.planned(plan, [f"{provider.name}: {reason}"])
        _prepare(provider, request, observer)
        if earlier:
            record.forget(earlier.due)
        tracing = (
            witnessed(record, contenders, observer.note) if request.options.trace else nullcontext()
        )
        with tracing:
            execute(plan, contenders, request, provider, record, observer)
        give_to_sudo_caller(record.folder)
    return record


def execute(
    plan: Plan,
    contenders: Sequence[SelectedContender],
    request: BenchRequest,
    provider: Provider,
    record: Record,
    observer: Observer,
) -> None:
    """Run the plan and write its results, however it ends."""
    started = time.monotonic()
    collector = ResultCollector(record, request.scenarios, observer)
    context = SessionContext(
        request=request,
        provider=provider,
        payload=measurement.payload_files(platform.machine()),
        time_slots=_time_slots(plan, provider),
        gate=NoiseGate((os.cpu_count() or 1) + 1, own_cpu_seconds),
        guests=LiveGuests(),
        collector=collector,
        observer=observer,
    )
    collector.expect(plan, contenders)
    try:
        baseline_job = find_baseline_job(plan.jobs)
        if baseline_job and provider.parallel > 1:
            record.run["alone"] = measure_baseline(baseline_job, len(plan.jobs), context)
        Scheduler(context).run(plan)
    except BaseException:
        context.guests.destroy_all()
        raise
    finally:
        collector.finish(time.monotonic() - started, context.gate.own_load)


def sampling_effort(request: BenchRequest, provider: Provider) -> SamplingEffort:
    """Decide how much is measured, and in how many guests."""
    options = request.options
    trials = options.trials or (TRIALS_QUICK if options.quick else TRIALS)
    replicas = min(REPLICAS, provider.parallel)
    if options.quick:
        return SamplingEffort(trials, GUEST_SECONDS_QUICK, BUDGET_QUICK, replicas, options.seed)
    rounds = ROUNDS if provider.parallel == 1 else 1
    return SamplingEffort(trials, GUEST_SECONDS, None, replicas, options.seed, rounds)


def _anything_due(
    earlier: EarlierPart, contenders: Sequence[SelectedContender], observer: Observer
) -> bool:
    record = earlier.record
    if add_line_counts(record.run["supervisors"]):
        record.save()
    if not contenders:
        observer.note(f"{record.run['id']} is complete: nothing to measure again.")
    return bool(contenders)


def _prepare(provider: Provider, request: BenchRequest, observer: Observer) -> None:
    """Remove guests that an earlier suite left behind, and build the image."""
    for name in provider.leftovers():
        provider.remove(name)
    provider.prepare(request.system, observer.note)


def _time_slots(plan: Plan, provider: Provider) -> dict[tuple[str, int], int]:
    """Give each guest of an event-driven contender a slot of time for its kills."""
    if provider.parallel == 1:
        return {}
    guests = [
        (job.selected.name, job.replica)
        for job in plan.jobs
        if job.selected.contender.period is None
    ]
    return {guest: slot for slot, guest in enumerate(guests)}


def _create_record(
    request: BenchRequest, provider: Provider, reason: str, plan: Plan, results: Path | None
) -> Record:
    quick = "-quick" if request.options.quick else ""
    supervisors = {selected.supervisor for selected in request.contenders}
    supervisors |= {absent.supervisor for absent in request.absent}
    sources = {selected.supervisor.name: selected.source for selected in request.contenders}
    header: dict[str, Any] = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "ended": None,
        "options": request.options.as_json(),
        "quick": request.options.quick,
        "system": request.system.record(),
        "provider": {"name": provider.name, "reason": reason},
        "host": host_facts(),
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
        "supervisors": supervisor_info(supervisors, request.system, sources),
    }
    return Record.create(f"{request.system.name}-{provider.name}{quick}", header, results)
