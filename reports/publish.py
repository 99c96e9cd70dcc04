"""The reference run that the repository keeps, and the README's table of it."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.model.run_file import Run
from bench.model.run_file.measured_daemon import describe_daemon, is_of_own_daemon
from bench.recording.samples.samples_file import COMPRESSED, sample_lines
from bench.recording.validity.samples_check import find_damage
from provision.errors import Problem
from reports.article.summary_table import summary_table
from reports.compare.systems.system_views import main_release_note
from reports.formats import markdown
from reports.model.blocks import Cell, Table
from reports.model.run_summary import describe_hosts
from reports.model.samples import read_samples
from reports.model.text import sanitize

FOLDER = Path(__file__).parent / "published"
README = Path(__file__).parent.parent / "README.md"
BEGIN = "<!-- table: made by `./inv publish`, checked by tests/unit/reports -->"
END = "<!-- /table -->"
# The supervisors that the article set out to compare; perp and Upstart are in no archive.
ARTICLE = (
    "sysvinit", "upstart", "systemd", "daemontools", "runit", "s6", "perp", "supervisord",
    "restartd", "monit", "god",
)  # fmt: skip
NO_BREAK_SPACE = "\u00a0"


def publish(run: Run, folder: Path) -> list[Path]:
    """Keep a run as the reference, and put its table into the README; return the files written.

    Raises Problem for a run that is quick, unfinished, damaged or failed in part, and for a README
    without the markers.
    """
    from reports.render import write_article  # it draws, and a test of the table alone need not

    _check(run, find_damage(run, folder))
    read_samples(folder)  # broken samples are not published
    raw = b"".join(line for _, _, line in sample_lines(folder))
    readme = readme_with(README.read_text(), run)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "run.json").write_text(json.dumps(run, indent=1) + "\n")
    # Without a time stamp, so that the same run gives the same file.
    (FOLDER / COMPRESSED).write_bytes(gzip.compress(raw, mtime=0))
    write_article("html", run, FOLDER)
    write_article("md", run, FOLDER)
    README.write_text(readme)
    return [README, *sorted(FOLDER.iterdir())]


def readme_with(text: str, run: Run) -> str:
    """Return the README's text with the table of a run between its markers. Raises Problem."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise Problem(
            f"{README.name} has no place for the table.",
            advice=f"Put these two lines where it belongs: {BEGIN} and {END}",
        )
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{readme_table(run)}\n{END}{tail}"


def readme_table(run: Run) -> str:
    """Return the article's table and where it was measured, as Markdown."""
    run = sanitize(run)
    place = (
        f"{run['system']['title']} in guests by {run['provider']['name']} on "
        f"{describe_hosts(run)}; run {run['id']}. "
        "The whole article: [page](reports/published/article.html), "
        "[Markdown](reports/published/article.md)."
    )
    table = _short(summary_table(run))
    note = " ".join(filter(None, (table.note, main_release_note(run))))
    return f"{markdown.render_table(table)}\n\n{markdown.escape(note)}\n\n{place}"


def _short(table: Table) -> Table:
    """Return a table without smaller print, and with figures that no line break can split."""
    return replace(
        table,
        rows=tuple(
            tuple(
                Cell(cell.text.replace(" ", NO_BREAK_SPACE), footnote=cell.footnote) for cell in row
            )
            for row in table.rows
        ),
    )


def _check(run: Run, damage: Sequence[str]) -> None:
    """Raise Problem where the run is not fit to be a reference."""
    defects = [*damage, *_defects(run)]
    if defects:
        raise Problem(
            f"{run['id']} is not fit to be a reference.",
            known="\n".join(defects),
            advice="./inv bench, then ./inv publish",
            usage=True,
        )


def _defects(run: Run) -> Iterator[str]:
    failed, unfinished = (
        ", ".join(item["name"] for item in run["contenders"] if item["status"] == status)
        for status in ("failed", "unfinished")
    )
    if run["quick"]:
        yield "It is a quick run."
    if is_of_own_daemon(run):
        yield f"It measured an {describe_daemon(run)}."
    if not run["ended"]:
        yield "It has not ended."
    if failed:
        yield f"It failed to measure {failed}."
    if unfinished:
        yield f"It was interrupted before it had measured all of {unfinished}."
    if left_out := _left_out(run):
        yield f"It was asked for some supervisors only, without {', '.join(left_out)}."


def _left_out(run: Run) -> list[str]:
    """Return the supervisors of the article of 2012 that a run of named contenders leaves out."""
    if not run["options"].get("only"):
        return []
    measured = {contender["supervisor"] for contender in run["contenders"]}
    return [name for name in ARTICLE if name not in measured]
