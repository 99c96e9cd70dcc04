"""The matrix of containers' PID 1s, and the answers that the article draws from it."""

from __future__ import annotations

from typing import Literal, cast

from bench.model.run_file import ContenderResult, Run, ScenarioResult, VerdictResult
from reports.article.article import build_article
from reports.article.sections.story.containers import containers_section
from reports.formats.html import render_html
from reports.formats.markdown import render_markdown
from reports.model.blocks import Cell, Section, Table
from reports.model.samples import Samples
from reports.model.tables.containers import container_tables
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import single_metric

Answer = Literal["yes", "no", "partly"]
HANDLER, PLAIN = (f"ends in time, a program {word} a handler" for word in ("with", "without"))


def verdict(behaviour: str, answer: Answer, sentence: str = "") -> VerdictResult:
    return {"behaviour": behaviour, "answer": answer, "sentence": sentence, "evidence": []}


def result(*verdicts: VerdictResult, **seconds: float) -> ScenarioResult:
    return {
        "status": "measured",
        "note": "",
        "metrics": [single_metric(name, "s", value) for name, value in seconds.items()],
        "verdicts": list(verdicts),
    }


def container(
    name: str, *, term: Answer = "yes", stops: tuple[Answer, Answer] = ("yes", "yes"), rank: int = 1
) -> ContenderResult:
    """Return an init that loses SEGV, makes STOP of TSTP, and tells the program's group."""
    one = sample_runs.contender(name, [], rank=rank)
    signals = result(
        verdict("its group gets them", "yes"),
        verdict("TERM", term, "Passed on to the program."),
        verdict("SEGV", "no", "Lost: nobody got a signal."),
        verdict("TSTP", "partly", "STOP in its place, to the program."),
        verdict("real-time", "yes"),
    )
    stop = result(
        verdict(HANDLER, stops[0]),
        verdict(PLAIN, stops[1]),
        verdict("tells everybody", "partly", "SIGTERM reached the program and its group; X."),
        engine_stop_handler=0.05,
        engine_stop_plain=10.1,
    )
    scenarios = {
        "signals": signals,
        "engine-stop": stop,
        "exit-status": result(verdict("tells 0", "yes"), verdict("tells 3", "yes")),
        "zombies": result(verdict("reaps orphans that end", "yes")),
        "startup": result(startup=0.7),
    }
    merged = {**one["scenarios"], **scenarios}
    return cast(ContenderResult, {**one, "needs_pid1": True, "scenarios": merged})


TINI = container("tini/init/default/pid1")


def tables(run: Run) -> dict[str, dict[str, list[str]]]:
    """Return the cells of each table, by heading."""
    return {
        table.caption: {
            column.heading: [row[index].text for row in table.rows]
            for index, column in enumerate(table.columns)
        }
        for table in container_tables(run, {})
    }


def answers(*contenders: ContenderResult) -> dict[str, str]:
    """Return the section's answers by their questions."""
    section = containers_section(run := sample_runs.run(*contenders), run)
    assert section is not None
    found = {}
    for block in section.blocks:
        if isinstance(block, Section):
            found[block.title] = block.blocks[0].text  # type: ignore[union-attr]
    return found


def test_signals_are_told_by_what_became_of_them() -> None:
    cells = tables(sample_runs.run(TINI))["Which signals a container's PID 1 passes on"]
    assert {name: values[0] for name, values in cells.items()} == {
        "PID 1": "tini", "SIGTERM": "yes", "Passed on": "1", "Lost": "SEGV",
        "Rewritten": "TSTP to STOP", "Real-time": "yes", "Others told": "group",
    }  # fmt: skip


def test_all_is_lost_only_where_no_other_signal_came_in_its_place() -> None:
    one, other = container("s6/runner/default/pid1"), container("bash/init/default/pid1")
    lost = verdict("TERM", "no", "Lost: nobody got a signal.")
    instead = verdict("CONT", "partly", "TERM in its place, to the program.")
    one["scenarios"]["signals"] = result(lost, instead)
    other["scenarios"]["signals"] = result(lost)
    for contender, word in ((one, "TERM"), (other, "all")):
        cells = tables(sample_runs.run(contender))["Which signals a container's PID 1 passes on"]
        assert cells["Lost"] == [word]


def test_stop_end_and_cost_stand_beside_each_other() -> None:
    cells = tables(sample_runs.run(TINI))[
        "How a container with that PID 1 stops and ends, and what it costs"
    ]
    assert (cells["Stop, handler"], cells["Stop, plain"]) == (["50.0 ms"], ["10.1 s"])
    assert (cells["Exit status"], cells["Zombies"], cells["Start"]) == (
        ["yes"], ["yes"], ["700 ms"],
    )  # fmt: skip


def test_what_of_the_exit_status_is_false_is_named() -> None:
    one = container("python/init/default/pid1")
    one["scenarios"]["exit-status"] = result(
        verdict("tells 0", "yes"), verdict("tells which signal", "no")
    )
    cells = tables(sample_runs.run(one))
    (life,) = (table for name, table in cells.items() if name.startswith("How"))
    assert life["Exit status"] == ["not: tells which signal"]


def test_a_run_without_containers_has_no_such_section() -> None:
    run = sample_runs.run(sample_runs.contender("runit/runner/default/pid1", [1.0, 2.0]))
    assert containers_section(run, run) is None
    assert list(container_tables(run, {})) == []


def test_the_init_that_does_all_is_recommended_and_the_others_are_not() -> None:
    silent = container("bash/init/default/pid1", term="no", stops=("no", "no"), rank=2)
    trap = container("none/init/default/pid1", stops=("yes", "no"), rank=3)
    told = answers(TINI, silent, trap)
    assert told["Which init does all of it?"] == "tini (200 kB)."
    assert told["Which PID 1 makes every stop take 10 s?"] == "bash."
    assert told["Which stops only a program that handles SIGTERM?"] == "none."


def test_who_types_init_is_answered_by_the_verdicts_of_that_engine() -> None:
    told = answers(TINI)["What do I get with --init?"]
    assert told.startswith("docker run --init runs tini: it passes on 1 signal and loses SEGV")
    assert "podman" not in told
    both = answers(TINI, container("catatonit/init/default/pid1", rank=2))
    assert "podman run --init runs catatonit" in both["What do I get with --init?"]


def test_what_was_not_measured_is_neither_yes_nor_no() -> None:
    one = container("tini/init/default/pid1")
    del one["scenarios"]["zombies"], one["scenarios"]["exit-status"]
    told = answers(one)
    assert told["Which init does all of it?"] == (
        "This run cannot say: exit statuses and zombies were not measured. "
        "By what was measured it may be: tini (200 kB)."
    )
    words = told["What do I get with --init?"]
    assert "exit statuses were not measured, zombies were not measured" in words
    assert "leaves zombies" not in words


def test_an_init_that_fails_a_duty_is_not_undecided() -> None:
    one = container("bash/init/default/pid1", stops=("no", "no"))
    del one["scenarios"]["zombies"]
    told = answers(one)
    assert told["Which init does all of it?"] == "None that this run has measured."


def test_inits_whose_stop_was_not_measured_are_named() -> None:
    silent, other = (
        container("bash/init/default/pid1", stops=("no", "no")),
        container("tini/init/default/pid1", rank=2),
    )
    del other["scenarios"]["engine-stop"]
    assert answers(silent, other)["Which PID 1 makes every stop take 10 s?"] == (
        "bash. Not known, because stops by the engine were not measured: tini."
    )
    assert answers(other)["Which PID 1 makes every stop take 10 s?"] == (
        "This run cannot say: stops by the engine were not measured of tini."
    )


def test_a_supervisors_stop_signals_are_those_that_end_it_after_a_word() -> None:
    one = container("s6/runner/default/pid1")
    one["scenarios"]["signals"] = result(
        verdict("TERM", "yes", "Passed on to the program; PID 1 ended after 0.1 s."),
        verdict("INT", "no", "Lost: nobody got a signal; PID 1 ended after 0.1 s."),
        verdict("HUP", "yes", "Passed on to the program."),
        verdict(
            "USR1", "partly", "TERM and CONT in its place, to the program; PID 1 ended after 1 s."
        ),
        verdict("USR2", "partly", "HUP in its place, to the program; PID 1 ended after 0.1 s."),
    )
    assert answers(one)["How is a supervisor stopped that is PID 1?"] == "s6: SIGTERM, SIGUSR1."


def test_the_section_is_part_of_the_article_and_the_draft_has_no_row_for_an_init() -> None:
    article = build_article(sample_runs.run(TINI), Samples())
    assert "## Which PID 1 for a container?" in render_markdown(article)
    (draft,) = (section for section in article.sections if section.name == "table")
    (table,) = draft.blocks
    assert isinstance(table, Table)
    assert table.rows == ()
    assert "choose" not in {section.name for section in article.sections}


def first_rows(contender: ContenderResult) -> dict[str, Cell]:
    """Return the cells of a contender's rows, by heading."""
    run = sample_runs.run(contender)
    return {
        column.heading: table.rows[0][index]
        for table in container_tables(run, {})
        for index, column in enumerate(table.columns)
    }


def test_every_answer_leads_to_evidence_that_the_article_has() -> None:
    text = render_html(build_article(sample_runs.run(TINI), Samples()))
    cells = first_rows(TINI)
    answers_with_evidence = {"SIGTERM", "Lost", "Stop, handler", "Told", "Exit status", "Zombies"}
    for heading in answers_with_evidence:
        assert f'id="{cells[heading].anchor}"' in text


def test_a_blank_is_a_dash_that_says_why() -> None:
    one = container("tini/init/default/pid1")
    del one["scenarios"]["zombies"]
    one["scenarios"]["footprint"] = {
        "status": "not applicable", "note": "An init keeps no services.", "metrics": []
    }  # fmt: skip
    cells = first_rows(one)
    assert all(cell.text for cell in cells.values())
    assert (cells["Zombies"].text, cells["Memory"].text) == ("-", "-")
    assert cells["Zombies"].hint == "The scenario zombies was not asked for."
    assert cells["Memory"].hint == "Not applicable: An init keeps no services."


def test_a_lost_sigterm_that_the_engines_stop_told_of_is_unclear() -> None:
    one = container("openrc/runner/default/pid1")
    gone = verdict("TERM", "no", "Lost: nobody got a signal; PID 1 ended after 3.3 s.")
    one["scenarios"]["signals"] = result(gone, verdict("HUP", "no", "Lost: nobody got a signal."))
    cells = first_rows(one)
    assert (cells["SIGTERM"].text, cells["Lost"].text) == ("unclear", "HUP")
    assert "nobody was seen to get the signal" in cells["SIGTERM"].hint
    assert answers(one)["How is a supervisor stopped that is PID 1?"] == "openrc: SIGTERM."


def test_a_supervisor_that_no_signal_stops_is_named() -> None:
    one = container("daemontools/runner/default/pid1")
    one["scenarios"]["signals"] = result(verdict("TERM", "no", "Lost: nobody got a signal."))
    assert answers(one)["How is a supervisor stopped that is PID 1?"] == (
        "daemontools: by none of these."
    )
