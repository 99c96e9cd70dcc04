"""A supervisor that fails is named with its failure, and takes no other one with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.guests.failures.ends import FLOOR, check_end, rows_by_name
from tests.support.stand_ins import doubles
from tests.support.suite import Suite


def measure_double(suite: Suite, name: str, code: int) -> dict[str, Any]:
    """Measure that double; returns its row in run.json."""
    done = suite.start(name, program=suite.checkout / "tests/support/stand_ins/doubles.py").end()
    check_end(done, code)
    assert suite.guests() == []
    rows = rows_by_name(suite)
    floor = FLOOR if "hosted" in "".join(rows) else "floor/runner/default/pid1"
    assert rows[floor]["status"] == "measured"
    return next(row for name, row in rows.items() if name.startswith("double"))


@pytest.mark.slow
def test_restarts_that_never_come_are_censored(suite: Suite) -> None:
    row = measure_double(suite, "never-restarts", 0)
    metrics = row["scenarios"]["restart"]["metrics"]
    (metric,) = (metric for metric in metrics if metric["metric"] == "restart_long")
    assert metric["censored"] == metric["n"] >= 1
    assert (metric["median"], metric["max"]) == (None, None)
    samples = [line for line in suite.samples() if line["contender"].startswith("double")]
    assert [line for line in samples if line["event"] == "sample" and line["censored"]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["never-starts", "crashes-at-once"])
def test_a_service_that_never_starts_fails_in_verify(suite: Suite, name: str) -> None:
    row = measure_double(suite, name, 1)
    assert row["status"] == "failed"
    assert "in phase verify: double/runner/default/hosted did not start s1" in row["reason"]
    assert (suite.results / "latest" / row["log"]).read_text()


def test_a_pid_1_that_crashes_fails_the_contender(suite: Suite) -> None:
    row = measure_double(suite, "crashes", 1)
    assert row["status"] == "failed"
    assert "in phase measure restart" in row["reason"]
    logs = suite.results / "latest" / "logs"
    assert "its one service has ended" in (suite.results / "latest" / row["log"]).read_text()
    console = (logs / "double-runner-default-pid1-0-console.log").read_text()
    assert console.startswith("===== PID 1: /sbin/init\n")
    assert console.endswith("===== PID 1: /etc/double\nKilled\nits one service has ended\n")


@pytest.mark.slow
def test_a_failed_scenario_leaves_the_others_measured(suite: Suite) -> None:
    """Earlier scenarios are kept; later ones are measured in another guest."""
    row = measure_double(suite, "never-reloads", 1)
    assert row["status"] == "failed"
    assert row["reason"].startswith("in phase measure footprint: ")
    parts = row["scenarios"]
    assert {name: part["status"] for name, part in parts.items()} == {
        "restart": "measured", "footprint": "failed", "idle": "measured"
    }  # fmt: skip
    assert row["reason"].startswith(parts["footprint"]["note"])
    assert parts["footprint"]["metrics"] == []
    phases = [set(guest["phases"]) for guest in row["guests"]]
    assert [guest for guest in phases if "measure restart" in guest]
    assert [guest for guest in phases if "measure idle" in guest and "measure restart" not in guest]
    scenarios = {line["scenario"] for line in suite.samples() if line["contender"] == row["name"]}
    # The guests that measured a part of the failed scenario have samples as well.
    assert scenarios >= {"restart", "idle"}
    table = suite.run("report", "--format=csv").output.splitlines()
    rows = [row for row in table if ",double," in row]
    assert [row for row in rows if ",restart,restart_long,ms," in row]
    assert [row for row in rows if ",footprint," in row and ",failed," in row]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("forges-results", "a start before its kill"),
        pytest.param("forges-stamps", "a stamp of the future", marks=pytest.mark.slow),
    ],
)
@pytest.mark.probe("hostile")
def test_a_guest_that_forges_stamps_is_named_and_fails(
    suite: Suite, name: str, reason: str
) -> None:
    row = measure_double(suite, name, 1)
    assert row["status"] == "failed"
    assert f"rejected: {reason} (" in row["reason"].splitlines()[0]
    restart = row["scenarios"]["restart"]
    assert (restart["status"], restart["metrics"]) == ("failed", [])
    assert restart["rejected"][reason] >= 1
    assert f"rejected, {reason}" in (suite.results / "latest" / row["log"]).read_text()
    done = suite.run("report")
    check_end(done, 1)
    assert reason in " ".join(done.output.split())


def test_every_double_is_tested_here() -> None:
    assert set(doubles.SCRIPTS) == {
        "never-restarts", "never-starts", "crashes", "crashes-at-once", "never-reloads",
        "forges-stamps", "forges-results",
    }  # fmt: skip
