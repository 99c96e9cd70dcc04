"""The conclusion follows from the figures by its rules, and says when they do not suffice."""

from __future__ import annotations

from typing import Any

from reports.article.recommendations import conclude, findings
from tests.support import sample_runs

RUNIT = "runit/runner/default/hosted"
S6, TUNED, PID1 = (f"s6/runner/{place}" for place in ("default/hosted", "tuned/hosted",
                                                      "tuned/pid1"))  # fmt: skip
MONIT = "monit/monitor/tuned/hosted"


def answers(run: dict[str, Any]) -> dict[str, str]:
    return {each.question: each.answer for each in conclude(run)}


def test_the_fastest_and_who_cannot_be_told_from_it() -> None:
    run = sample_runs.run(
        sample_runs.contender(RUNIT, sample_runs.steady(4.0)),
        sample_runs.contender(TUNED, sample_runs.steady(4.1)),
        sample_runs.contender(PID1, sample_runs.steady(8.0)),
        sample_runs.contender("floor/runner/default/hosted", sample_runs.steady(1.0)),
    )
    said = answers(run)
    assert said["Which is fastest?"] == "runit (4.00 ms); s6 tuned (4.10 ms)."
    assert said["As the init itself?"] == "s6 tuned as PID 1 (8.00 ms)."
    assert said["For a daemon that detaches itself?"] == "This run has no such figure."
    assert said["For a daemon that dies young?"] == "This run has no such figure."


def test_other_figures_give_other_answers() -> None:
    slow = sample_runs.run(
        sample_runs.contender(RUNIT, sample_runs.steady(40.0)),
        sample_runs.contender(S6, sample_runs.steady(9.0)),
    )
    assert answers(slow)["Which is fastest?"] == "s6 (9.00 ms)."
    light = sample_runs.run(
        sample_runs.contender(RUNIT, [], pss=(100, 9000)),
        sample_runs.contender(S6, [], pss=(500, 1024)),
    )
    assert answers(light)["Which is lightest?"] == "s6 (1.00 MiB)."


def test_a_default_worth_changing() -> None:
    run = sample_runs.run(
        sample_runs.contender(S6, sample_runs.steady(1006)),
        sample_runs.contender(TUNED, sample_runs.steady(5)),
    )
    said = answers(run)
    assert said["Which default is worth changing?"].startswith("s6 tuned: 5.00 in place of 1,006")
    assert said["Which lets a second pass?"] == "s6 (1,006 ms)."
    level = sample_runs.run(
        sample_runs.contender(S6, sample_runs.steady(5.1)),
        sample_runs.contender(TUNED, sample_runs.steady(5)),
    )
    assert answers(level)["Which default is worth changing?"] == "None that this run can tell."


def test_a_noisy_host_gives_no_ranking() -> None:
    run = sample_runs.run(
        sample_runs.contender(RUNIT, sample_runs.steady(4)),
        warnings=["too noisy for a ranking: stop it"],
    )
    assert "too noisy" in answers(run)["Which is fastest?"]


def test_few_samples_are_named_as_such() -> None:
    run = sample_runs.run(sample_runs.contender(RUNIT, [4.0, 5.0, 6.0]))
    assert "3 samples, too few" in answers(run)["Which is fastest?"]


def test_lost_restarts_and_failures() -> None:
    run = sample_runs.run(
        sample_runs.contender(RUNIT, sample_runs.steady(4), censored=2),
        sample_runs.fail(sample_runs.contender(S6, []), "in phase start: it fell over"),
    )
    said = answers(run)
    assert said["Which failed to restart it?"] == "runit: 2 of 32."
    assert findings(run, "s6") == ["s6 was not measured: in phase start: it fell over"]


def test_nothing_measured_is_no_conclusion() -> None:
    assert set(answers(sample_runs.run()).values()) == {
        "This run has no such figure.", "None that this run can tell.", "None."
    }  # fmt: skip


def test_findings_of_a_supervisor() -> None:
    run = sample_runs.run(
        sample_runs.contender(S6, sample_runs.steady(1006)),
        sample_runs.contender(TUNED, sample_runs.steady(5)),
        sample_runs.contender(PID1, sample_runs.steady(10)),
        sample_runs.contender(MONIT, sample_runs.steady(500), period=1.0),
    )
    said = findings(run, "s6")
    assert any("s6 tuned is 201 times faster than by default." in each for each in said)
    assert any("2.00 times slower than beside another init" in each for each in said)
    assert "monit tuned acts every 1 s; its median is 50 % of that." in findings(run, "monit")
