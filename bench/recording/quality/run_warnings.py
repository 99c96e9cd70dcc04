"""What a reader must know before believing a run's figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from bench.model.run_file import TOO_NOISY, FloorFigure, Run, TraceAgreement
from bench.model.run_file.measured_daemon import describe_daemon, is_of_own_daemon
from bench.recording.quality.disturbances import disturbed_contenders
from bench.recording.quality.floor import floor_noise, is_slowed
from bench.recording.unfinished import UNFINISHED

# Above this ratio of the floor's p90 to its median, the host is too noisy to rank contenders.
MAX_SPREAD = 4.0
# Other guests may slow the floor by this factor before short latencies count as wrong.
MAX_SLOWDOWN = 1.5
# ms: a kernel that waits before it moves a process between groups takes a millisecond even when it
# is busy; one that does not took 0.3.
QUICK_MOVE_MS = 0.6
# A warning names so many contenders at most: a reader of hundreds looks at none.
MOST_NAMED = 6
# Counts of a trace that must be 0, each with its words.
_TRACE_FAULTS: dict[
    Literal["missing", "invented", "unmatched_kills", "unattributed", "lost_events"], str
] = {
    "missing": "restarts are in no sample",
    "invented": "samples are of restarts that the kernel did not see",
    "unmatched_kills": "kills were not seen by the kernel",
    "unattributed": "daemons belong to no known guest",
    "lost_events": "events were dropped by the kernel",
}


def run_warnings(run: Run) -> list[str]:
    """Return the warnings about a run, each with its figure and the next step."""
    return [
        *_own_daemon(run),
        *_emulation(run),
        *_too_noisy_to_rank(run),
        *_slowdown(run),
        *trace_warnings(run.get("trace")),
        *_frequency_scaling(run),
        *_quick_group_moves(run),
        *_unfinished(run),
        *_disturbed(run),
    ]


def trace_warnings(trace: TraceAgreement | None) -> list[str]:
    """Return a warning where kernel trace and samples disagree; else nothing."""
    if not trace:
        return []
    faults = [
        f"{count} {words}" for kind, words in _TRACE_FAULTS.items() if (count := trace.get(kind))
    ]
    if not faults:
        return []
    return [
        f"Kernel trace and samples disagree: {', '.join(faults)} (bound 0). Some latencies may be "
        "wrong or missing. Measure again with fewer contenders at once: "
        "./inv bench --trace --only=NAME"
    ]


def _own_daemon(run: Run) -> Iterator[str]:
    if is_of_own_daemon(run):
        yield (
            f"Not the suite's daemon, but an {describe_daemon(run)}. "
            "restart_*: until it was executed; ready_*: until it was ready, looked for every "
            "millisecond. Compare them with figures of the same program only."
        )


def _emulation(run: Run) -> Iterator[str]:
    guests = [guest for contender in run["contenders"] for guest in contender.get("guests", [])]
    if any(guest.get("acceleration", "").startswith("none: emulated") for guest in guests):
        yield (
            "The guests were emulated, because there was no hardware acceleration: compare these "
            "latencies with each other only, never with another run's. docs/vms.md says what "
            "acceleration needs."
        )


def _too_noisy_to_rank(run: Run) -> Iterator[str]:
    """Warn of a host whose noise hides the order of contenders.

    This decides the ranking: reports rank no contenders of a run that has this warning.
    """
    spread = max((noise["spread"] or 0.0 for noise in floor_noise(run)), default=0.0)
    if spread > MAX_SPREAD:
        yield (
            f"This host is {TOO_NOISY}: the floor's 90th percentile is {spread:.1f} times its "
            f"median (bound {MAX_SPREAD:g}). Stop other programs on this host, then measure again."
        )


def _slowdown(run: Run) -> Iterator[str]:
    slowed = [noise for noise in floor_noise(run) if is_slowed(noise)]
    worst = max(slowed, key=lambda noise: noise["company"] or 0.0, default=None)
    if worst is None or (worst["company"] or 0.0) <= MAX_SLOWDOWN:
        return
    compared = ""
    if worst.get("figures"):
        among_others, alone = (_with_interval(figure) for figure in worst["figures"])
        compared = f": {among_others} in place of {alone}, both 0.3 s after its start"
    yield (
        f"The floor took {worst['company']:.2f} times as long among the other guests as alone "
        f"(bound {MAX_SLOWDOWN:g}){compared}. Short latencies are too high here. Measure fewer "
        "contenders at once: ./inv bench --only=NAME"
    )


def _with_interval(figure: FloorFigure) -> str:
    interval = f"{figure['ci_low']:.3g} to {figure['ci_high']:.3g}"
    return f"{figure['median']:.3g} ms (95 % interval {interval})"


def _frequency_scaling(run: Run) -> Iterator[str]:
    governors = [
        governor
        for governor in run.get("host", {}).get("governors", [])
        if governor != "performance"
    ]
    if governors:
        yield (
            f"The processors' frequency is scaled ({', '.join(governors)}): short latencies vary "
            "with it. As root: cpupower frequency-set -g performance"
        )


def _quick_group_moves(run: Run) -> Iterator[str]:
    """Warn of a host on which systemd is quicker than on others."""
    move_ms = run.get("host", {}).get("group_move_ms")
    has_systemd = any(row["name"].startswith("systemd/") for row in run["contenders"])
    if has_systemd and move_ms is not None and move_ms < QUICK_MOVE_MS:
        yield (
            f"This host's kernel moves a process to another control group in {move_ms:.1f} ms, as"
            " with the mount option favordynmods. Without that it takes some 8 ms on an idle host,"
            " and systemd restarts a service later: 16 ms in place of 4 (docs/trust.md)."
        )


def _unfinished(run: Run) -> Iterator[str]:
    names = [
        contender["name"] for contender in run["contenders"] if contender["status"] == UNFINISHED
    ]
    if names:
        kept = run["kept_trials"]["trials"] if "kept_trials" in run else 0
        trials = f"{kept:,} of their trials are kept. " if kept else ""
        yield (
            f"{_share_of_contenders(run, names)} are unfinished ({_name_some(names)}). "
            f"{trials}"
            + _next_step(run, names, "Continue with the same options: ./inv bench --resume")
        )


def _disturbed(run: Run) -> Iterator[str]:
    names = disturbed_contenders(run)
    if names:
        yield (
            f"{_share_of_contenders(run, names)} were disturbed by other load on the host "
            f"({_name_some(names)}). "
            + _next_step(run, names, "Repeat only those: ./inv bench --redo=unstable")
        )


def _share_of_contenders(run: Run, names: Iterable[str]) -> str:
    return f"{len(list(names))} of {len(run['contenders'])} contenders"


def _name_some(names: Iterable[str]) -> str:
    """Name the contenders; of many, the first ones and how many more there are."""
    every = sorted(names)
    more = len(every) - MOST_NAMED
    return ", ".join(every[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _next_step(run: Run, names: Iterable[str], advice: str) -> str:
    """Return that advice; a merged run cannot be resumed, so it gets commands instead."""
    if "merged" not in run:
        return advice
    if len(list(names)) > MOST_NAMED:
        return (
            "On the same host, with the options of that run, measure them again by --only: each "
            f"report lists their doubts; then: ./inv merge {run['id']} RUN"
        )
    only = ",".join(sorted({name.partition("@")[0] for name in names}))
    return (
        f"On the same host, with the options of that run: ./inv bench --only={only}; "
        f"then: ./inv merge {run['id']} RUN"
    )
