"""Steps that look at the processor time of the supervision tree."""

from __future__ import annotations

import psutil

from tests.support.restarts import AWAIT, LONG, assert_complete, trials
from tests.support.sandbox import Sandbox
from tests.support.wait import eventually


def test_cpu_marks_differ_by_what_restarts_used(sandbox: Sandbox) -> None:
    floor = sandbox.start_floor("s1")
    mark = {"do": "cpu_mark", "root": [floor.pid]}
    result = sandbox.measure(AWAIT, mark, trials(LONG), mark, {**mark, "do": "cpu", "window": 0.1})
    assert_complete(result)
    before, after = (event["total"] for event in result.all("cpu_mark"))
    assert after["cpu_ns"] > before["cpu_ns"]
    assert after["voluntary"] >= before["voluntary"] + 4
    window = result.one("cpu")
    assert window["came"] == window["went"] == []
    assert window["processes"] == 1


def test_cpu_names_processes_that_came_and_went(sandbox: Sandbox) -> None:
    shell = sandbox.start(
        "/bin/sh", "-c", "(while kill -0 $$; do sleep 0.3; done) & while :; do sleep 0.2; done"
    )
    process = psutil.Process(shell.pid)
    eventually(lambda: len(process.children(recursive=True)) == 3, "the inner shell, two sleeps")
    result = sandbox.measure({"do": "cpu", "root": [shell.pid], "window": 2})
    window = result.one("cpu")
    assert window["came"]
    assert window["went"]
