"""A run of several hosts: nothing that is read of it compares one host's figures with another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.distributed.merge import Part, merged
from bench.recording.store import read_run
from provision.errors import Problem
from reports.article.article import article, article_table
from reports.article.blocks import Article, Figure, Table
from reports.article.recommendations import conclude, findings
from reports.formats import html, markdown
from reports.model import samples
from reports.model.text import clean
from tests.support import sample_runs

RUNIT, S6, TUNED, FLOOR = (
    f"{name}/hosted"
    for name in ("runit/runner/default", "s6/runner/default", "s6/runner/tuned",
                 "floor/runner/default")
)  # fmt: skip
RANKS = {"runit": 5, "s6": 6, "floor": 100}
APART = "This run cannot say: its 2 hosts are not ranked together."


def part(host: str, middles: dict[str, float], **pss: tuple[float, float]) -> Part:
    """What a host measured: each contender's latencies around a middle."""
    values = {name: sample_runs.steady(middle) for name, middle in middles.items()}
    contenders = [
        sample_runs.contender(
            name, each, rank=RANKS[name.split("/")[0]], pss=pss.get(name.split("/")[0], (200, 1100))
        )
        for name, each in values.items()
    ]
    run = sample_runs.run(*contenders)
    run["host"] |= {"name": host, "processor": f"CPU of {host}"}
    return Part(run, sample_runs.samples(run, values), {})


@pytest.fixture
def parts() -> list[Part]:
    """s6 comes first, though runit is before it in the draft."""
    return [
        part("aa", {S6: 1006.0, TUNED: 5.0, FLOOR: 1.0}),
        part("bb", {TUNED: 50.0, RUNIT: 4.0, FLOOR: 2.0}, runit=(100.0, 500.0)),
    ]


def whole(parts: list[Part], folder: Path, *, mixed: bool = False) -> tuple[Any, Article]:
    record = merged(parts, mixed=mixed, results=folder)
    return record.run, article(record.run, samples.read(record.folder))


def pictures(one: Article) -> dict[str, Figure]:
    return {each.name: each for each in one.figures}


def answers(run: dict[str, Any]) -> dict[str, str]:
    return {each.question: each.answer for each in conclude(run)}


def test_a_setting_is_compared_with_the_default_of_its_own_host(
    parts: list[Part], tmp_path: Path
) -> None:
    run, _ = whole(parts, tmp_path)
    said = [each for each in findings(run, "s6") if "by default" in each]
    assert said == ["s6 on aa tuned is 201 times faster than by default."]
    assert answers(run)["Which default is worth changing?"] == (
        "s6 on aa tuned: 5.00 in place of 1,006 ms (nothing special)."
    )


def test_nothing_ranks_hosts_together(parts: list[Part], tmp_path: Path) -> None:
    run, made_of_it = whole(parts, tmp_path)
    said = answers(run)
    for question in ("Which is fastest?", "As the init itself?", "Which is lightest?"):
        assert said[question] in (APART, "This run has no such figure.")
    assert said["Which is fastest?"] == said["Which is lightest?"] == APART
    assert said["Which lets a second pass?"] == "s6 on aa (1,006 ms)."
    for name in ("latency", "memory"):
        section = next(each for each in made_of_it.sections if each.name == name)
        table = next(each for each in section.blocks if isinstance(each, Table))
        order = ["runit on bb", "s6 on aa", "s6 on aa tuned", "s6 on bb tuned", "floor on aa",
                 "floor on bb"]  # fmt: skip
        assert [row[0].text for row in table.rows] == order


def test_asked_to_it_ranks_them_and_compares_settings_on_one_host_all_the_same(
    parts: list[Part], tmp_path: Path
) -> None:
    run, made_of_it = whole(parts, tmp_path, mixed=True)
    said = answers(run)
    assert said["Which is fastest?"] == "runit on bb (4.00 ms)."
    assert said["Which is lightest?"].startswith("runit on bb")
    assert len([each for each in findings(run, "s6") if "by default" in each]) == 1
    # Neither host's floor is the other's.
    assert "medians-2" not in pictures(made_of_it)
    assert "dashed line" not in pictures(made_of_it)["medians"].alt
    assert "floor in grey" not in pictures(made_of_it)["ecdf-s6"].alt


def test_a_cell_names_the_host_of_each_figure(parts: list[Part], tmp_path: Path) -> None:
    run, _ = whole(parts, tmp_path)
    cells = {row[0].text: row for row in article_table(run).rows}
    assert cells["s6"][5].text == "on aa: 1,006 ms\non aa tuned: 5.00 ms\non bb tuned: 50.0 ms"
    assert cells["runit"][6].text == "on bb: 2,512 kB"


def test_the_order_is_the_drafts(parts: list[Part], tmp_path: Path) -> None:
    run, made_of_it = whole(parts, tmp_path)
    assert list(run["supervisors"]) == ["s6", "floor", "runit"]
    assert [row[0].text for row in article_table(run).rows] == ["runit", "s6"]
    named = [each.name for each in made_of_it.sections if each.name.startswith("supervisor-")]
    assert named == ["supervisor-runit", "supervisor-s6", "supervisor-floor"]


def test_each_host_has_its_own_pictures_with_its_own_floor(
    parts: list[Part], tmp_path: Path
) -> None:
    _, made_of_it = whole(parts, tmp_path)
    found = pictures(made_of_it)
    assert found["medians"].title == "Restart latency against the floor on aa"
    assert found["ecdf-s6-2"].title == "s6 on bb"
    for name in ("medians", "ecdf-s6"):
        assert "on aa" in found[name].svg and "on bb" not in found[name].svg
        assert "on bb" in found[f"{name}-2"].svg and "on aa" not in found[f"{name}-2"].svg
        assert "floor on aa" in found[name].svg and "floor on bb" in found[f"{name}-2"].svg
    assert set(found) <= {name.removesuffix(".svg") for name in markdown.pictures(made_of_it)}


def test_a_host_without_a_floor_borrows_none(tmp_path: Path) -> None:
    parts = [part("aa", {S6: 1006.0, FLOOR: 1.0}), part("bb", {RUNIT: 4.0})]
    found = pictures(whole(parts, tmp_path)[1])
    assert "dashed line" in found["medians"].alt
    assert "dashed line" not in found["medians-2"].alt
    assert "floor" not in found["ecdf-runit-2"].svg


def test_the_schema_knows_a_merged_run(parts: list[Part], tmp_path: Path) -> None:
    record = merged(parts, results=tmp_path)
    assert read_run(record.folder) == record.run
    path = record.folder / "run.json"
    path.write_text(path.read_text().replace(': "CPU of bb"', ": 7"))
    with pytest.raises(Problem, match=r"\$\.hosts\.bb\.processor"):
        read_run(record.folder)


def test_every_host_is_described(parts: list[Part], tmp_path: Path) -> None:
    _, made_of_it = whole(parts, tmp_path)
    assert "2 hosts (aa: CPU of aa, 2 cores, Linux 6.1.0; bb: CPU of bb" in made_of_it.facts
    said = markdown.text(made_of_it)
    assert "**Host aa:**" in said and "**Host bb:**" in said


def test_a_hosts_name_is_only_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>/../\x1b[31m"
    parts = [part("aa", {S6: 1006.0, FLOOR: 1.0}), part(name, {RUNIT: 4.0})]
    record = merged(parts, results=tmp_path)
    made_of_it = article(clean(record.run), samples.read(record.folder))
    said = html.text(made_of_it)
    assert "<script>alert" not in said and "&lt;script&gt;alert(1)" in said and "\x1b" not in said
    assert set(markdown.pictures(made_of_it)) == {
        "medians.svg", "medians-2.svg", "ecdf-s6.svg", "ecdf-runit-2.svg", "memory.svg"
    }  # fmt: skip


def test_parts_of_one_host_are_one_comparison(tmp_path: Path) -> None:
    parts = [part("aa", {S6: 1006.0, FLOOR: 1.0}), part("aa", {TUNED: 5.0})]
    run, made_of_it = whole(parts, tmp_path)
    assert any("201 times faster than by default" in each for each in findings(run, "s6"))
    cells = {row[0].text: row for row in article_table(run).rows}
    assert cells["s6"][5].text == "1,006 ms\ntuned: 5.00 ms"
    assert "dashed line" in pictures(made_of_it)["medians"].alt
