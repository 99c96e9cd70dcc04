"""What readers are told before they believe the figures."""

from __future__ import annotations

from bench.model.run_file import Run
from bench.recording.quality.run_warnings import run_warnings
from reports.article.article import build_article
from reports.formats import html, markdown
from reports.model.caveats import reader_caveats
from reports.model.samples import Samples
from tests.support.samples import sample_runs


def busy_run() -> Run:
    """Return a run of the floor and two contenders, one of which was disturbed."""
    names = ("floor", "runit", "s6")
    run = sample_runs.run(
        *(
            sample_runs.contender(f"{name}/runner/default/hosted", [1.0, 1.0, 1.0, 3.0], rank=rank)
            for rank, name in enumerate(names)
        )
    )
    issue = "During its trials processes waited (bound 25%): stop other programs on this host."
    run["contenders"][1]["doubts"] = [{"kind": "neighbour", "text": issue}]
    metric = run["contenders"][0]["scenarios"]["restart"]["metrics"][0]
    metric["median"], metric["p90"] = 1.0, 1.5
    run["warnings"] = run_warnings(run)
    return run


def test_readers_are_told_what_a_busy_host_leaves_to_believe() -> None:
    (caveat,) = reader_caveats(busy_run())
    assert "makes one restart in ten 0.500 ms longer, or more" in caveat.text
    assert "Restart figures of 1 of 3 contenders are doubtful, which a footnote says" in caveat.text
    assert caveat.anchor == "trust"


def test_the_first_screen_has_no_command_and_the_part_on_the_run_has_it() -> None:
    article = build_article(busy_run(), Samples())
    for text in (markdown.render_markdown(article), html.render_html(article)):
        first, rest = text[: text.index("short answer")], text[text.index("short answer") :]
        assert "./inv" not in first
        assert "How far the figures can be trusted" in first
        assert "--redo" in rest


def test_a_quiet_run_needs_no_caveat() -> None:
    run = sample_runs.run(sample_runs.contender("runit/runner/default/hosted", [1.0, 2.0]))
    run["warnings"] = []
    assert reader_caveats(run) == ()


def test_other_warnings_are_pointed_at() -> None:
    run = sample_runs.run(sample_runs.contender("runit/runner/default/hosted", [1.0, 2.0]))
    run["warnings"] = ["The processors' frequency is scaled: run cpupower."]
    (caveat,) = reader_caveats(run)
    assert "cpupower" not in caveat.text
    assert caveat.anchor == "run"


def test_an_unended_run_says_so() -> None:
    run = sample_runs.run()
    run["ended"], run["warnings"] = None, []
    assert [caveat.text for caveat in reader_caveats(run)] == ["This run has not ended."]
