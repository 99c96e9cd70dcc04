"""The table to choose by: which rows fit which answer, and which are left out at first."""

from __future__ import annotations

from typing import cast

from bench.model.run_file import ContenderResult, Run, VerdictResult
from reports.article.sections.story.choose import choose_section
from reports.model.blocks import Chooser, Paragraph
from tests.support.samples import sample_runs
from tests.unit.reports.support.judged_runs import Answer, judged, verdict

ENDS = "ends in time, a program with a handler"


def pid1(name: str, stop: Answer | None = None, role: str = "runner") -> ContenderResult:
    """Return a contender as PID 1; stop: the verdict on its stop by an engine, where measured."""
    one = sample_runs.contender(f"{name}/{role}/default/pid1", [4.0, 5.0])
    if stop:
        one["scenarios"]["engine-stop"] = judged(verdict(ENDS, stop))
    return one


def chooser(run: Run) -> Chooser:
    section = choose_section(run, has_containers=False)
    assert section is not None
    return next(block for block in section.blocks if isinstance(block, Chooser))


def places(*contenders: ContenderResult) -> list[str]:
    return [traits["place"] for traits in chooser(sample_runs.run(*contenders)).traits]


def stop_cells(*contenders: ContenderResult) -> list[str]:
    return [row[-2].text for row in chooser(sample_runs.run(*contenders)).table.rows]


def test_what_sigterm_does_not_end_fits_a_machine_and_no_container() -> None:
    contenders = (pid1("systemd", "no"), pid1("s6", "yes"))
    found = zip(places(*contenders), stop_cells(*contenders), strict=True)
    assert sorted(found) == [("init", "no"), ("init container", "yes")]


def test_what_was_not_measured_remains_and_says_so() -> None:
    assert places(pid1("runit")) == ["init container"]
    assert stop_cells(pid1("runit")) == ["not measured"]


def test_a_monitor_is_the_same_program_as_its_runner() -> None:
    contenders = (pid1("systemd", "no"), pid1("systemd", role="monitor"))
    assert places(*contenders) == ["init", "init"]


def test_a_hosted_one_fits_beside_an_init_only() -> None:
    one = sample_runs.contender("runit/runner/default/hosted", [4.0])
    assert places(one) == ["beside"]
    assert stop_cells(one) == ["-"]


def crash_trait(**more: object) -> tuple[str, str]:
    """Return the trait and the cell of a contender with that verdict on crashes."""
    one = pid1("sysvinit")
    keeps = cast(VerdictResult, {**verdict("keeps trying", "partly"), **more})
    one["scenarios"]["crashloop"] = judged(keeps)
    shown = chooser(sample_runs.run(one))
    return shown.traits[0]["crashes"], shown.table.rows[0][4].text


def test_a_pause_is_no_end_and_not_endless_either() -> None:
    assert crash_trait() == ("pauses", "pauses")
    assert crash_trait(tally={"partly": 3}) == ("pauses", "pauses")


def test_what_differs_between_guests_is_an_answer_of_its_own() -> None:
    assert crash_trait(tally={"yes": 2, "no": 1}) == ("varies", "partly")


def test_a_supervisor_that_the_first_system_lacks_is_named() -> None:
    items = [pid1(name) for name in ("runit", "s6", "shepherd")]
    for item, release in zip(items, ("bookworm", "bookworm", "trixie"), strict=True):
        item["name"] += f"@{release}"
    systems = [{"name": name, "title": name.title(), "release": name}
               for name in ("bookworm", "trixie")]  # fmt: skip
    run = sample_runs.run(*items, systems=systems)
    section = choose_section(run, has_containers=True)
    assert section is not None
    words, containers = section.blocks[:2]
    assert isinstance(words, Paragraph)
    assert words.page_text.endswith(
        "Bookworm is shown at first, without shepherd: see all systems."
    )
    assert isinstance(containers, Paragraph)
    assert containers.anchor == "containers"
