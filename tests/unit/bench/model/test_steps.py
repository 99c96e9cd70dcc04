"""The steps that scenarios build against those that the measuring program takes."""

from __future__ import annotations

import json
from typing import get_args, get_type_hints

import pytest

from bench.model import steps
from daemon.measure import program  # it registers the steps
from daemon.measure.plan import REQUIRED, STEPS, check_step

assert program
_TREE: steps.Tree = {"root": ["runsv", 7], "pid1": True}
EXAMPLES: list[steps.Step] = [
    steps.await_up(["s1"], 1),
    steps.await_restart(["s1"], 1, otherwise="true"),
    steps.await_end("s1", 1),
    steps.await_ready("s1"),
    steps.count_starts("s1", 1),
    steps.storm(["s1"], 1),
    steps.reap("testd-child", 1),
    steps.reap("testd-child", 1, after="s1"),
    steps.sleep(1),
    steps.watch(1),
    steps.set_mode("s1", "--children 2"),
    steps.run_command("true", 1),
    steps.signal_service("s1", 15),
    steps.kill_service("s1"),
    steps.kill_processes("testd"),
    steps.snapshot(),
    steps.measure_footprint(1, _TREE, "few"),
    steps.measure_cpu(1, _TREE, "idle"),
    steps.mark_cpu(_TREE, "before"),
    {"do": "gather", "services": ["s1"], "new": ["s1"], "stall": 1},
    {
        "do": "trials",
        "service": "s1",
        "groups": [{"name": "long", "trials": 1, "uptime": [1, 2], "fresh": False}],
        "deadline": 1,
        "signal": 9,
        "warmup": 1,
        "patience": 1,
        "limit": (10, 120.0),
        "slot": {"index": 0, "count": 2, "width": 0.05},
        "ready": True,
    },
]


def declared_keys() -> dict[str, set[str]]:
    """Return, by step, all keys that its type declares."""
    return {
        name: set(get_type_hints(kind)) - {"do"}
        for kind in get_args(steps.Step)
        for name in get_args(get_type_hints(kind)["do"])
    }


def declared_required_keys() -> dict[str, set[str]]:
    """Return, by step, the keys that its type requires."""
    return {
        name: set(kind.__required_keys__) - {"do"}
        for kind in get_args(steps.Step)
        for name in get_args(get_type_hints(kind)["do"])
    }


def test_every_type_declares_the_keys_of_the_measuring_program() -> None:
    assert declared_keys() == {name: set(keys) for name, (_, keys) in STEPS.items()}


def test_every_type_requires_what_the_measuring_program_requires() -> None:
    for name, (_, keys) in STEPS.items():
        required = {key for key, (_, default) in keys.items() if default is REQUIRED}
        assert declared_required_keys()[name] >= required, name


def test_every_step_has_an_example() -> None:
    assert {step["do"] for step in EXAMPLES} == set(declared_keys())


@pytest.mark.parametrize("step", EXAMPLES, ids=lambda step: step["do"])
def test_the_measuring_program_accepts_the_step(step: steps.Step) -> None:
    check_step(0, json.loads(json.dumps(step)))
