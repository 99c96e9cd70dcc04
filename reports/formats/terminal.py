"""A run on the terminal: the article's table, the latencies, the behaviours, and what failed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from rich.console import Console

from bench.model.run_file import Run
from reports.formats.fitting import print_table
from reports.formats.terminal_tables import (
    article_table,
    blocks_table,
    latency_table,
    matrix_tables,
)
from reports.model.contenders import contender_label, verified_mode
from reports.model.run_summary import (
    count_outcomes,
    damage_lines,
    describe_seal,
    failure_lines,
    ranking_obstacle,
    rejection_lines,
)
from reports.model.samples import read_samples
from reports.model.tables.behaviour_matrix import BehaviourMatrix, build_matrix
from reports.model.tables.containers import container_tables
from reports.model.tables.duration import describe_duration
from reports.model.tables.figures import figure_tables, readiness_tables
from reports.model.tables.instrument import calibration_lines, calibration_summary, trace_agreement
from reports.model.tables.quality_issues import quality_issues_table
from reports.model.tables.restart_parts import restart_parts_table
from reports.model.tables.summary_rows import summary_rows
from reports.model.text import sanitize

# The matrix takes no more columns, because longer lines are harder to read.
_MAX_MATRIX_WIDTH = 120


def print_run(run: Run, console: Console, *, force: bool, folder: Path) -> int:
    """Print a run; return 1 where a contender failed or the run is damaged, else 0.

    force: print a ranking even where it means nothing. folder: of the run, for its logs.
    """
    run = sanitize(run)
    _print_head(run, console)
    _print_tables(run, console, force=force)
    _print_releases(run, console, folder)
    _print_trust(run, console)
    return _print_outcome(run, console, folder)


def print_figures(run: Run, metrics: Collection[str], console: Console) -> int:
    """Print the figures of some metrics; return 1 where the run is damaged, else 0."""
    run = sanitize(run)
    _print_head(run, console)
    for table in figure_tables(run, metrics):
        console.print()
        print_table(blocks_table(table), console)
    return 1 if damage_lines(run) else 0


def _print_head(run: Run, console: Console) -> None:
    effort = ", quick: few trials" if run["quick"] else ""
    title = f"{run['system']['title']} on {run['provider']['name']}{effort}, run {run['id']}"
    _print_line(console, title, "bold")
    for line in damage_lines(run):
        _print_line(console, line, "bold red")
    for warning in run["warnings"]:
        _print_line(console, f"warning: {warning}", "yellow")


def _print_tables(run: Run, console: Console, *, force: bool) -> None:
    rows = summary_rows(run)
    console.print()
    print_table(article_table(rows), console)
    obstacle = ranking_obstacle(run)
    if obstacle and not force:
        _print_line(console, f"No ranking, because {obstacle}; --force prints one all the same.")
    else:
        console.print()
        print_table(latency_table(rows), console)
    for table in (*readiness_tables(run), *container_tables(run, {})):
        console.print()
        print_table(blocks_table(table), console)
    console.print()
    _print_matrix(build_matrix(run), console)


def _print_releases(run: Run, console: Console, folder: Path) -> None:
    """Print each contender over the systems of a run of several, and what really changed."""
    if "systems" not in run:
        return
    # Most runs have one system, and need none of this.
    from reports.compare.runs import RunWithSamples
    from reports.compare.systems.history import change_lines, histories
    from reports.compare.systems.history_table import releases_table

    sampled = RunWithSamples(run, read_samples(folder))
    print_table(blocks_table(releases_table(histories(sampled))), console)
    for line in change_lines(sampled):
        _print_line(console, line)
    console.print()


def _print_matrix(matrix: BehaviourMatrix, console: Console) -> None:
    """Print the matrix and its legend; nothing where no scenario judges behaviours."""
    if not matrix.columns:
        return
    for table in matrix_tables(matrix, min(console.width, _MAX_MATRIX_WIDTH)):
        console.print(table, crop=False)
        console.print()
    for line in (*matrix.legend(), "Why: ./inv report --why SUPERVISOR/SCENARIO", ""):
        _print_line(console, line)


def _print_trust(run: Run, console: Console) -> None:
    """Print where restarts' time goes, the instrument's calibration, and what is doubtful."""
    for table in (restart_parts_table(run), quality_issues_table(run)):
        if table is not None:
            print_table(blocks_table(table), console)
            _print_line(console, f"{table.note}\n" if table.note else "")
    for line in filter(None, (trace_agreement(run), calibration_summary(run))):
        _print_line(console, line)
    for line in calibration_lines(run):
        _print_line(console, f"  {line}")
    console.print()


def _print_outcome(run: Run, console: Console, folder: Path) -> int:
    for contender in run["contenders"]:
        if mode := verified_mode(contender):
            _print_line(console, f"{contender_label(contender)}: {contender['setting']}.{mode}")
    for absent in run["absent"]:
        _print_line(console, f"{absent['title']}: {absent['reason']}")
    _print_line(console, count_outcomes(run))
    _print_line(console, describe_duration(run))
    _print_line(console, f"Samples: {describe_seal(run)}")
    for line in rejection_lines(run):
        _print_line(console, line, "yellow")
    failures = failure_lines(run)
    for line in failures:
        _print_line(console, f"{line} (see {sanitize(str(folder))})", "red")
    return 1 if failures or damage_lines(run) else 0


def _print_line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, highlight=False, markup=False)
