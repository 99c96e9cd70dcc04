"""Measurements as lines of the measuring program: made up ones, and recorded ones replayed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, cast

from bench.engine.guests.event_checks.event_stream import EventStream
from bench.model.events.wire import KINDS, SUITE_KEYS
from bench.model.rejections import Rejections
from bench.model.steps import Step

Fields = dict[str, Any]
SECOND = 1_000_000_000  # ns
BEGIN = 1000 * SECOND
TRIALS = 4
WARMUPS = 1
DEADLINE = 15.0
STEPS: list[Step] = [
    {"do": "await", "services": ["s1"], "deadline": 10},
    {"do": "snapshot"},
    {
        "do": "trials",
        "service": "s1",
        "groups": [{"name": "long", "trials": TRIALS, "uptime": [2.0, 3.0]}],
        "warmup": WARMUPS,
        "deadline": DEADLINE,
    },
]


def hello(ns: int = BEGIN) -> Fields:
    """Return the first event of a measurement."""
    return {"event": "hello", "ns": ns, "python": "3.11.2", "kernel": "6.1.0", "machine": "x86_64",
            "pid": 40, "clock": "clock_gettime_ns", "clock_resolution_ns": 1,
            "pidns": 4026531836, "timens": None, "method": "pidfd", "memory": "smaps_rollup",
            "boot_id": "1d"}  # fmt: skip


def step(index: int, do: str, ns: int) -> Fields:
    """Return the event of a step's begin."""
    return {"event": "step", "index": index, "do": do, "ns": ns}


def end(ns: int) -> Fields:
    """Return the last event of a measurement."""
    return {"event": "end", "ns": ns, "errors": 0}


def instance(kind: str, main_ns: int, **more: object) -> Fields:
    """Return an event about a daemon of s1."""
    return {"event": kind, "service": "s1", "pid": 10, "ppid": 1, "seq": 1, "main_ns": main_ns,
            "up_ns": main_ns + 100, "by": "line", "missed": 0, **more}  # fmt: skip


def snapshot(ns: int, main_ns: int) -> Fields:
    """Return a snapshot of PID 1 and s1."""
    pid1 = {"pid": 1, "ppid": 0, "comm": "init", "exe": "/sbin/init", "argv": ["init"],
            "cgroup": [], "state": "S", "starttime": 1, "personality": 0, "uid": 0}  # fmt: skip
    record = {"service": "s1", "pids": [10], "starts": 1, "lost": 0, "mode": "", "pid": 10,
              "main_ns": main_ns, "up_ns": main_ns + 100}  # fmt: skip
    daemon = {**pid1, "pid": 10, "ppid": 1, "comm": "testd"}
    return {"event": "processes", "ns": ns, "pid1": pid1, "services": [record],
            "processes": [pid1, daemon]}  # fmt: skip


def trial(number: int, kill_ns: int, latency_ns: int, **more: object) -> Fields:
    """Return a restart of s1, 2.5 s after the start of its daemon."""
    main_ns = kill_ns + latency_ns
    return {"event": "sample", "service": "s1", "group": "long", "trial": number,
            "warmup": number < WARMUPS, "signal": 9, "drawn_s": 2.25,
            "uptime_ns": 5 * SECOND // 2, "at_ns": kill_ns - 1000, "limited_ns": 0,
            "pushed_ns": 0, "deadline_s": DEADLINE, "censored": False, "kill_ns": kill_ns,
            "exit_ns": main_ns + 2000, "old_pid": 10 + number, "old_seq": 1 + number,
            "old_main_ns": kill_ns - 5 * SECOND // 2, "new_pid": 11 + number, "new_ppid": 1,
            "seq": 2 + number, "begun_ns": main_ns - 900, "main_ns": main_ns,
            "up_ns": main_ns + 100, "ready_ns": None, "by": "line", "starts_missed": 0,
            "lost": 0, **more}  # fmt: skip


def censored(number: int, kill_ns: int) -> Fields:
    """Return a trial without a restart."""
    none = dict.fromkeys(
        ("new_pid", "new_ppid", "seq", "begun_ns", "main_ns", "up_ns", "ready_ns", "by")
    )
    return {**trial(number, kill_ns, 0), **none, "exit_ns": kill_ns + 9000, "censored": True}


def honest_events(latencies_ns: Sequence[int] = (4_000_000,) * (WARMUPS + TRIALS)) -> list[Fields]:
    """Return a measurement of STEPS in which everything is true."""
    began = BEGIN - SECOND
    kills = [BEGIN + 4 * SECOND * (1 + number) for number in range(len(latencies_ns))]
    trials = [trial(n, kills[n], latency) for n, latency in enumerate(latencies_ns)]
    return [
        hello(),
        step(0, "await", BEGIN + 1000),
        instance("start", began, by="record", seen_ns=BEGIN + 2000),
        instance("up", began),
        step(1, "snapshot", BEGIN + 3000),
        snapshot(BEGIN + 4000, began),
        step(2, "trials", BEGIN + 5000),
        *trials,
        end(kills[-1] + SECOND),
    ]


def lines(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return events as the measuring program prints them."""
    return [json.dumps(event, sort_keys=True) for event in events]


def open_stream(
    steps: Sequence[Step] = STEPS, services: Iterable[str] = ("s1",), hours: float = 1.0
) -> EventStream:
    """Return a stream on a host whose clock goes on by so many hours at each look."""
    clock = count(step=3600 * hours)
    return EventStream(steps, {*services}, Rejections(), clock=lambda: float(next(clock)))


# ---- recorded measurements -------------------------------------------------------------------


def recorded_measurements(samples: Iterable[Mapping[str, Any]]) -> Iterator[list[Fields]]:
    """Yield the events of each whole measurement among recorded samples, as they were printed."""
    current: list[Fields] = []
    for sample in samples:
        if sample["event"] not in KINDS:
            continue
        event = {key: value for key, value in sample.items() if key not in SUITE_KEYS}
        _add_later_keys(event)
        if event["event"] == "hello":
            current = []
        current.append(event)
        if event["event"] == "end" and current[0]["event"] == "hello":
            yield current
            current = []


def _add_later_keys(event: Fields) -> None:
    """Add the keys that the measuring program prints since the published run."""
    if event["event"] == "processes":
        event["services"] = [{"mode": "", **record} for record in event["services"]]
        event["processes"] = [{"personality": 0, **process} for process in event["processes"]]
        event["pid1"] = event["pid1"] and {"personality": 0, **event["pid1"]}
    if event["event"] == "footprint":
        for sizes in (event["total"], *event["processes"]):
            sizes.update(Private_Clean=0, Swap=0)


def plan_of(events: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Return a plan that the events fit: what they do not tell of it is taken from themselves."""
    plan: list[Step] = []
    for begin, event in enumerate(events):
        if event["event"] != "step":
            continue
        rest = events[begin + 1 :]
        ends = (n for n, later in enumerate(rest) if later["event"] in ("step", "end"))
        plan.append(_step_of(event["do"], rest[: next(ends, len(rest))]))
    return plan


def services_in(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return every service that the events name."""
    names: set[str] = set()
    for event in events:
        names.update([event["service"]] if "service" in event else [])
        records = event["services"] if event["event"] == "processes" else []
        names.update(one["service"] for one in [*records, *event.get("killed", [])])
    return names


def _step_of(do: str, events: Sequence[Mapping[str, Any]]) -> Step:
    plan: Fields = {"do": do}
    if do == "trials":
        plan |= _trials_of([event for event in events if event["event"] == "sample"])
    if do == "storm":
        (storm,) = (event for event in events if event["event"] == "storm")
        killed = [kill["service"] for kill in storm["killed"]]
        plan["services"] = killed + ["another"] * (storm["asked"] - len(killed))
    return cast(Step, plan)


def _trials_of(trials: Sequence[Mapping[str, Any]]) -> Fields:
    planned = [one for one in trials if one["group"] != "fresh"]
    groups = dict.fromkeys(one["group"] for one in planned)
    return {
        "service": trials[0]["service"],
        "signal": trials[0]["signal"],
        "deadline": trials[0]["deadline_s"],
        "warmup": sum(one["warmup"] for one in planned),
        "groups": [_group_of(name, planned) for name in groups],
    }


def _group_of(name: str, trials: Iterable[Mapping[str, Any]]) -> Fields:
    own = [one for one in trials if one["group"] == name]
    drawn = [one["drawn_s"] for one in own]
    return {
        "name": name,
        "trials": sum(not one["warmup"] for one in own),
        "uptime": [min(drawn), max(drawn)],
    }
