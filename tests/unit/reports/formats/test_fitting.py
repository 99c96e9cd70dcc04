"""Every table on a narrow terminal: whole figures, or none."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from bench.model.run_file import Run
from bench.model.statistics import summarize
from bench.recording.store import read_run
from reports.compare.comparison import compare_runs
from reports.compare.formats.terminal import print_comparisons
from reports.compare.runs import with_samples
from reports.formats.fitting import TextColumn, TextTable, print_table
from reports.formats.terminal import print_figures, print_run
from reports.formats.terminal_tables import blocks_table
from reports.model import blocks
from reports.model.blocks import Cell, Column
from reports.model.excerpt import Excerpt, find_excerpt
from reports.model.metrics import format_number
from tests.support.samples import sample_runs
from tests.unit.reports.support.traced_runs import traced_run

WIDTHS = (120, 100, 80, 60, 40)
FIGURE = re.compile(r"[\d,]*\d(?:\.\d+)?")


def figures_of(text: str) -> set[str]:
    """Return every number in a text."""
    return set(FIGURE.findall(text))


def printed(table: TextTable, width: int) -> list[str]:
    """Return the lines of a table on a terminal of that width."""
    console = Console(file=io.StringIO(), width=width, record=True)
    print_table(table, console)
    return [line.rstrip() for line in console.export_text().splitlines()]


def run_text(run: Run, width: int, metrics: Sequence[str] = ()) -> str:
    """Return what a terminal shows of a run, or of some of its metrics."""
    console = Console(file=io.StringIO(), width=width, record=True)
    if metrics:
        print_figures(run, find_excerpt([run], metric=metrics).metrics, console)
    else:
        print_run(run, console, force=True, folder=Path())
    return console.export_text()


@pytest.fixture(scope="module")
def published() -> Run:
    return read_run(sample_runs.OLDER_RUN)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("traced", [False, True])
def test_a_report_has_whole_figures_at_any_width(published: Run, width: int, traced: bool) -> None:
    run = traced_run() if traced else published
    wide, narrow = run_text(run, 300), run_text(run, width)
    assert "…" not in narrow
    assert figures_of(narrow) <= figures_of(wide)
    for contender in run["contenders"]:
        restart = contender["scenarios"]["restart"]["metrics"][0]
        assert format_number(restart["median"]) in figures_of(narrow)


@pytest.mark.parametrize("width", [120, 100, 80, 60])
def test_a_report_is_as_wide_as_the_terminal(published: Run, width: int) -> None:
    assert max(map(len, run_text(published, width).splitlines())) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_chosen_figures_are_whole_at_any_width(published: Run, width: int) -> None:
    metrics = ["restart", "pss", "vmpeak", "scale_restart"]
    wide, narrow = run_text(published, 300, metrics), run_text(published, width, metrics)
    assert "…" not in narrow
    assert figures_of(narrow) == figures_of(wide)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_comparison_has_whole_figures_at_any_width(tmp_path: Path, width: int) -> None:
    texts = [comparison_text(tmp_path / str(columns), columns) for columns in (300, width)]
    wide, narrow = texts
    assert "…" not in narrow
    table, *_ = narrow.partition("differs in shape:")
    assert figures_of(table) <= figures_of(wide)
    assert "115" in figures_of(narrow)


def comparison_text(folder: Path, width: int) -> str:
    """Return a comparison of two runs, one of whose figures grew from 1,000 to 115,000 ms."""
    runs = []
    for name, median in (("before", 1_000.0), ("after", 115_000.0)):
        path = sample_runs.write_ordinary_run(folder / name)
        run = read_run(path)
        metrics = run["contenders"][0]["scenarios"]["footprint"]["metrics"]
        name = "restart_after_out_of_memory"
        metrics.append(sample_runs.single_metric(name, "ms", median))
        runs.append(with_samples(run, path))
    console = Console(file=io.StringIO(), width=width, record=True)
    print_comparisons(compare_runs(runs, Excerpt()), console)
    return console.export_text().replace("11400.0", "11,400.0")


COLUMNS = (
    TextColumn("contender", key=True),
    TextColumn("first", right=True),
    TextColumn("second", right=True, optional=1),
    TextColumn("third", right=True, optional=2),
    TextColumn("fourth", right=True),
)
ROWS = [["runit as PID 1", "123,456 ms", "1,234 ms", "99.9 %", "1.23 to 4.56"]]


def test_what_is_optional_is_left_out_first_and_named() -> None:
    table = TextTable("Title", COLUMNS, ROWS)
    assert "No room" not in "".join(printed(table, 80))
    lines = printed(table, 50)
    assert lines[-1] == "No room for: third."
    assert lines[-2].split("  ")[-1].strip() == "1.23 to 4.56"
    assert printed(table, 42)[-1] == "No room for: second, third."


def test_what_is_not_optional_goes_to_a_further_table_with_the_keys() -> None:
    lines = printed(TextTable("Title", COLUMNS, ROWS), 30)
    text = "\n".join(lines)
    assert text.count("runit as PID 1") == 2 and text.count("Title") == 1
    assert "123,456 ms" in text and "1.23 to 4.56" in text
    assert max(map(len, lines)) <= 30


def test_a_figure_wider_than_the_terminal_is_not_cut() -> None:
    text = "\n".join(printed(TextTable("", COLUMNS, ROWS), 16))
    assert "123,456 ms" in text and "1.23 to 4.56" in text


def test_a_reason_in_place_of_a_figure_goes_over_several_lines() -> None:
    reason = "not applicable (its design has no such thing, as its manual says)"
    table = TextTable("", COLUMNS, [["runit", reason, "", "", "1"]])
    lines = printed(table, 60)
    assert " ".join("".join(lines).split()).count("not applicable") == 1
    assert max(map(len, lines)) <= 60
    wanted = reason.replace("(", "").split()
    assert all(any(word.strip("(") in line for line in lines) for word in wanted)


def test_a_distribution_of_large_numbers_is_whole(tmp_path: Path) -> None:
    run = read_run(sample_runs.write_ordinary_run(tmp_path / "run"))
    metric = summarize("restart_long", "ms", sample_runs.steady_latencies(1_234_567.0))
    run["contenders"][0]["scenarios"]["restart"]["metrics"] = [sample_runs.metric(metric)]
    for width in (80, 60):
        assert "1,234,567" in figures_of(run_text(run, width))


def test_a_long_heading_goes_over_several_lines_and_keeps_its_unit() -> None:
    columns = (Column("Supervisor"), *(Column(f"Private memory {n}, kB", True) for n in "abc"))
    row = tuple(map(Cell, ("runit", "1,234", "2,345", "3,456")))
    lines = printed(blocks_table(blocks.Table("Memory", columns, (row,))), 60)
    assert any(
        line.split() == ["supervisor", *["a,", "kB", "b,", "kB", "c,", "kB"]] for line in lines
    )
    assert sum("runit" in line for line in lines) == 1


def test_headings_keep_abbreviations_and_units() -> None:
    columns = (Column("Contender"), Column("CPU, us", numeric=True), Column("p90", numeric=True))
    row = tuple(map(Cell, ("runit", "1", "2")))
    text = "\n".join(printed(blocks_table(blocks.Table("", columns, (row,))), 60))
    assert "contender" in text and "CPU, us" in text and "p90" in text
