"""The program as a whole: plans, exit codes, steps that fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.restarts import AWAIT, LONG, assert_complete, group, trials
from tests.support.sandbox import MEASURE, Sandbox, pythons


def test_the_program_ends_when_its_reader_has_gone(sandbox: Sandbox) -> None:
    sandbox.start_floor("s1")
    process = sandbox.start_measuring(AWAIT, {"do": "watch", "seconds": 100000})
    assert process.stdout
    assert json.loads(process.stdout.readline())["event"] == "hello"
    process.stdout.close()
    assert process.wait(timeout=60) == 1


def test_a_step_that_fails_does_not_stop_the_rest(sandbox: Sandbox) -> None:
    (sandbox.dir / "s1.mode").mkdir()
    result = sandbox.measure(
        {"do": "mode", "service": "s1", "text": "x"}, {"do": "watch", "seconds": 0}
    )
    assert_complete(result, errors=1)
    assert "Traceback" in result.one("error")["what"]
    assert [step["do"] for step in result.all("step")] == ["mode", "watch"]


@pytest.mark.parametrize("python", pythons())
@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("", "not JSON"),
        ("[]", "must be an object"),
        ({"seed": 1, "steps": []}, '"services" is missing'),
        ({"services": ["../x"], "seed": 1, "steps": []}, '"services" must be a service name'),
        ({"services": ["s1"], "seed": "x", "steps": []}, '"seed" must be a whole number'),
        ({"services": ["s1"], "seed": 1, "steps": [{}]}, 'steps[0]: "do" must be one of await'),
        ({"services": ["s1"], "seed": 1, "steps": [{"do": "dance"}]}, '"dance"'),
        ({"services": ["s1"], "seed": 1, "steps": [], "extra": 1}, 'unknown key "extra"'),
        ([{"do": "watch"}], 'steps[0] (watch): "seconds" is missing'),
        ([{"do": "watch", "seconds": -1}], "a number of seconds, 0 or more, not -1"),
        ([{"do": "signal", "target": "x", "signal": 9}], "service:NAME"),
        ([trials(LONG, slot={"index": 3, "count": 3, "width": 1})], "below its count"),
        ([trials(LONG, limit=[2, 10])], "count of 3 or more"),
        ([trials(group("x", 1, 3, 2))], "low first"),
        ([trials()], "a list of groups"),
        ([{**AWAIT, "services": []}], "a list of service names"),
    ],
)
def test_a_malformed_plan_is_refused_with_its_place(
    sandbox: Sandbox, python: str, plan: object, message: str
) -> None:
    if isinstance(plan, list):
        plan = sandbox.plan(*plan)
    content = plan if isinstance(plan, str) else json.dumps(plan)
    done = subprocess.run(
        [python, str(MEASURE), "-"], input=content, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_is_read_from_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(sandbox.plan()))
    command = [sys.executable, str(MEASURE)]
    assert subprocess.run([*command, str(path)], capture_output=True, check=False).returncode == 0
    missing = subprocess.run([*command, "/nowhere"], capture_output=True, text=True, check=False)
    assert (missing.returncode, missing.stderr) == (
        2,
        "measure: /nowhere: No such file or directory\n",
    )
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
