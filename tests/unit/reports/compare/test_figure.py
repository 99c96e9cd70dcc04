"""What a bisection says of one figure in two versions."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from reports.compare.figure import figure_change, finding_lines
from tests.unit.reports.support.compared_runs import run_with_medians

MEASURED = ("1.0", "2.0", "1.5")


def sentence(before: float, after: float, neighbours: tuple[str, str]) -> str:
    change = figure_change(
        run_with_medians(before, 1000), run_with_medians(after, 1000, seed=2), "restart_long"
    )
    line, order = finding_lines("runit", neighbours, MEASURED, change)
    assert order == "Measured, in this order: 1.0, 2.0, 1.5."
    return line


def test_a_version_is_named_where_it_differs_from_the_one_before() -> None:
    line = sentence(4, 8, ("1.4", "1.5"))
    assert line.startswith(
        "runit changed in 1.5 (1.4: not yet): restart_long 4.02, then 8.22 ms, +"
    )


def test_neighbours_that_do_not_differ_name_no_version() -> None:
    line = sentence(4, 4, ("1.4", "1.5"))
    assert line.startswith("runit changed after 1.0, in 1.5 at the latest. In which version, these")
    assert "from 1.4 to 1.5, restart_long 4.0" in line and line.endswith("More --trials would.")


def test_equal_ends_show_no_change() -> None:
    line = sentence(4, 4, ("1.0", "1.0"))
    assert line.startswith("runit: no change by more than chance between the ends: restart_long")


def test_the_more_comparisons_the_more_a_figure_has_to_differ() -> None:
    runs = run_with_medians(4, 1000), run_with_medians(4.3, 1000, seed=3)
    alone, among = (figure_change(*runs, "restart_long", count) for count in (1, 500))
    assert alone.is_significant and not among.is_significant
    assert alone.p is not None and among.p is not None and alone.p < among.p


def test_a_figure_without_a_test_is_refused() -> None:
    runs = run_with_medians(4, 1000), run_with_medians(4, 1000)
    with pytest.raises(Problem, match="vmpeak is a single figure"):
        figure_change(*runs, "vmpeak")
    with pytest.raises(Problem, match="no metric named 'restart'"):
        figure_change(*runs, "restart")
