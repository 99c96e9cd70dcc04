"""Each contender over the releases of a run: what really changed, and the sentence on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

import pytest

from bench.model.run_file import ContenderResult, ScenarioResult, VerdictResult
from provision.errors import Problem
from reports.article.article import build_article
from reports.article.sections.story.releases import releases_section
from reports.compare.changes import compare_metrics
from reports.compare.runs import RunWithSamples
from reports.compare.systems.behaviour_systems import describe_behaviour_systems
from reports.compare.systems.history import change_lines, histories
from reports.compare.systems.history_table import releases_table
from reports.compare.systems.system_views import main_release, reference_view, system_view
from reports.model.blocks import Paragraph, Points, Section, Table
from reports.model.samples import samples_from
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import steady_latencies

RELEASES = {"bookworm": "Debian 12", "trixie": "Debian 13", "sid": "Debian sid"}
RUNIT, S6 = "runit/runner/default/hosted", "s6/runner/default/hosted"
FLOOR = "floor/runner/default/hosted"
# Medians in ms: s6 becomes slower with trixie, runit never changes; sid has no runit.
MEDIANS = {
    f"{RUNIT}@bookworm": 4.0,
    f"{RUNIT}@trixie": 4.0,
    f"{S6}@bookworm": 3.0,
    f"{S6}@trixie": 1004.0,
    f"{S6}@sid": 1004.0,
    FLOOR: 0.5,
}


def run_of_three(
    count: int = 30, own_ms: Mapping[str, list[float]] | None = None
) -> RunWithSamples:
    """Return a run of three systems. own_ms: by name, latencies in place of those of MEDIANS."""
    latencies = {name: steady_latencies(median, count) for name, median in MEDIANS.items()}
    latencies |= own_ms or {}
    contenders = [_contender(name, values) for name, values in latencies.items()]
    systems = [
        {"name": "debian" if release == "bookworm" else release, "title": title,
         "release": release, "init": "sysvinit", "mirror": {}}
        for release, title in RELEASES.items()
    ]  # fmt: skip
    run = sample_runs.run(
        *contenders,
        system={"name": "debian,trixie,sid", "title": ", ".join(RELEASES.values())},
        systems=systems,
    )
    for name, facts in run["supervisors"].items():
        facts["title"] = name
    return RunWithSamples(run, samples_from(sample_runs.restart_samples(latencies)))


def _contender(name: str, latencies: list[float]) -> ContenderResult:
    plain, _, release = name.partition("@")
    contender = sample_runs.contender(plain, latencies)
    contender["name"] = name
    contender["version"] = {"bookworm": "2.11", "trixie": "2.13", "sid": "2.15"}.get(release, "1")
    if release:
        contender["title"] = f"{contender['supervisor']} on {RELEASES[release]}"
    return contender


def verdict(answer: Literal["yes", "no", "partly"]) -> VerdictResult:
    return {"behaviour": "starts again", "answer": answer, "sentence": "", "evidence": []}


def test_a_contender_has_a_result_and_a_step_for_each_release_that_has_it() -> None:
    by_label = {item.label: item for item in histories(run_of_three())}
    assert list(by_label) == ["runit", "s6"]
    releases = [result["name"].partition("@")[2] for result in by_label["s6"].results]
    assert releases == ["bookworm", "trixie", "sid"]
    assert [len(item.steps) for item in by_label.values()] == [1, 2]


def test_only_what_is_more_than_chance_is_a_change() -> None:
    lines = change_lines(run_of_three())
    assert len(lines) == 2
    assert lines[0].startswith(
        "s6 2.13 (Debian 13) restarts a daemon that ran for long slower: 1.00 s, "
        "in 2.11 (Debian 12) 3."
    )
    assert lines[1] == "2 contenders over Debian 12, Debian 13, Debian sid: 3 steps, 1 change."


def test_a_change_of_less_than_two_percent_is_none_however_sure_it_is() -> None:
    def steps(last_ms: float) -> list[int]:
        """Return the number of changes of s6 in each step. last_ms: on sid, 1004 before."""
        steadily = {
            f"{S6}@{release}": [begin + 0.01 * index for index in range(30)]
            for release, begin in (("trixie", 1004.0), ("sid", last_ms))
        }
        item = next(one for one in histories(run_of_three(own_ms=steadily)) if one.label == "s6")
        return [len(step.changes) for step in item.steps]

    assert steps(1034.0) == [1, 1]
    assert steps(1014.0) == [1, 0]


def test_figures_have_the_unit_that_suits_them() -> None:
    cells = [
        tuple(cell.text for cell in row[:4])
        for row in releases_table(histories(run_of_three())).rows
        if row[0].text == "s6"
    ]
    assert cells[0] == ("s6", "Debian 12", "2.11", "3.00 ms")
    assert cells[1] == ("s6", "Debian 13", "2.13", "1.00 s")


@pytest.mark.parametrize(
    ("findings", "known"),
    [
        (["Debian 13, Debian sid: Since 2.13 it waits."], ["Since 2.13 it waits."]),
        (["Debian 12: Up to 2.11 it hurries."], ["Up to 2.11 it hurries."]),
        (["Debian 12: It hurries.", "Debian 13, Debian sid: It waits."], ["It waits."]),
        (["Debian sid: Since 2.15 it hangs."], []),
        (["It always hangs.", "Its manual: says nothing."], []),
    ],
)
def test_a_change_is_told_with_what_is_known_of_it(findings: list[str], known: list[str]) -> None:
    run = run_of_three()
    run.run["supervisors"]["s6"]["findings"] = findings
    run.run["supervisors"]["runit"]["findings"] = findings
    _, *explanations, summary = change_lines(run)
    assert explanations == [f"s6, known change: {sentence}" for sentence in known]
    assert summary.endswith("3 steps, 1 change.")
    section = releases_section(run.run, run.samples)
    assert section is not None
    (points,) = (block for block in section.blocks if isinstance(block, Points))
    assert [text.count("known change") for _, text in points.items] == [len(known)]


def test_a_verdict_that_changed_is_a_change() -> None:
    run = run_of_three()
    for contender in run.run["contenders"]:
        if contender["name"] in (f"{RUNIT}@bookworm", f"{RUNIT}@trixie"):
            after = contender["name"].endswith("trixie")
            contender["scenarios"]["restart"]["verdicts"] = [verdict("yes" if after else "no")]
    assert (
        "runit, restart, starts again: no in 2.11 (Debian 12), yes in 2.13 (Debian 13)."
        in change_lines(run)
    )


def test_a_verdict_that_differs_by_a_race_in_some_guests_is_none() -> None:
    run = run_of_three()
    tallies = {"bookworm": {"yes": 1, "no": 2}, "trixie": {"yes": 3}}
    for contender in run.run["contenders"]:
        name, _, release = contender["name"].partition("@")
        if name == RUNIT and release in tallies:
            partly = release == "bookworm"
            judged = {**verdict("partly" if partly else "yes"), "tally": tallies[release]}
            contender["scenarios"]["restart"]["verdicts"] = [cast(VerdictResult, judged)]
    assert len(change_lines(run)) == 2, "a guest of each release did the same"


def judged_on(run: RunWithSamples, *names: str) -> RunWithSamples:
    """Give contenders a scenario with a verdict that all others were not asked for."""
    for contender in run.run["contenders"]:
        if contender["name"] in names:
            result = {**contender["scenarios"]["restart"], "metrics": [],
                      "verdicts": [verdict("yes")]}  # fmt: skip
            contender["scenarios"]["deaths"] = cast(ScenarioResult, result)
    return run


def test_a_scenario_that_one_release_was_not_asked_for_is_no_change() -> None:
    run = judged_on(run_of_three(), f"{RUNIT}@bookworm", f"{S6}@bookworm")
    sentences = [
        text for item in histories(run) for step in item.steps for text in step.sentences()
    ]
    assert len(sentences) == 1, "only s6's restarts became slower"
    assert change_lines(run)[-1] == "Behaviour was measured on Debian 12 only."


def test_the_systems_of_behaviour_are_named_once_with_the_exceptions() -> None:
    run = judged_on(run_of_three(), f"{RUNIT}@bookworm", f"{S6}@trixie")
    assert describe_behaviour_systems(run.run) == (
        "Behaviour was measured on Debian 12 only (s6: Debian 13)."
    )
    section = releases_section(run.run, run.samples)
    assert section is not None
    introduction = section.blocks[0]
    assert isinstance(introduction, Paragraph)
    assert introduction.text.endswith("(s6: Debian 13).")


def test_behaviour_that_was_measured_wherever_a_supervisor_was_is_not_mentioned() -> None:
    run = judged_on(run_of_three(), *MEDIANS)
    assert describe_behaviour_systems(run.run) == ""


def test_an_unfinished_contender_has_not_changed() -> None:
    run = run_of_three()
    for contender in run.run["contenders"]:
        if contender["name"] == f"{RUNIT}@trixie":
            sample_runs.mark_unfinished(contender, "footprint")
    assert len(change_lines(run)) == 2


def test_a_guest_that_failed_is_no_change_of_its_release() -> None:
    run = run_of_three()
    for contender in run.run["contenders"]:
        if contender["name"] == f"{RUNIT}@trixie":
            sample_runs.mark_failed(contender, "in phase verify: cron runs as well", "footprint")
    assert len(change_lines(run)) == 2


def test_the_tests_of_all_steps_are_corrected_together() -> None:
    """A step alone is tested once; among others, its p is multiplied."""
    run = run_of_three()
    one, other = (system_view(run, release) for release in ("bookworm", "trixie"))
    alone = {change.contender: change.p for change in compare_metrics(one, other) if change.p}
    (step, _) = next(item for item in histories(run) if item.label == "s6").steps
    together = step.changes[0].p
    assert together is not None and together >= alone[S6]


def test_too_few_samples_are_said_to_show_nothing() -> None:
    *_, summary, advice = change_lines(run_of_three(count=3))
    assert "0 changes" in summary
    assert advice.startswith("3 figures have too few samples to show a change")


def test_a_run_of_one_system_has_no_history() -> None:
    run = RunWithSamples(sample_runs.run(), samples_from([]))
    assert histories(run) == []
    assert releases_section(run.run, run.samples) is None
    with pytest.raises(Problem, match="has one system") as caught:
        change_lines(run)
    assert caught.value.usage


def test_one_system_of_a_run_is_a_run_of_its_own() -> None:
    view = system_view(run_of_three(), "trixie")
    assert [contender["name"] for contender in view.run["contenders"]] == [RUNIT, S6, FLOOR]
    assert view.run["id"].endswith("@trixie")
    assert view.run["system"]["title"] == "Debian 13"
    assert "systems" not in view.run
    assert {contender["title"] for contender in view.run["contenders"]} == {"runit", "s6", "floor"}
    values, censored = view.samples.latencies(S6, "long")
    assert values and not censored


def test_a_system_that_the_run_lacks_is_refused() -> None:
    with pytest.raises(Problem, match="no system in that run named 'forky'"):
        system_view(run_of_three(), "forky")


def test_the_article_has_a_row_for_each_contender_and_release() -> None:
    run = run_of_three()
    section = releases_section(run.run, run.samples)
    assert section is not None
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    assert [tuple(cell.text for cell in row) for row in table.rows] == [
        ("runit", "4.00 ms", "4.00 ms", "-"),
        ("s6", "3.00 ms", "1.00 s", "1.00 s"),
    ]
    notes = {
        (row[0].text, index): cell.note for row in table.rows for index, cell in enumerate(row)
    }
    assert [key for key, note in notes.items() if note] == [("s6", 2)]
    (folded,) = (block for block in section.blocks if isinstance(block, Section))
    (everything,) = (block for block in folded.blocks if isinstance(block, Table))
    assert [tuple(cell.text for cell in row[:3]) for row in everything.rows] == [
        ("runit", "Debian 12", "2.11"),
        ("runit", "Debian 13", "2.13"),
        ("s6", "Debian 12", "2.11"),
        ("s6", "Debian 13", "2.13"),
        ("s6", "Debian sid", "2.15"),
    ]
    (points,) = (block for block in section.blocks if isinstance(block, Points))
    assert [lead for lead, _ in points.items] == ["s6:"]


def test_an_article_tells_of_the_release_with_most_contenders() -> None:
    run = run_of_three()
    # bookworm and trixie have two contenders each: the newer one counts.
    assert main_release(run.run) == "trixie"
    view = reference_view(run)
    assert {item["name"] for item in view.run["contenders"]} == {RUNIT, S6, FLOOR}
    assert view.samples.latencies(S6, "long")[0][0] > 900


def test_a_supervisor_that_the_main_release_lacks_is_told_of_by_another() -> None:
    run = run_of_three()
    run.run["contenders"] = [
        item for item in run.run["contenders"] if item["name"] != f"{RUNIT}@trixie"
    ] + [_contender("god/monitor/default/hosted@trixie", [9.0] * 30)]
    run.run["supervisors"]["god"] = run.run["supervisors"]["s6"]
    view = reference_view(run)
    assert f"{RUNIT}@bookworm" in {item["name"] for item in view.run["contenders"]}
    assert len(view.samples.latencies(f"{RUNIT}@bookworm", "long")[0]) == 30


def test_sections_of_one_release_name_it() -> None:
    run = run_of_three()
    article = build_article(run.run, run.samples)
    note = "Unless another release is named, figures are of Debian 13."
    with_note = {section.name for section in article.sections if note in str(section.blocks)}
    assert {"overview", "medians", "conclusion", "latency", "memory", "table"} <= with_note
    assert not {"choose", "releases", "method", "run"} & with_note
    one = system_view(run, "trixie")
    assert "Unless another release" not in str(build_article(one.run, one.samples))


def with_shepherd(run: RunWithSamples, *releases: str) -> RunWithSamples:
    """Add a supervisor that the main release, trixie, lacks: a contender for each name."""
    for name in releases:
        run.run["contenders"].append(_contender(f"shepherd/runner/{name}", [9.0] * 30))
    run.run["contenders"].append(_contender("god/monitor/default/hosted@trixie", [9.0] * 30))
    for name in ("god", "shepherd"):
        run.run["supervisors"][name] = {**run.run["supervisors"]["s6"], "title": name}
    return run


def shown(run: RunWithSamples) -> list[str]:
    names = (item["name"] for item in reference_view(run).run["contenders"])
    return [name for name in names if name.startswith("shepherd")]


def test_a_supervisor_is_told_of_by_the_release_with_most_of_its_contenders() -> None:
    run = with_shepherd(
        run_of_three(), "default/hosted@bookworm", "fast/hosted@bookworm", "default/hosted@sid"
    )
    run.run["contenders"] += [_contender(f"god/monitor/{name}/hosted@trixie", [9.0] * 30)
                              for name in ("fast", "strict")]  # fmt: skip
    assert main_release(run.run) == "trixie"
    assert shown(run) == [
        "shepherd/runner/default/hosted@bookworm", "shepherd/runner/fast/hosted@bookworm"
    ]  # fmt: skip


def test_of_releases_with_as_many_contenders_the_one_with_most_scenarios_counts() -> None:
    names = ("default/hosted@bookworm", "default/hosted@sid")
    assert shown(with_shepherd(run_of_three(), *names)) == ["shepherd/runner/default/hosted@sid"]
    run = with_shepherd(run_of_three(), *names)
    run.run["contenders"].append(_contender("god/monitor/fast/hosted@trixie", [9.0] * 30))
    judged_on(run, "shepherd/runner/default/hosted@bookworm")
    assert shown(run) == ["shepherd/runner/default/hosted@bookworm"]


def test_a_run_of_one_system_is_its_own_view() -> None:
    run = system_view(run_of_three(), "trixie")
    assert main_release(run.run) == ""
    assert reference_view(run) is run
