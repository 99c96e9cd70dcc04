"""Runs made up for tests: of the shape that a real one has, with figures that mean nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.model.statistics import single, summary

Run = dict[str, Any]


def contender(
    name: str,
    values: list[float],
    *,
    title: str = "",
    rank: int = 5,
    period: float | None = None,
    censored: int = 0,
    pss: tuple[float, float] = (200.0, 1100.0),
    **other: Any,
) -> Run:
    """One contender by its name, e.g. runit/runner/default/pid1, with latencies in ms."""
    supervisor, role, profile, place = name.split("/")
    few, many = pss
    metrics = [
        single("vmpeak", "kB", 2512),
        single("pss_1", "kB", few),
        single("pss_10", "kB", many),
        single("pss_per_service", "kB", (many - few) / 9),
        single("processes_1", "", 2),
    ]
    restart = [summary("restart_long", "ms", values, censored)]
    return {
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
        "can_pid1": True,
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
            "restart": {"status": "measured", "note": "",
                        "metrics": [each.as_dict() for each in restart]},
            "footprint": {"status": "measured", "note": "",
                          "metrics": [each.as_dict() for each in metrics]},
        },
        **other,
    }  # fmt: skip


def fail(contender: Run, reason: str, *scenarios: str) -> Run:
    """That contender, failed for that reason in those scenarios; none: in all."""
    contender.update(status="failed", reason=reason, log="logs/x.log")
    note = reason.splitlines()[0]
    nothing = {"status": "failed", "note": note, "metrics": [], "verdicts": []}
    contender["scenarios"].update(dict.fromkeys(scenarios or contender["scenarios"], nothing))
    return contender


def cut(contender: Run, *scenarios: str) -> Run:
    """That contender, interrupted before those scenarios were complete."""
    contender.update(status="unfinished", reason="interrupted")
    nothing = {"status": "unfinished", "note": "interrupted", "metrics": [], "verdicts": []}
    contender["scenarios"].update(dict.fromkeys(scenarios, nothing))
    return contender


def run(*contenders: Run, **other: Any) -> Run:
    """A run of those contenders."""
    return {
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
        "host": {"processor": "Some CPU", "cores": 2, "memory_mib": 4096, "kernel": "6.1.0",
                 "machine": "x86_64", "system": "Debian GNU/Linux 12", "libraries": {"rich": "15"}},
        "instrument": "0123456789abcdef",
        "plan": {"lines": [], "seconds": 600.0},
        "absent": [],
        "alone": None,
        "warnings": [],
        "supervisors": {
            each["supervisor"]: {
                key: each[key]
                for key in ("title", "home", "rank", "needs_pid1", "can_pid1", "roles", "article")
            }
            | {"idea": "It keeps daemons alive.", "loc": None, "usage": [example()]}
            for each in contenders
        },
        "contenders": list(contenders),
        **other,
    }  # fmt: skip


def calibration(**other: Any) -> Run:
    """What calibrating may have found: a goal missed, and all else met."""
    late = {"n": 100, "median": 60.0, "p99": 300.0, "min": 8.0, "max": 900.0}
    return {
        "schema": 1,
        "made": "2026-11-22T11:00:00+00:00",
        "quick": False,
        "untraced": "",
        "checks": [
            check("kill stamp to signal_generate, median", "17.6 us", "50 us", met=True),
            check("floor against a bare loop", "1.31", "1.25", met=False),
        ],
        "noise": {
            name: {"interval_us": 1000, "bounds_us": [10, 1000], "counts": counts, "late_us": late}
            for name, counts in {"alone": [10, 90, 0], "beside": [0, 60, 40]}.items()
        },
        **other,
    }


def check(what: str, figure: str, bound: str, *, met: bool, goal: bool = True) -> Run:
    """One check of a calibration."""
    return {"what": what, "figure": figure, "bound": bound, "met": met, "goal": goal}


def traced(one: Run, long: list[float], short: list[float]) -> Run:
    """The contender with the five parts of its restarts in ms, and restarts soon after a start."""
    names = ("death", "reaction", "holdoff", "child", "spawn")
    metrics = one["scenarios"]["restart"]["metrics"]
    metrics.append(single("restart_short", "ms", sum(short)).as_dict())
    for suffix, values in (("", long), ("_short", short)):
        metrics += [
            single(f"restart_{name}{suffix}", "ms", value).as_dict()
            for name, value in zip(names, values, strict=True)
        ]
    return one


def example() -> Run:
    """A usage example with one action of each kind."""
    return {
        "title": "Runner of a daemon",
        "steps": [
            {"title": "Configure", "actions": [
                {"file": "/etc/sv/s1/run", "content": "#!/bin/sh\nexec testd s1\n", "mode": 0o755},
                {"command": "ln -s /etc/sv/s1 /etc/service"}]},
            {"title": "Start", "actions": [{"boot": "/sbin/init"}]},
        ],
    }  # fmt: skip


def samples(made: Run, values: dict[str, list[float]]) -> list[Run]:
    """Raw restarts in ms, by contender's name."""
    return [
        {"contender": name, "replica": 0, "scenario": "restart", "event": "sample",
         "group": "long", "kill_ns": 1_000_000, "main_ns": 1_000_000 + int(value * 1e6),
         "censored": False, "warmup": False, "uptime_ns": 2_000_000_000}
        for name, each in values.items() for value in each
    ]  # fmt: skip


def written(folder: Path, made: Run, raw: list[Run]) -> Path:
    """The run in a folder, as bench would have written it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(made))
    (folder / "samples.jsonl").write_text("".join(json.dumps(each) + "\n" for each in raw))
    return folder


def steady(middle: float, count: int = 30) -> list[float]:
    """Latencies around a middle, every time the same."""
    return [middle * (0.9 + 0.2 * index / (count - 1)) for index in range(count)]


def ordinary(folder: Path) -> Path:
    """A run of the floor, three supervisors and two profiles."""
    values = {
        "runit/runner/default/hosted": steady(4.0),
        "s6/runner/default/hosted": steady(1006.0),
        "s6/runner/tuned/hosted": steady(5.0),
        "monit/monitor/tuned/hosted": steady(900.0),
        "floor/runner/default/hosted": steady(1.2),
    }
    made = run(
        contender("runit/runner/default/hosted", values["runit/runner/default/hosted"]),
        contender("s6/runner/default/hosted", values["s6/runner/default/hosted"], rank=6),
        contender("s6/runner/tuned/hosted", values["s6/runner/tuned/hosted"], rank=6),
        contender("monit/monitor/tuned/hosted", values["monit/monitor/tuned/hosted"], rank=10,
                  period=1.0, can_pid1=False, pss=(1800.0, 2060.0)),
        contender("floor/runner/default/hosted", values["floor/runner/default/hosted"], rank=100),
    )  # fmt: skip
    return written(folder, made, samples(made, values))
