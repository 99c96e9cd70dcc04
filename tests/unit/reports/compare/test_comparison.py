"""A comparison on the terminal, and its exit code."""

from __future__ import annotations

import pytest

from bench.model.statistics import single_value
from provision.errors import Problem
from reports.compare.comparison import check_count, check_different
from tests.unit.reports.support.compared_runs import (
    RUNIT,
    S6,
    changed,
    compare,
    comparison_output,
    run_with_figures,
    run_with_medians,
)


def test_fail_on_finds_a_regression_beyond_its_limit() -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(6, 1000, seed=2)]
    assert comparison_output(runs)[0] == 0
    code, output = comparison_output(runs, "regression:20")
    assert code == 1 and f"regression: {RUNIT} restart_long +" in output
    assert comparison_output(runs, "regression:80%")[0] == 0
    assert comparison_output(runs[::-1], "regression:20")[0] == 0


def test_small_changes_are_counted() -> None:
    runs = [run_with_medians(4, 1000), run_with_medians(4, 1000)]
    output = comparison_output(runs)[1]
    count = len(compare(runs).items[0].changes)
    assert f"\n{count} figures changed by less than 10 %." in output
    assert "pss_1" not in output and "What changed" not in output


def test_large_changes_are_listed() -> None:
    runs = [run_with_medians(4, 1000), run_with_figures(single_value("vmpeak", "kB", 2512 * 1.3))]
    output = comparison_output(runs)[1]
    assert "vmpeak" in output and "pss_1 " not in output
    count = len(compare(runs).items[0].changes)
    assert f"\n{count - 1} other figures changed by less than 10 %." in output


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_fits_the_terminal(width: int) -> None:
    names = ("private_dirty_10", "restart_after_out_of_memory", "restart_holdoff_short")
    runs = [
        run_with_figures(*(single_value(name, "kB", value) for name in names))
        for value in (12345.0, 98765.0)
    ]
    for compared in runs:
        compared.run["contenders"][0]["title"] = "supervisor of a name [b]"
    output = comparison_output(runs, "regression:10", width)[1]
    assert max(map(len, output.splitlines())) <= width
    assert all(f" {name}" in output for name in names)
    assert "+700.0 %" in output and "single" in output and "[b]" in output


@pytest.mark.parametrize("runs", [[], ["one"]])
def test_less_than_two_runs_are_refused(runs: list[str]) -> None:
    with pytest.raises(Problem, match="needs two runs or more") as refused:
        check_count(runs)
    assert refused.value.usage


def test_a_run_is_not_compared_with_itself() -> None:
    run, other = run_with_medians(4, 1000), run_with_medians(4, 1000, id="another")
    check_different([run, other])
    for runs in ([run, run], [run, other, run]):
        with pytest.raises(Problem, match="would be compared with itself") as refused:
            check_different(runs)
        assert refused.value.usage


def test_contenders_in_one_run_only_are_named() -> None:
    both = run_with_medians(4, 1000)
    one = changed(both, contenders=both.run["contenders"][:1])
    assert f"Only before: {S6}." in comparison_output([both, one])[1]
    assert f"Only after: {S6}." in comparison_output([one, both])[1]
