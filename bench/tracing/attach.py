"""Tracing of a run: record a trace, then add the kernel's stamps to the run."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager

from bench.model.events import Event
from bench.model.run_file import ContenderResult, TraceAgreement
from bench.model.selection.contenders import SelectedContender
from bench.recording.quality.floor import compare_with_floor
from bench.recording.quality.run_warnings import run_warnings
from bench.recording.store import Record
from bench.tracing.agreement import (
    GuestKey,
    TraceCounts,
    agreement_stats,
    match_samples,
    pid_namespaces,
)
from bench.tracing.recorder import record_trace, traced_events, why_untraceable
from bench.tracing.restart_parts import PART_METRICS, restart_part_metrics
from bench.tracing.trace import Trace
from provision.errors import Problem
from provision.provider import Notify, Provider


def check_traceable(provider: Provider) -> None:
    """Raise Problem where the kernel of the provider's guests cannot be traced."""
    if provider.shares_kernel:
        reason = why_untraceable()
    else:
        reason = f"guests of {provider.name} have their own kernels"
    if reason:
        raise Problem(
            f"--trace is not possible here: {reason}.",
            advice="Leave it out. ./inv calibrate checks what it can without a trace.",
            usage=True,
        )


@contextmanager
def trace_run(
    record: Record, contenders: Iterable[SelectedContender], notify: Notify
) -> Iterator[None]:
    """Trace a run during the block, then add the kernel's stamps to its record.

    notify: called before the trace is read, which can take half a minute.
    """
    supervisors = {selected.supervisor for selected in contenders}
    names = {
        name
        for supervisor in supervisors
        for name in supervisor.process_names | supervisor.thread_patterns
    }
    logs = record.folder / "logs"
    output = logs / f"trace-{1 + len(list(logs.glob('trace-*')))}.txt"
    earlier, recording = pid_namespaces(record.run), None
    try:
        with record_trace(output, traced_events(names)) as recording:
            yield
    finally:
        # Also after Ctrl-C: results up to then are kept, and so are the kernel's stamps.
        if recording and recording.lost is not None:
            notify("reading the kernel's trace")
            attach_trace(record, recording.read(), f"logs/{output.name}.gz", earlier)


def attach_trace(record: Record, trace: Trace, file: str, earlier: Container[GuestKey]) -> None:
    """Add the kernel's stamps to a run's samples, and the resulting figures.

    file: path of the trace, relative to the run's folder. earlier: guests of an earlier part of
    the run, which this trace does not cover.
    """
    run, samples = record.run, record.read_samples()
    previous = run.get("trace")
    counts = match_samples(run, samples, trace, earlier)
    traces: list[TraceCounts | TraceAgreement] = [counts]
    if previous:
        traces.append(previous)
    run["trace"] = {**agreement_stats(run, samples, traces), "file": file}
    for contender in run["contenders"]:
        _set_part_metrics(contender, samples)
    compare_with_floor(run)
    run["warnings"] = run_warnings(run)
    record.replace_samples(samples)


def _set_part_metrics(contender: ContenderResult, samples: Iterable[Event]) -> None:
    restart = contender["scenarios"].get("restart")
    if not restart:
        return
    own = [
        sample
        for sample in samples
        if (sample["contender"], sample["scenario"]) == (contender["name"], "restart")
    ]
    others = [metric for metric in restart["metrics"] if metric["metric"] not in PART_METRICS]
    restart["metrics"] = [*others, *(metric.as_dict() for metric in restart_part_metrics(own))]
