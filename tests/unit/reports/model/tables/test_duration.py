"""The time that a run took, against its lower bound."""

from __future__ import annotations

from bench.model.run_file import GuestFacts
from reports.formats import html
from reports.model.tables.duration import describe_duration
from tests.support.samples import sample_runs
from tests.unit.reports.support.renderings import steady_article, terminal_text
from tests.unit.reports.support.traced_runs import untraced_run


def guest(least: float, **phases: float) -> GuestFacts:
    """Return a guest whose trials took 2 s more than they need."""
    return {"replica": 0, "least": least, "phases": {"measure restart": least + 2, **phases}}


def test_the_rest_beyond_the_bound_is_listed_by_the_longest_guest() -> None:
    run = untraced_run(seconds=377.0, bound=360.0)
    run["contenders"][0]["guests"] = [guest(360, stop=1.1), guest(90, verify=9.0)]
    text = describe_duration(run)
    assert text.startswith("Took 6.3 min, 1.05 times its lower bound 6 min.")
    assert text.endswith("before and after it 13.9 s, longer trials 2.0 s, stop 1.1 s.")
    assert text in html.render_html(steady_article(run))
    assert text in terminal_text(run, 300)


def test_a_run_that_did_not_do_all_of_its_plan_has_no_bound() -> None:
    run = untraced_run(seconds=31.0, bound=606.0)
    sample_runs.mark_unfinished(run["contenders"][0], "restart")
    assert describe_duration(run) == "Took 31.0 s."


def test_a_merged_run_gives_the_sum_of_its_parts() -> None:
    run = untraced_run(seconds=31.0, bound=20.0, merged=["x", "y"])
    assert describe_duration(run) == "Its parts took 31.0 s, 1.55 times their lower bound 20.0 s."


def test_guests_of_an_earlier_part_do_not_explain_a_resumed_run() -> None:
    run = untraced_run(seconds=30.0, bound=20.0)
    run["contenders"][0]["guests"] = [guest(360, stop=1.1)]
    assert describe_duration(run) == "Took 30.0 s, 1.50 times its lower bound 20.0 s."


def test_a_run_without_a_bound_gives_its_seconds_alone() -> None:
    assert describe_duration(untraced_run()) == "Took 10 min."


def test_a_run_without_seconds_has_not_ended() -> None:
    run = untraced_run()
    del run["seconds"]
    assert describe_duration(run) == "The run has not ended."
