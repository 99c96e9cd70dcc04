"""Measurement of the instrument itself (`./inv calibrate`, docs/trust.md)."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.calibration.bare_loop import (
    UPTIME,
    BlockPair,
    compare_blocks,
    floor_guest,
    latencies,
    run_bare_loop,
    run_suite_block,
)
from bench.calibration.checks import calibration_checks
from bench.calibration.host_noise import SleeperLog, clock_facts, run_sleeper
from bench.engine import calibration_store
from bench.engine.guests import measurement
from bench.engine.lock import exclusive_run_lock
from bench.engine.observer import Observer
from bench.engine.request.options import EffortOptions, ModeOptions, SelectionOptions, parse_options
from bench.engine.request.resolve import resolve_request
from bench.engine.run import run_locked_bench
from bench.model.events import HELLO, events_of_kind
from bench.model.host_info import host_facts
from bench.model.run_file import Calibration, Distribution, WitnessedRun
from bench.model.statistics import distribution
from bench.tracing.recorder import record_trace, why_untraceable
from bench.tracing.trace import Trace
from daemon.build import Binaries, build
from provision.cache import cache_folder
from provision.errors import Problem
from provision.provider import Notify, Provider
from provision.registry import choose_provider
from provision.systems import System, get_system

# The contenders of the traced run: available ones that react to events.
TRACED = ("runit", "s6", "daemontools")
TRACED_QUICK = ("runit/runner/default/hosted",)


@dataclass(frozen=True)
class CalibrationEffort:
    """How much is measured.

    traced_trials: per contender of the traced run; pairs: of blocks, each of so many trials;
    alone_seconds: how long the sleeper runs by itself.
    """

    only: tuple[str, ...]
    traced_trials: int
    pairs: int
    trials: int
    alone_seconds: int


# Of ten medians of 60 equal starts the largest is 4 % above the smallest by chance, of 120 3 %.
FULL = CalibrationEffort(TRACED, traced_trials=120, pairs=30, trials=20, alone_seconds=20)
QUICK = CalibrationEffort(TRACED_QUICK, traced_trials=3, pairs=4, trials=8, alone_seconds=3)


@dataclass(frozen=True)
class CalibrationOutcome:
    """A calibration, and whether it was kept for later runs."""

    calibration: Calibration
    kept: bool


@dataclass(frozen=True)
class _FloorBlocks:
    """Pairs of blocks, a sleeper's log beside them, the guest's time namespace."""

    pairs: list[BlockPair]
    beside: SleeperLog
    time_namespace: int | None


def calibrate(
    *, quick: bool, observer: Observer, notify: Notify, patience: float = 0.0
) -> CalibrationOutcome:
    """Measure the instrument and keep the result for later runs. Raises Problem.

    A quick calibration does not replace a full one. patience: seconds to wait for a bench on this
    host.
    """
    effort = QUICK if quick else FULL
    system = get_system("debian")
    # Only embedded guests share the host's clock.
    provider, _ = choose_provider("lxc", system)
    binaries = build(platform.machine(), cache_folder())
    untraced = why_untraceable()
    # For all parts: another bench would take it between two of them, and the next part would fail.
    with exclusive_run_lock(patience, notify):
        notify(f"tracing: {untraced or 'the kernel stamps every restart, too'}")
        witness = None if untraced else _traced_run(effort, observer)
        notify(f"the host's noise, {effort.alone_seconds} s")
        with run_sleeper(binaries.sleeper, effort.alone_seconds) as alone:
            pass
        marker = None if untraced else _measure_marker(binaries, effort.trials)
        notify(f"the floor against a bare loop, {effort.pairs} pairs of {effort.trials} trials")
        blocks = _measure_blocks(effort, system, provider, binaries)
    calibration: Calibration = {
        "schema": calibration_store.SCHEMA,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "host": host_facts(),
        "untraced": untraced,
        "witness": witness,
        "marker_us": marker,
        "floor": compare_blocks(blocks.pairs),
        "noise": {"alone": alone.histogram(), "beside": blocks.beside.histogram()},
        "clock": clock_facts([alone, blocks.beside], blocks.time_namespace),
        "checks": [],
    }
    calibration["checks"] = calibration_checks(calibration)
    return CalibrationOutcome(calibration, calibration_store.keep(calibration))


def _traced_run(effort: CalibrationEffort, observer: Observer) -> WitnessedRun:
    """Trace a run of some contenders; its folder is in the cache."""
    options = parse_options(
        selection=SelectionOptions(only=effort.only, scenario=["restart"]),
        effort=EffortOptions(trials=str(effort.traced_trials)),
        mode=ModeOptions(trace=True),
    )
    folder = cache_folder() / "calibration"
    record = run_locked_bench(resolve_request(options), observer, folder)
    contenders = record.run["contenders"]
    failed = [contender for contender in contenders if contender["status"] != "measured"]
    if failed:
        raise Problem(
            f"{failed[0]['name']} was not measured, so there is no traced run to compare.",
            known=failed[0]["reason"],
            advice=f"Measure it alone: ./inv bench --only={failed[0]['name']} --scenario=restart",
        )
    agreement = record.run["trace"]
    assert agreement is not None  # a traced run has one
    return {**agreement, "run": str(record.folder)}


def _measure_marker(binaries: Binaries, trials: int) -> Distribution | None:
    """Measure us from the daemon's own stamp to the kernel's right after it."""
    with record_trace(cache_folder() / "calibration" / "marker.txt", {}) as recording:
        run_bare_loop(binaries, trials, 1, "--mark", str(recording.marker))
    return marker_delay(recording.read())


def marker_delay(trace: Trace) -> Distribution | None:
    """Return us from the daemon's stamp in each marker line to the kernel's of it."""
    marks = [mark for mark in trace.marks if "beside_ns=" in mark.text]
    return distribution([(mark.ns - int(mark.text.rsplit("=", 1)[1])) / 1e3 for mark in marks])


def _measure_blocks(
    effort: CalibrationEffort, system: System, provider: Provider, binaries: Binaries
) -> _FloorBlocks:
    """Measure the floor by suite and bare loop in turns, beside a sleeper."""
    pairs: list[BlockPair] = []
    namespace = None
    seconds = round(2 * effort.pairs * effort.trials * sum(UPTIME) / 2) + 1
    provider.prepare(system)
    payload = measurement.payload_files(platform.machine())
    with floor_guest(system, provider, payload) as guest:
        run_suite_block(guest, 2, seed=0)  # warm-up
        with run_sleeper(binaries.sleeper, seconds) as beside:
            for number in range(effort.pairs):
                # Every other pair in the other order, so that host drift affects both equally.
                bare_loop_first = number % 2 == 1
                bare = run_bare_loop(binaries, effort.trials, number) if bare_loop_first else []
                events = run_suite_block(guest, effort.trials, seed=number)
                namespace = events_of_kind(events, HELLO)[0]["timens"]
                bare = bare or run_bare_loop(binaries, effort.trials, number)
                pairs.append(BlockPair(latencies(events), bare))
    return _FloorBlocks(pairs, beside, namespace)
