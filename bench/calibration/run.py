"""Measures the instrument itself on this host: `./inv calibrate`. docs/trust.md explains it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.calibration import bare_loop
from bench.calibration.host_noise import Sleep, clock, clock_facts, sleeping
from bench.engine import calibration_store, measurement
from bench.engine.lock import exclusive_run_lock
from bench.engine.observer import Observer
from bench.engine.request import (
    EffortOptions,
    ModeOptions,
    SelectionOptions,
    parse_options,
    resolve_request,
)
from bench.engine.run import run_bench
from bench.model.events import HELLO, events_of_kind
from bench.model.host_info import host_facts
from bench.model.run_file import check_outcome
from bench.tracing.compare import figures
from bench.tracing.parser import Trace, lack, tracing
from daemon.build import Binaries, build
from provision.cache import cache_folder
from provision.errors import Problem
from provision.provider import Provider
from provision.registry import choose_provider
from provision.systems import System, get_system

# Who is seen by both witnesses: those that react to events, as far as they are to be had.
WITNESSED = ("runit", "s6", "daemontools")
WITNESSED_QUICK = ("runit/runner/default/hosted",)


@dataclass(frozen=True)
class Size:
    """How much is measured. alone: seconds that the sleeper sleeps by itself."""

    only: tuple[str, ...]
    witnessed: int
    pairs: int
    trials: int
    alone: int


# Of ten medians of 60 like starts the largest is 4 % beyond the smallest by chance, of 120 3 %.
FULL = Size(WITNESSED, witnessed=120, pairs=30, trials=20, alone=20)
QUICK = Size(WITNESSED_QUICK, witnessed=3, pairs=4, trials=8, alone=3)


@dataclass(frozen=True)
class Check:
    """One thing that must hold, or is hoped for on a quiet host (goal)."""

    what: str
    figure: str
    bound: str
    met: bool
    goal: bool


def calibrate(*, quick: bool, observer: Observer, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure the instrument, and keep the result for later runs. Raises Problem.

    kept: whether it was; a quick one leaves a full one in its place.
    """
    size = QUICK if quick else FULL
    system = get_system("debian")
    # Embedded guests alone share the host's clock.
    provider, _ = choose_provider("lxc", system)
    built = build(platform.machine(), cache_folder())
    untraced = lack()
    say(f"tracing: {untraced or 'the kernel is a second witness'}")
    witness = None if untraced else _witness(size, observer)
    with exclusive_run_lock():
        say(f"the host's noise, {size.alone} s")
        with sleeping(built.sleeper, size.alone) as alone:
            pass
        marker = None if untraced else _marker(built, size.trials)
        say(f"the floor against a bare loop, {size.pairs} pairs of {size.trials} trials")
        taken, beside, namespace = _pairs(size, system, provider, built)
    found = {
        "schema": calibration_store.SCHEMA,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "host": host_facts(),
        "untraced": untraced,
        "witness": witness,
        "marker_us": marker,
        "floor": bare_loop.compared(taken),
        "noise": {"alone": alone.histogram(), "beside": beside.histogram()},
        "clock": {**clock([alone, beside]), **clock_facts(namespace)},
    }
    found["checks"] = [asdict(check) for check in checks(found)]
    return found | {"kept": calibration_store.keep(found)}


def _witness(size: Size, observer: Observer) -> dict[str, Any]:
    """A traced run of some contenders, kept in the cache beside the result."""
    options = parse_options(
        selection=SelectionOptions(only=size.only, scenario=["restart"]),
        effort=EffortOptions(trials=str(size.witnessed)),
        mode=ModeOptions(trace=True),
    )
    record = run_bench(resolve_request(options), observer, cache_folder() / "calibration")
    failed = [each for each in record.run["contenders"] if each["status"] != "measured"]
    if failed:
        raise Problem(
            f"{failed[0]['name']} could not be measured, so the witness saw nothing.",
            known=failed[0]["reason"],
            advice="./inv doctor says what this host can do.",
        )
    return {**record.run["trace"], "run": str(record.folder)}


def _marker(built: Binaries, trials: int) -> dict[str, float | None] | None:
    """us from the daemon's own stamp to the kernel's, of a line that it writes beside it."""
    with tracing(cache_folder() / "calibration" / "marker.txt", {}) as taken:
        bare_loop.run_bare_loop(built, trials, 1, "--mark", str(taken.marker))
    return marked(taken.read())


def marked(trace: Trace) -> dict[str, float | None] | None:
    """The same of a trace that was taken before."""
    lines = [mark for mark in trace.marks if "beside_ns=" in mark.text]
    return figures([(mark.ns - int(mark.text.rsplit("=", 1)[1])) / 1e3 for mark in lines])


def _pairs(
    size: Size, system: System, provider: Provider, built: Binaries
) -> tuple[list[bare_loop.Pair], Sleep, int | None]:
    """Blocks in turns, with a sleeper beside them; the guest's time namespace, too."""
    taken: list[bare_loop.Pair] = []
    namespace = None
    seconds = round(2 * size.pairs * size.trials * sum(bare_loop.UPTIME) / 2) + 1
    provider.prepare(system)
    with bare_loop.floor_guest(
        system, provider, measurement.payload_files(platform.machine())
    ) as guest:
        bare_loop.through_suite(guest, 2, seed=0)
        with sleeping(built.sleeper, seconds) as beside:
            for number in range(size.pairs):
                # Every other pair the other way round: neither is always the first.
                own = bare_loop.run_bare_loop(built, size.trials, seed=number) if number % 2 else []
                events = bare_loop.through_suite(guest, size.trials, seed=number)
                namespace = events_of_kind(events, HELLO)[0]["timens"]
                own = own or bare_loop.run_bare_loop(built, size.trials, seed=number)
                taken.append(bare_loop.Pair(bare_loop.latencies(events), own))
    return taken, beside, namespace


def checks(found: dict[str, Any]) -> Iterator[Check]:
    """What the figures have to be, and what they are."""
    floor, seen = found["floor"], found["clock"]
    if found["witness"]:
        yield from _of_witness(found["witness"])
        yield _of_marker(found["marker_us"])
    low, high = floor["ci_low"], floor["ci_high"]
    yield Check("floor through the suite against a bare loop, upper end",
                f"{floor['ratio']:.3f} ({low:.3f} to {high:.3f})", f"{bare_loop.GOAL:g}",
                high <= bare_loop.GOAL, goal=True)  # fmt: skip
    if found["host"]["cores"] > 1 or seen["moves"]:
        yield Check("clock going back between processors",
                    f"{seen['backwards']} of {seen['moves']}",
                    "0", 0 == seen["backwards"] < seen["moves"], goal=False)  # fmt: skip
    step = seen["largest_step_ns"] / 1e3
    yield Check("clock stepping between tenths of a second", f"{step:.1f} us", "50 us",
                step <= 50, goal=False)  # fmt: skip
    # The kernel slews its clock by no more than that.
    drift = abs(seen["drift_ppm"])
    yield Check("clock against the raw one", f"{drift:g} ppm", "500 ppm", drift <= 500, goal=False)
    same = seen["same_time_namespace"]
    yield Check("guests have the host's clock", "yes" if same else "no", "yes", same, goal=False)


def _of_witness(witness: dict[str, Any]) -> Iterator[Check]:
    """What the kernel has to say; where it saw nothing, that has failed."""
    kill, restarts = witness["kill_us"], witness["restarts"]
    spread, apart = witness["spawn_spread"], witness["spawn_apart_us"]
    seen = restarts - witness["unmatched_kills"]
    yield Check("kills that the kernel saw, too", f"{seen} of {restarts}", "all",
                0 < seen == restarts, goal=False)  # fmt: skip
    if kill:
        yield _us("kill stamp to signal_generate, median", kill["median"], 50)
        what, most = ("p99", kill["p99"]) if kill["p99"] is not None else ("largest", kill["max"])
        yield _us(f"kill stamp to signal_generate, {what}", most, 500)
    start = "exec" if witness["unstamped"] else "first stamp"
    yield Check(f"medians of spawn ({start} to main()) apart",
                "none was seen" if spread is None else f"{spread:.1%}, {apart:.1f} us",
                "10 %", spread is not None and spread <= 0.1, goal=spread is not None)  # fmt: skip
    for kind in ("missing", "invented"):
        count = witness[kind]
        yield Check(f"restarts {kind}, of {restarts}", str(count), "0",
                    count == 0, goal=False)  # fmt: skip
    for what, kind in (("events that the kernel dropped", "lost_events"),
                       ("daemons whose guest is not known", "unattributed")):  # fmt: skip
        yield Check(what, str(witness[kind]), "0", witness[kind] == 0, goal=False)


def _of_marker(marker: dict[str, Any] | None) -> Check:
    what = "daemon's stamp to the kernel's beside it, median"
    if marker is None:
        return Check(what, "none was seen", "50 us", met=False, goal=False)
    return _us(what, marker["median"], 50)


def _us(what: str, value: float, bound: float) -> Check:
    return Check(what, f"{value:.1f} us", f"{bound:g} us", abs(value) <= bound, goal=True)


def show(found: dict[str, Any], console: Console) -> int:
    """Print the result; returns 1 where something that must hold does not."""
    if found["untraced"]:
        why = f"Without the kernel as a witness: {found['untraced']}."
        console.print(why, highlight=False, markup=False)
    table = Table(title="The instrument on this host", title_justify="left")
    for heading in ("what", "figure", "bound", ""):
        table.add_column(heading)
    for check in found["checks"]:
        table.add_row(check["what"], check["figure"], check["bound"], check_outcome(check))
    console.print(table)
    console.print(_noise_table(found["noise"]))
    kept = "Kept for later runs" if found["kept"] else "Not kept, since a full one is there"
    console.print(f"{kept}: {calibration_store.path()}", highlight=False, markup=False)
    return 0 if all(check["met"] or check["goal"] for check in found["checks"]) else 1


def _noise_table(noise: dict[str, Any]) -> Table:
    table = Table(title="How late a sleeper wakes up here", title_justify="left")
    table.add_column("up to, us", justify="right")
    for name in noise:
        table.add_column(f"{name}, %", justify="right")
    bounds = [*(f"{bound:,}" for bound in noise["alone"]["bounds_us"]), "more"]
    columns = [_shares(histogram["counts"]) for histogram in noise.values()]
    for row in zip(bounds, *columns, strict=True):
        table.add_row(*row)
    return table


def _shares(counts: Sequence[int]) -> list[str]:
    return [f"{count / sum(counts):.2%}"[:-1] if count else "" for count in counts]
