"""A run of several hosts: no rendering compares one host's figures with another's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.distributed import merge
from bench.distributed.part import RunPart
from bench.model.run_file import Run
from bench.recording.store import read_run
from provision.errors import Problem
from reports.article.article import build_article
from reports.article.article_table import article_table
from reports.article.recommendations import recommend
from reports.article.supervisor_summary import summarize_supervisor
from reports.formats import html, markdown
from reports.model.blocks import Article, Figure, Section, Table
from reports.model.samples import read_samples
from reports.model.text import sanitize
from tests.support.samples import sample_runs

RUNIT = "runit/runner/default/hosted"
S6 = "s6/runner/default/hosted"
S6_TUNED = "s6/runner/fast/hosted"
FLOOR = "floor/runner/default/hosted"
RANKS = {"runit": 5, "s6": 6, "floor": 100}
LIGHTEST = "Which takes least memory with ten services?"
SEPARATE = "This run cannot say: its 2 hosts are not ranked together."


def part(host: str, medians: Mapping[str, float], **memory: tuple[float, float]) -> RunPart:
    """Return what a host measured: latencies around a median in ms by contender's name.

    memory: by supervisor, kB with one service and with ten.
    """
    latencies = {name: sample_runs.steady_latencies(median) for name, median in medians.items()}
    contenders = []
    for name, values in latencies.items():
        supervisor = name.partition("/")[0]
        kb, rank = memory.get(supervisor, (200, 1100)), RANKS[supervisor]
        contenders.append(sample_runs.contender(name, values, rank=rank, memory=kb))
    run = sample_runs.run(*contenders)
    run["host"]["name"], run["host"]["processor"] = host, f"CPU of {host}"
    samples: Any = sample_runs.restart_samples(latencies)
    return RunPart(run, samples, {})


@pytest.fixture
def parts() -> list[RunPart]:
    """Two hosts; s6 comes first, though runit is before it in the draft."""
    return [
        part("aa", {S6: 1006.0, S6_TUNED: 5.0, FLOOR: 1.0}),
        part("bb", {S6_TUNED: 50.0, RUNIT: 4.0, FLOOR: 2.0}, runit=(100.0, 500.0)),
    ]


def merge_parts(parts: list[RunPart], folder: Path, *, mixed: bool = False) -> tuple[Run, Article]:
    record = merge.merge_parts(parts, mixed=mixed, results=folder)
    return record.run, build_article(record.run, read_samples(record.folder))


def figures(article: Article) -> dict[str, Figure]:
    return {figure.name: figure for figure in article.figures}


def answers(run: Run) -> dict[str, str]:
    return {item.question: item.answer for item in recommend(run)}


def sentences_on_defaults(run: Run) -> list[str]:
    return [text for text in summarize_supervisor(run, "s6") if "by default" in text]


def article_cells(run: Run) -> dict[str, list[str]]:
    return {row[0].text: [cell.text for cell in row] for row in article_table(run).rows}


def test_a_setting_is_compared_with_the_default_of_its_own_host(
    parts: list[RunPart], tmp_path: Path
) -> None:
    run, _ = merge_parts(parts, tmp_path)
    assert sentences_on_defaults(run) == ["s6 on aa, fast is 201 times faster than by default."]
    assert answers(run)["Which default is worth changing?"] == (
        "s6 on aa, fast: 5.00 ms in place of 1.01 s (nothing special)."
    )


def test_no_answer_ranks_hosts_together(parts: list[RunPart], tmp_path: Path) -> None:
    run, _ = merge_parts(parts, tmp_path)
    by_question = answers(run)
    assert by_question["Which is fastest?"] == by_question[LIGHTEST] == SEPARATE
    assert by_question["Which is fastest as PID 1?"] in (SEPARATE, "This run has no such figure.")
    assert by_question["Which takes a second or longer?"] == "s6 on aa (1.01 s)."


@pytest.mark.parametrize("name", ["latency", "memory"])
def test_no_table_ranks_hosts_together(parts: list[RunPart], tmp_path: Path, name: str) -> None:
    _, article = merge_parts(parts, tmp_path)
    section = next(section for section in article.sections if section.name == name)
    table = next(block for block in section.blocks if isinstance(block, Table))
    order = ["runit on bb", "s6 on aa", "s6 on aa, fast", "s6 on bb, fast", "floor on aa",
             "floor on bb"]  # fmt: skip
    assert [row[0].text for row in table.rows] == order


def test_a_mixed_run_ranks_hosts_together(parts: list[RunPart], tmp_path: Path) -> None:
    run, _ = merge_parts(parts, tmp_path, mixed=True)
    by_question = answers(run)
    assert by_question["Which is fastest?"] == "runit on bb (4.00 ms)."
    assert by_question[LIGHTEST].startswith("runit on bb")


def test_a_mixed_run_compares_settings_on_one_host_all_the_same(
    parts: list[RunPart], tmp_path: Path
) -> None:
    run, _ = merge_parts(parts, tmp_path, mixed=True)
    assert len(sentences_on_defaults(run)) == 1


def test_a_mixed_run_has_no_floor_in_its_pictures(parts: list[RunPart], tmp_path: Path) -> None:
    _, article = merge_parts(parts, tmp_path, mixed=True)
    pictures = figures(article)
    assert "medians-2" not in pictures
    assert "dashed line" not in pictures["medians"].alt
    assert "floor in grey" not in pictures["ecdf-s6"].alt


def test_a_cell_names_the_host_of_each_figure(parts: list[RunPart], tmp_path: Path) -> None:
    run, _ = merge_parts(parts, tmp_path)
    cells = article_cells(run)
    assert cells["s6"][5] == "on aa: 1.01 s\non aa, fast: 5.00 ms\non bb, fast: 50.0 ms"
    assert cells["runit"][6] == "on bb: 2.45 MiB"


def test_the_order_is_the_drafts(parts: list[RunPart], tmp_path: Path) -> None:
    run, article = merge_parts(parts, tmp_path)
    assert list(run["supervisors"]) == ["s6", "floor", "runit"]
    assert [row[0].text for row in article_table(run).rows] == ["runit", "s6"]
    (supervisors,) = (item for item in article.sections if item.name == "supervisors")
    assert [item.name for item in supervisors.blocks if isinstance(item, Section)] == [
        "supervisor-runit",
        "supervisor-s6",
        "supervisor-floor",
    ]


def test_each_host_has_its_own_pictures_with_its_own_floor(
    parts: list[RunPart], tmp_path: Path
) -> None:
    _, article = merge_parts(parts, tmp_path)
    pictures = figures(article)
    assert pictures["medians"].title == "How long until a killed daemon runs again on aa"
    assert pictures["ecdf-s6-2"].title == "s6 on bb"
    for name in ("medians", "ecdf-s6"):
        assert "on aa" in pictures[name].svg and "on bb" not in pictures[name].svg
        assert "on bb" in pictures[f"{name}-2"].svg and "on aa" not in pictures[f"{name}-2"].svg
        assert "floor on aa" in pictures[name].svg and "floor on bb" in pictures[f"{name}-2"].svg
    assert set(pictures) <= {name.removesuffix(".svg") for name in markdown.picture_files(article)}


def test_a_host_without_a_floor_borrows_none(tmp_path: Path) -> None:
    parts = [part("aa", {S6: 1006.0, FLOOR: 1.0}), part("bb", {RUNIT: 4.0})]
    pictures = figures(merge_parts(parts, tmp_path)[1])
    assert "dashed line" in pictures["medians"].alt
    assert "dashed line" not in pictures["medians-2"].alt
    assert "floor" not in pictures["ecdf-runit-2"].svg


def test_the_schema_has_a_merged_run(parts: list[RunPart], tmp_path: Path) -> None:
    record = merge.merge_parts(parts, results=tmp_path)
    assert read_run(record.folder) == record.run
    path = record.folder / "run.json"
    path.write_text(path.read_text().replace(': "CPU of bb"', ": 7"))
    with pytest.raises(Problem, match=r"\$\.hosts\.bb\.processor"):
        read_run(record.folder)


def test_every_host_is_described(parts: list[RunPart], tmp_path: Path) -> None:
    _, article = merge_parts(parts, tmp_path)
    assert "2 hosts (aa: CPU of aa, 2 cores, Linux 6.1.0; bb: CPU of bb" in article.facts
    text = markdown.render_markdown(article)
    assert "**Host aa:**" in text and "**Host bb:**" in text


def test_a_hosts_name_is_only_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>/../\x1b[31m"
    record = merge.merge_parts(
        [part("aa", {S6: 1006.0, FLOOR: 1.0}), part(name, {RUNIT: 4.0})], results=tmp_path
    )
    article = build_article(sanitize(record.run), read_samples(record.folder))
    page = html.render_html(article)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page and "\x1b" not in page
    assert set(markdown.picture_files(article)) == {
        "medians.svg", "medians-2.svg", "ecdf-s6.svg", "ecdf-runit-2.svg", "memory.svg"
    }  # fmt: skip


def test_parts_of_one_host_are_one_comparison(tmp_path: Path) -> None:
    parts = [part("aa", {S6: 1006.0, FLOOR: 1.0}), part("aa", {S6_TUNED: 5.0})]
    run, article = merge_parts(parts, tmp_path)
    assert any("201 times faster" in sentence for sentence in sentences_on_defaults(run))
    assert article_cells(run)["s6"][5] == "1.01 s\nfast: 5.00 ms"
    assert "dashed line" in figures(article)["medians"].alt
