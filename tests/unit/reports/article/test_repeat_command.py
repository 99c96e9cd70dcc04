"""The command by which a reader measures the same again."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bench.model.run_file import MergedPart, Run
from reports.article.sections.story.citation import citation_section, repeat_command
from reports.formats import markdown
from reports.model.blocks import Article
from tests.support.samples import sample_runs

_DIGEST = "5d42f73aaec3"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overlays": {"perp": _DIGEST}}, "--overlay=perp=DIR"),
        ({"configurations": {"runit": _DIGEST}}, "--config=runit=DIR"),
        (
            {"mirror": {"url": "file:///mine", "snapshot": "2024-05-31", "keyring": "/mine"}},
            "--mirror=URL --keyring=FILE --snapshot=2024-05-31",
        ),
        ({"mirror": {"url": "file:///mine", "aur": "file:///aur"}}, "--mirror=URL --aur=URL"),
        ({"provider": "libvirt"}, "--provider=libvirt"),
        ({"provider": "libvirt", "box": "generic/arch"}, "--provider=libvirt --box=generic/arch"),
        ({"provider": "auto", "box": "/mine/debian-libvirt.box"}, "--box=FILE"),
        ({"mirror": {"url": "", "expired": "accepted"}}, "--accept-expired"),
        ({"only": ["*/*/default", "s6"]}, "--only='*/*/default' --only=s6"),
        (
            {"only": [f"runit/{number}" for number in range(147)]},
            "--only=NAME",
        ),
    ],
)
def test_it_has_what_decided_which_files_the_guests_got(
    options: dict[str, Any], words: str
) -> None:
    part = cast(MergedPart, {"id": "x", "options": {"seed": 7, **options}})
    assert repeat_command(part, "debian") == f"./inv bench --os=debian {words} --seed=7"


def section_text(**keys: object) -> str:
    """Return the section of a run of 1 January 2026 as Markdown."""
    run = sample_runs.run(sample_runs.contender("runit/runner/default/hosted", [1.0, 2.0]))
    run = cast(Run, {**run, "id": "20260101-run", "started": "2026-01-01T00:00:00+00:00", **keys})
    article = Article("Process supervision", "", (), (citation_section(run),))
    return markdown.render_markdown(article)


def test_the_citation_names_title_project_day_run_and_samples() -> None:
    seal = {"sha256": "ab" * 32, "lines": 1, "bytes": 2, "by_contender": {}}
    assert (
        "Process supervision. Article of the project process-supervision, measured on 1 January "
        f"2026, run 20260101-run, SHA-256 of its samples {'ab' * 32}."
    ) in section_text(samples=seal)


def test_the_instrument_is_explained() -> None:
    text = section_text(instrument="3c66d0eb41639e7a")
    assert "3c66d0eb41639e7a, the digest of the programs that measured in guests" in text


def test_each_merged_run_has_its_command_without_markup() -> None:
    names = [f"runit/{number}" for number in range(147)]
    parts = [
        {"id": "one", "options": {"system": "debian", "only": names, "seed": 1}},
        {"id": "two", "options": {"system": "trixie", "scenarios": ["restart"], "seed": 2}},
    ]
    text = section_text(parts=parts, merged=["one", "two"])
    commands = text.partition("```\n")[2].partition("\n```")[0]
    assert commands.splitlines() == [
        "# run one; NAME: each of 147 names in `only` of its options in run.json, with an --only "
        "of its own",
        "./inv bench --os=debian --only=NAME --seed=1",
        "# run two",
        "./inv bench --os=trixie --scenario=restart --seed=2",
    ]


def test_of_an_older_merged_run_the_other_parts_are_named() -> None:
    text = section_text(merged=["one", "two", "three"])
    assert "This is the first of 3 merged runs" in text
    assert "two, three" in text
