"""What a scenario finds and counts depends on no other scenario, and on no other guest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

# It looks at each of its services, so that ten services cost it ten times the work of one.
NAME = "restartd/monitor/fast/hosted"
COMPANIES = ("idle", "footprint", "restart,footprint,idle,deaths", "idle,deaths,footprint,restart")
STATE_KEYS = ("services", "processes", "starts")
COUNTS = ("processes", "threads", "fds")
# System calls for each service at each look: ten services make many times as many.
ALIKE = 1.2
# Beside nothing but the floor, and beside the guests of every other contender.
FEW = "--only=runit/runner/default/hosted,monit/monitor/fast/hosted,floor/runner/default"
AGREEMENT = 1.02
PRIVATE = ("private_dirty_1", "private_dirty_10")


def measured(suite: Suite, scenarios: str) -> dict[str, list[dict[str, Any]]]:
    """Run those scenarios; return the contender's samples by scenario."""
    done = suite.bench(f"--only={NAME}", f"--scenario={scenarios}", "--trials=2", "--quick")
    assert done.code == 0, done.output
    samples = [sample for sample in suite.samples() if sample["contender"] == NAME]
    return {
        name: [sample for sample in samples if sample["scenario"] == name]
        for name in scenarios.split(",")
    }


def of_kind(samples: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [sample for sample in samples if sample["event"] == kind]


def state(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: sample[key] for key in STATE_KEYS} for sample in of_kind(samples, "state")]


def sizes(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the footprint counted with one service and with ten."""
    return [
        {"services": sample["services"], **{key: sample["total"][key] for key in COUNTS}}
        for sample in of_kind(samples, "footprint")
    ]


def calls_per_wakeup(samples: list[dict[str, Any]]) -> float:
    """Return the system calls of the idle supervisor for each of its wakeups."""
    (calls,), (window,) = of_kind(samples, "syscalls"), of_kind(samples, "cpu")
    per_ns = calls["count"] / calls["ns"]
    wakeups_per_ns = window["total"]["voluntary"] / (window["end_ns"] - window["begin_ns"])
    return float(per_ns / wakeups_per_ns)


def test_idle_and_footprint_measure_the_same_alone_and_together(suite: Suite) -> None:
    runs = [measured(suite, scenarios) for scenarios in COMPANIES]
    for name in ("idle", "footprint"):
        alone, *others = (state(run[name]) for run in runs if name in run)
        assert len(alone) == 1 and alone[0]["services"] == alone[0]["starts"] == 1
        assert others == [alone, alone], name
    alone_sizes, *other_sizes = (sizes(run["footprint"]) for run in runs if "footprint" in run)
    assert [counted["services"] for counted in alone_sizes] == [1, 10]
    assert other_sizes == [alone_sizes, alone_sizes]
    idle = [run["idle"] for run in runs if "idle" in run]
    assert [of_kind(samples, "cpu")[0]["processes"] for samples in idle] == [1, 1, 1]
    calls = [calls_per_wakeup(samples) for samples in idle]
    assert max(calls) < ALIKE * min(calls), calls


def private_memory(suite: Suite, *words: str) -> dict[tuple[str, str], float]:
    """Measure the footprint; return the figures of private memory in kB."""
    done = suite.bench(*words, "--scenario=footprint", "--quick")
    assert done.code == 0, done.output
    return {
        (contender["name"], metric["metric"]): metric["median"]
        for contender in suite.record()["contenders"]
        for metric in contender["scenarios"]["footprint"]["metrics"]
        if metric["metric"] in PRIVATE
    }


def test_private_memory_is_the_same_alone_and_beside_twenty_guests(suite: Suite) -> None:
    alone, beside = private_memory(suite, FEW), private_memory(suite)
    assert len(alone) == 4 * len(PRIVATE) and len(beside) >= 20 * len(PRIVATE)
    for key, kb in alone.items():
        low, high = sorted((kb, beside[key]))
        assert high <= AGREEMENT * low, (key, kb, beside[key])
