"""A damaged run says so in every rendering, and is not published, compared, merged or resumed."""

from __future__ import annotations

import io
import json
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console

from bench.distributed.merge import merge_parts
from bench.distributed.part import RunPart
from bench.model.run_file import Run
from bench.recording.store import examine_run, read_run
from provision.errors import Problem
from reports import publish
from reports.compare.runs import with_samples
from reports.evidence import format_evidence
from reports.render import render_run
from reports.view import FORMATS, View
from tests.support.samples.sealed_runs import DAMAGES, RUNIT, change_run, unseal, write_sealed_run

UNREADABLE = ("half of the compressed", "no gzip", "no lines at all")
SENTENCE = "This run is damaged: "


def render(form: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Render a run; return the exit code and everything that was written."""
    console = Console(file=io.StringIO(), width=300)
    code = render_run(View(form), examine_run(folder), folder, console, force=False)
    assert isinstance(console.file, io.StringIO)
    page = folder / f"article.{form}"
    written = page.read_text() if page.exists() else ""
    return code, unescape(console.file.getvalue() + capsys.readouterr().out + written)


def told(text: str) -> str:
    """Return a text in one line without what a format escapes."""
    return " ".join(text.replace("\\", "").split())


QUICK_FORMATS = sorted(set(FORMATS) - {"md", "html"})
READABLE = sorted(set(DAMAGES) - {*UNREADABLE, "missing", "empty"})


@pytest.mark.parametrize(
    ("form", "name"),
    [
        *((form, name) for form in QUICK_FORMATS for name in READABLE),
        # These take a second to draw.
        *((form, name) for form in ("md", "html") for name in ("halved", "another median")),
    ],
)
@pytest.mark.probe("damage")
def test_every_rendering_names_the_damage_and_ends_with_exit_code_1(
    tmp_path: Path, form: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_sealed_run(tmp_path)
    damage, sentence = DAMAGES[name]
    damage(folder)
    try:
        code, text = render(form, folder, capsys)
    except Problem as problem:  # half a line that nothing follows is no line
        assert "broken" in str(problem)
        return
    assert code == 1
    assert sentence in told(text)
    assert SENTENCE in told(text) or form == "json"


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"pyperf"}))
@pytest.mark.probe("damage")
def test_every_rendering_names_missing_samples(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_sealed_run(tmp_path)
    (folder / "samples.jsonl").unlink()
    code, text = render(form, folder, capsys)
    assert code == 1
    assert "Its samples are missing" in told(text)


@pytest.mark.probe("damage")
def test_a_format_that_needs_samples_refuses_a_run_without_any(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_sealed_run(tmp_path)
    (folder / "samples.jsonl").unlink()
    with pytest.raises(Problem):
        render("pyperf", folder, capsys)


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.probe("damage")
def test_unreadable_samples_are_named_or_refused_in_a_sentence(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES[name][0](folder)
    for form in FORMATS:
        try:
            code, text = render(form, folder, capsys)
        except Problem as problem:
            assert problem.what and problem.advice
        else:
            assert (code, "damage" in text) == (1, True)


@pytest.mark.probe("damage")
def test_no_damaged_run_is_ranked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES["halved"][0](folder)
    assert (
        "No ranking, because its figures and its samples" in render("terminal", folder, capsys)[1]
    )


@pytest.mark.probe("damage")
def test_the_csv_of_a_damaged_run_has_no_measured_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES["halved"][0](folder)
    assert ",measured," not in render("csv", folder, capsys)[1]


@pytest.mark.probe("damage")
def test_the_json_of_a_damaged_run_has_the_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES["another n"][0](folder)
    run: Run = json.loads(render("json", folder, capsys)[1])
    assert len(run["damage"]) == 1


@pytest.mark.probe("damage")
def test_the_evidence_of_a_damaged_run_begins_with_the_damage(tmp_path: Path) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES["halved"][0](folder)
    assert format_evidence(examine_run(folder), folder, "runit/restart").startswith(SENTENCE)


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.probe("damage")
def test_a_damaged_run_is_not_compared(tmp_path: Path, name: str) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES[name][0](folder)
    with pytest.raises(Problem, match="is damaged") as refused:
        with_samples(read_run(folder), folder)
    assert refused.value.usage


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.probe("damage")
def test_a_damaged_run_is_not_published(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "FOLDER", tmp_path / "published")
    folder = write_sealed_run(tmp_path)
    damage, sentence = DAMAGES[name]
    damage(folder)
    with pytest.raises(Problem, match="is not fit to be a reference") as refused:
        publish.publish(read_run(folder), folder)
    assert sentence in str(refused.value)
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.probe("damage")
def test_a_damaged_run_is_no_part_of_a_merged_one(tmp_path: Path, name: str) -> None:
    folder = write_sealed_run(tmp_path)
    DAMAGES[name][0](folder)
    with pytest.raises(Problem, match="is damaged"):
        RunPart.load(folder)


def test_a_merged_run_has_a_seal_of_its_own(tmp_path: Path) -> None:
    parts = [RunPart.load(write_sealed_run(tmp_path, {name: [2.0, 3.0]})) for name in
             (RUNIT, "floor/runner/default/hosted")]  # fmt: skip
    record = merge_parts(parts, results=tmp_path / "merged")
    run = examine_run(record.folder)
    assert "damage" not in run
    assert run["samples"]["lines"] == 4


@pytest.mark.parametrize("form", ["terminal", "md", "html"])
def test_a_run_without_a_seal_renders_and_says_so(
    tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = unseal(write_sealed_run(tmp_path))
    code, text = render(form, folder, capsys)
    assert code == 0
    assert "Samples: not sealed, because an older version made this run" in told(
        text.replace("*", "").replace("<b>", "").replace("</b>", "").replace("<strong>", "")
        .replace("</strong>", "").replace("<dt>", "").replace("</dt>", "").replace("<dd>", "")
    )  # fmt: skip


def test_a_sealed_run_names_its_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_sealed_run(tmp_path)
    digest = read_run(folder)["samples"]["sha256"][:16]
    assert f"Samples: 8 lines, SHA-256 {digest}" in render("terminal", folder, capsys)[1]


@pytest.mark.parametrize(
    ("figures", "fault"),
    [
        ({"median": float("nan")}, "NaN is no number"),
        ({"median": float("inf")}, "Infinity is no number"),
        ({"median": 99.0}, "median is 99, above p90"),
        ({"median": 4.0, "ci_low": 4.5}, "ci_low is 4.5, above median"),
        ({"median": 6.5, "ci_low": 4.0, "ci_high": 6.0}, "median is 6.5, above ci_high"),
        ({"min": 8.0}, "min is 8, above"),
        ({"p90": 50.0}, "p90 is 50, above max"),
        ({"min": -5.0}, "less than the minimum of 0"),
        ({"censored": 5}, "5 of 4 samples are censored"),
        ({"n": -1}, "less than the minimum of 0"),
    ],
)
@pytest.mark.probe("damage")
def test_figures_that_cannot_be_are_refused_with_their_place(
    tmp_path: Path, figures: dict[str, float], fault: str
) -> None:
    def change(run: Run) -> None:
        run["contenders"][0]["scenarios"]["restart"]["metrics"][0].update(figures)  # type: ignore[typeddict-item]

    folder = change_run(write_sealed_run(tmp_path), change)
    with pytest.raises(Problem, match="is not a run's record") as refused:
        read_run(folder)
    assert fault in str(refused.value)


@pytest.mark.probe("damage")
def test_two_contenders_of_one_name_are_refused(tmp_path: Path) -> None:
    def repeat(run: Run) -> None:
        run["contenders"].append(run["contenders"][0])

    folder = change_run(write_sealed_run(tmp_path), repeat)
    with pytest.raises(Problem, match=rf"contenders: two have the name {RUNIT}"):
        read_run(folder)


@pytest.mark.probe("damage")
def test_two_metrics_of_one_name_are_refused(tmp_path: Path) -> None:
    def repeat(run: Run) -> None:
        metrics = run["contenders"][0]["scenarios"]["restart"]["metrics"]
        metrics.append(metrics[0])

    folder = change_run(write_sealed_run(tmp_path), repeat)
    with pytest.raises(Problem, match="metrics: two have the name restart_long"):
        read_run(folder)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"schema": 1e999}', '{"schema": -Infinity}'])
@pytest.mark.probe("damage")
def test_a_record_that_no_reader_takes_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(Problem, match="is not a run's record"):
        read_run(tmp_path)
