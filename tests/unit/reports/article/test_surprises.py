"""Defaults that surprise: which, by the rules, and in short sentences."""

from __future__ import annotations

from typing import cast

import pytest

from bench.model.run_file import ContenderResult, VerdictResult
from bench.model.statistics import summarize
from reports.article.sections.story.surprises import surprises_section
from reports.article.supervisor_summary import summarize_supervisor
from reports.model.blocks import Points
from tests.support.samples import sample_runs

FINIT, UWSGI = "finit/runner/default/hosted", "uwsgi/runner/default/hosted"
# Of a daemon that ran for long: a poller that looks once a second.
POLLED = [float(one) for one in range(30, 930, 30)]
GIVES_UP, RECOVERS = "keeps trying", "comes back once mended"


def lines(contender: ContenderResult) -> list[str]:
    section = surprises_section(sample_runs.run(contender))
    blocks = section.blocks if section else ()
    return [text for block in blocks if isinstance(block, Points) for _, text in block.items]


def poller(*young_ms: float) -> ContenderResult:
    contender = sample_runs.contender(UWSGI, POLLED, period=1.0)
    young = sample_runs.metric(summarize("restart_short", "ms", young_ms))
    contender["scenarios"]["restart"]["metrics"].append(young)
    return contender


@pytest.mark.parametrize(
    ("young_ms", "is_told"),
    [
        ((3690, 3700, 3710, 3720, 3730), True),
        ((690, 700, 700, 700, 710), False),  # the same phase of its period, no wait
        ((1990, 2000, 2000, 2000, 2010), False),  # a look and a delay of a period
        ((800, 3700, 3700, 3700, 3700), False),  # one came as soon as others do
    ],
)
def test_a_poller_waits_where_its_period_does_not_explain_it(
    young_ms: tuple[float, ...], is_told: bool
) -> None:
    told = [text for text in lines(poller(*young_ms)) if "0.3 s after its start waits" in text]
    assert bool(told) == is_told
    summary = summarize_supervisor(sample_runs.run(poller(*young_ms)), "uwsgi")
    assert any("makes a daemon wait" in text for text in summary) == is_told


def crashing(
    answers: dict[str, dict[str, int]], starts: tuple[float, ...] = (10, 10, 10)
) -> ContenderResult:
    """Return a contender with a crash loop. answers: the tally of each behaviour."""
    contender = sample_runs.contender(FINIT, [4.0] * 30)
    verdicts = [
        {"behaviour": behaviour, "answer": "partly" if len(tally) > 1 else next(iter(tally)),
         "sentence": "No in 3 of 3 guests: 10 starts in 60 s.", "evidence": [], "tally": tally}
        for behaviour, tally in answers.items()
    ]  # fmt: skip
    result = sample_runs.measured(sample_runs.metric(summarize("crash_starts", "", starts)))
    result["verdicts"] = cast(list[VerdictResult], verdicts)
    contender["scenarios"]["crashloop"] = result
    return contender


def test_verdicts_are_told_in_short_sentences() -> None:
    assert lines(crashing({GIVES_UP: {"no": 3}, RECOVERS: {"no": 3}})) == [
        "It gives up a daemon that ends at once, here after 10 starts. "
        "Once mended, such a daemon does not come back by itself."
    ]
    assert lines(crashing({GIVES_UP: {"no": 1}}, (1,))) == [
        "It gives up a daemon that ends at once, here after 1 start."
    ]
    assert lines(crashing({GIVES_UP: {"partly": 3}, RECOVERS: {"yes": 3}})) == [
        "It stops starting a daemon that ends at once, here after 10 starts, and tries again later."
    ]


def test_guests_that_differ_are_counted() -> None:
    tally = {"no": 2, "yes": 1}
    assert lines(crashing({GIVES_UP: tally, RECOVERS: tally}, (7, 7, 31))) == [
        "In 2 of 3 guests it gives up a daemon that ends at once. "
        "Once mended, such a daemon does not come back by itself in 2 of 3 guests."
    ]


def test_a_default_without_a_surprise_has_no_line() -> None:
    assert lines(crashing({GIVES_UP: {"yes": 3}, RECOVERS: {"yes": 3}})) == []
