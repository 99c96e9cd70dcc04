"""Runs for tests: of the shape that a real one has, with figures that mean nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from bench.model.run_file import (
    RESTART_PARTS,
    Calibration,
    CalibrationCheck,
    ContenderResult,
    Distribution,
    Example,
    HostFacts,
    MetricResult,
    Run,
    ScenarioResult,
    SupervisorFacts,
)
from bench.model.statistics import Metric, single_value, summarize

# Latencies in ms by the contender's name.
Latencies = Mapping[str, Sequence[float]]
_UPTIME_NS = 2_000_000_000
_KILL_NS = 1_000_000


# The run that was published before, of one system, traced, with names of that day.
OLDER_RUN = Path(__file__).parents[2] / "data" / "run-of-28-november"


def copy_published(folder: Path) -> Path:
    """Copy the run that the repository keeps, as another run with the folder's name."""
    folder.mkdir()
    published = Path(__file__).parents[3] / "reports" / "published"
    shutil.copy(published / "samples.jsonl.gz", folder)
    run = json.loads((published / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**run, "id": folder.name}))
    return folder


def metric(of: Metric) -> MetricResult:
    """Return a metric as it stands in run.json."""
    return of.as_dict()


def single_metric(name: str, unit: str, value: float) -> MetricResult:
    """Return a metric with one sample."""
    return metric(single_value(name, unit, value))


def measured(*metrics: MetricResult) -> ScenarioResult:
    """Return the result of a scenario that was measured."""
    return {"status": "measured", "note": "", "metrics": list(metrics)}


def contender(
    name: str,
    latencies: Sequence[float],
    *,
    title: str = "",
    rank: int = 5,
    period: float | None = None,
    censored: int = 0,
    memory: tuple[float, float] = (200.0, 1100.0),
    can_pid1: bool = True,
) -> ContenderResult:
    """Return a contender that was measured.

    name: in full, e.g. runit/runner/default/pid1. latencies: in ms, of a daemon long up.
    memory: private kB with one service and with ten.
    """
    supervisor, role, profile, place = name.split("/")
    facts = {
        "name": name,
        "supervisor": supervisor,
        "title": title or supervisor,
        "home": "http://example.org/",
        "rank": rank,
        "version": "1.2.3",
        "role": role,
        "profile": profile,
        "pid1": place == "pid1",
        "needs_pid1": False,
        "can_pid1": can_pid1,
        "roles": [role],
        "setting": "nothing special",
        "period": period,
        "limit": None,
        "logger": None,
        "article": {"version": "1.0", "needs_pid1": False, "runner": True, "monitor": False,
                    "loc": 1000},
        "status": "measured",
        "reason": "",
        "verified": {},
        "guests": [],
        "scenarios": {
            "restart": measured(metric(summarize("restart_long", "ms", latencies, censored))),
            "footprint": _footprint(*memory),
        },
    }  # fmt: skip
    return cast(ContenderResult, facts)


def _footprint(one: float, ten: float) -> ScenarioResult:
    return measured(
        single_metric("vmpeak", "kB", 2512),
        single_metric("private_dirty_1", "kB", one),
        single_metric("private_dirty_10", "kB", ten),
        single_metric("private_dirty_per_service", "kB", (ten - one) / 9),
        single_metric("pss_1", "kB", one + 100),
        single_metric("pss_10", "kB", ten + 100),
        single_metric("processes_1", "", 2),
    )


def mark_failed(contender: ContenderResult, reason: str, *scenarios: str) -> ContenderResult:
    """Let a contender have failed for a reason in some scenarios, or in all; return it."""
    contender["status"], contender["reason"] = "failed", reason
    contender["log"] = "logs/x.log"
    note = reason.splitlines()[0]
    result: ScenarioResult = {"status": "failed", "note": note, "metrics": [], "verdicts": []}
    contender["scenarios"].update(dict.fromkeys(scenarios or contender["scenarios"], result))
    return contender


def mark_unfinished(contender: ContenderResult, *scenarios: str) -> ContenderResult:
    """Let a contender have been interrupted before some scenarios were complete; return it."""
    contender["status"], contender["reason"] = "unfinished", "interrupted"
    result: ScenarioResult = {
        "status": "unfinished", "note": "interrupted", "metrics": [], "verdicts": []
    }  # fmt: skip
    contender["scenarios"].update(dict.fromkeys(scenarios, result))
    return contender


def run(*contenders: ContenderResult, **other: Any) -> Run:
    """Return a run of some contenders; other: more keys of run.json, or other values."""
    facts = {
        "schema": 1,
        "id": "20261122-120000-debian-lxc",
        "started": "2026-11-22T12:00:00+00:00",
        "ended": "2026-11-22T12:10:00+00:00",
        "seconds": 600.0,
        "suite_cpu": 0.03,
        "options": {"trials": 30, "seed": 1},
        "quick": False,
        "system": {"name": "debian", "title": "Debian 12"},
        "provider": {"name": "lxc", "reason": "embedded guests are the default"},
        "host": host(),
        "instrument": "0123456789abcdef",
        "plan": {"lines": [], "seconds": 600.0},
        "absent": [],
        "alone": None,
        "warnings": [],
        "supervisors": {item["supervisor"]: supervisor(item) for item in contenders},
        "contenders": list(contenders),
        **other,
    }
    return cast(Run, facts)


def host() -> HostFacts:
    """Return the facts of a host without a name."""
    return {
        "processor": "Some CPU", "cores": 2, "memory_mib": 4096, "kernel": "6.1.0",
        "machine": "x86_64", "system": "Debian GNU/Linux 12", "libraries": {"rich": "15"},
    }  # fmt: skip


def supervisor(contender: ContenderResult) -> SupervisorFacts:
    """Return the facts of a contender's supervisor."""
    return {
        "title": contender["title"],
        "home": contender["home"],
        "rank": contender["rank"],
        "needs_pid1": contender["needs_pid1"],
        "can_pid1": contender["can_pid1"],
        "roles": contender["roles"],
        "article": contender["article"],
        "idea": "It keeps daemons alive.",
        "loc": None,
        "usage": [usage_example()],
    }


def usage_example() -> Example:
    """Return a usage example with one action of each kind."""
    return {
        "title": "Runner of a daemon",
        "steps": [
            {"title": "Configure", "actions": [
                {"file": "/etc/sv/s1/run", "content": "#!/bin/sh\nexec testd s1\n", "mode": 0o755},
                {"command": "ln -s /etc/sv/s1 /etc/service"}]},
            {"title": "Start", "actions": [{"boot": "/sbin/init"}]},
        ],
    }  # fmt: skip


def calibration(untraced: str = "", checks: Sequence[CalibrationCheck] = ()) -> Calibration:
    """Return a calibration; by default one that misses a goal and meets the other check."""
    late: Distribution = {"n": 100, "median": 60.0, "p99": 300.0, "min": 8.0, "max": 900.0}
    counts = {"alone": [10, 90, 0], "beside": [0, 60, 40]}
    return {
        "schema": 1,
        "made": "2026-11-22T11:00:00+00:00",
        "quick": False,
        "untraced": untraced,
        "checks": list(checks) or [
            check("kill stamp to signal_generate, median", "17.6 us", "50 us", met=True),
            check("floor against a bare loop", "1.31", "1.25", met=False),
        ],
        "noise": {
            name: {"interval_us": 1000, "bounds_us": [10, 1000], "counts": counts[name],
                   "late_us": late}
            for name in counts
        },
    }  # fmt: skip


def check(what: str, figure: str, bound: str, *, met: bool, goal: bool = True) -> CalibrationCheck:
    """Return one check of a calibration."""
    return {"what": what, "figure": figure, "bound": bound, "met": met, "goal": goal}


def add_restart_parts(
    contender: ContenderResult, long: Sequence[float], short: Sequence[float]
) -> ContenderResult:
    """Add the five parts of restarts in ms, and restarts soon after a start; return it."""
    metrics = contender["scenarios"]["restart"]["metrics"]
    metrics.append(single_metric("restart_short", "ms", sum(short)))
    for suffix, times in (("", long), ("_short", short)):
        metrics += [
            single_metric(f"restart_{name}{suffix}", "ms", time)
            for name, time in zip(RESTART_PARTS, times, strict=True)
        ]
    return contender


def restart_samples(latencies: Latencies) -> list[dict[str, Any]]:
    """Return the lines of samples.jsonl of restarts at long uptime."""
    return [
        {"contender": name, "replica": 0, "scenario": "restart", "event": "sample",
         "group": "long", "kill_ns": _KILL_NS, "main_ns": _KILL_NS + int(latency * 1e6),
         "censored": False, "warmup": False, "uptime_ns": _UPTIME_NS}
        for name, values in latencies.items() for latency in values
    ]  # fmt: skip


def write_run(folder: Path, run: Run, samples: Sequence[Mapping[str, Any]]) -> Path:
    """Write a run into a folder, as bench does; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "samples.jsonl").write_text("".join(json.dumps(line) + "\n" for line in samples))
    return folder


def steady_latencies(middle: float, count: int = 30) -> list[float]:
    """Return latencies in ms around a middle, always the same."""
    return [middle * (0.9 + 0.2 * index / (count - 1)) for index in range(count)]


def write_ordinary_run(folder: Path) -> Path:
    """Write a run of the floor, three supervisors and two profiles; return the folder."""
    runit, floor, monit = (
        f"{name}/hosted"
        for name in ("runit/runner/default", "floor/runner/default", "monit/monitor/fast")
    )
    s6, s6_fast = (f"s6/runner/{profile}/hosted" for profile in ("default", "fast"))
    latencies = {
        runit: steady_latencies(4.0),
        s6: steady_latencies(1006.0),
        s6_fast: steady_latencies(5.0),
        monit: steady_latencies(900.0),
        floor: steady_latencies(1.2),
    }
    ordinary = run(
        contender(runit, latencies[runit]),
        contender(s6, latencies[s6], rank=6),
        contender(s6_fast, latencies[s6_fast], rank=6),
        contender(monit, latencies[monit], rank=10, period=1.0, can_pid1=False,
                  memory=(1800.0, 2060.0)),
        contender(floor, latencies[floor], rank=100),
    )  # fmt: skip
    return write_run(folder, ordinary, restart_samples(latencies))
