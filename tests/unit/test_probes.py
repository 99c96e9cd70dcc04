"""The counts of probes come from the cases that ran."""

from __future__ import annotations

from typing import Literal

import pytest

from tests.probes import KINDS, count_lines

Phase = Literal["setup", "call", "teardown"]


def report(kind: str, phase: Phase, outcome: Literal["passed", "failed"]) -> pytest.TestReport:
    return pytest.TestReport(
        "t.py::t", ("t.py", 1, "t"), {}, outcome, None, phase, user_properties=[("probe", kind)]
    )


def test_a_case_counts_once_and_a_failure_in_any_phase_counts() -> None:
    reports = [
        report("kill", "setup", "passed"),
        report("kill", "call", "passed"),
        report("kill", "teardown", "passed"),
        report("kill", "call", "failed"),
        report("hostile", "setup", "failed"),
    ]
    assert list(count_lines(reports)) == [
        "1 hostile acts: 0 contained, 1 not contained",
        "2 kills: 1 without a residue, 1 residues",
    ]


def test_nothing_is_said_of_what_did_not_run() -> None:
    assert list(count_lines([])) == []


def test_every_kind_says_what_it_counts() -> None:
    for kind in KINDS:
        (line,) = count_lines([report(kind, "call", "passed")])
        assert line.startswith("1 ") and "0 " in line
