"""The beginning of the article: how much was measured, in numbers that add up."""

from __future__ import annotations

from typing import cast

from bench.model.run_file import ContenderResult, Run
from reports.article.sections.story.overview import overview_section
from reports.model.blocks import Paragraph
from tests.support.samples import sample_runs


def experiment(run: Run) -> str:
    """Return the paragraph on what was measured."""
    _, paragraph, *_ = overview_section(run, run).blocks
    assert isinstance(paragraph, Paragraph)
    return paragraph.text


def contender(name: str) -> ContenderResult:
    plain, _, release = name.partition("@")
    result = sample_runs.contender(plain, [1.0, 2.0])
    return cast(ContenderResult, {**result, "name": name} if release else result)


def test_set_ups_systems_floors_and_inits_are_counted_apart() -> None:
    names = [
        "s6/runner/default/hosted@bookworm", "s6/runner/default/hosted@trixie",
        "s6/runner/fast/hosted@bookworm", "runit/runner/default/hosted@bookworm",
        "tini/init/default/pid1@bookworm", "floor/runner/default/hosted",
        "floor/runner/default/pid1",
    ]  # fmt: skip
    run = sample_runs.run(*map(contender, names))
    run["systems"] = [
        {"name": name, "title": title, "release": name}
        for name, title in (("bookworm", "Debian 12"), ("trixie", "Debian 13"))
    ]
    assert (
        "Measured were 3 set-ups of 2 supervisors on up to 2 systems, which makes 4 contenders, "
        "and beside them 2 floors to compare with and 1 init of containers."
    ) in experiment(run)


def test_of_one_system_the_set_ups_are_the_contenders() -> None:
    run = sample_runs.run(contender("s6/runner/default/hosted"))
    assert experiment(run).endswith("Measured were 1 set-up of 1 supervisor.")
