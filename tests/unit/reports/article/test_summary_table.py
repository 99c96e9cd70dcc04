"""The short table: a row for each supervisor, a figure in each cell."""

from __future__ import annotations

import pytest

from reports.article.summary_table import summary_table
from tests.support.samples import sample_runs
from tests.support.samples.sample_runs import contender, steady_latencies

DEFAULT, FAST = "s6/runner/default/hosted", "s6/runner/fast/hosted"


@pytest.mark.parametrize(
    ("medians", "footnote"),
    [
        ({DEFAULT: 5.0}, "No other setting was measured."),
        ({DEFAULT: 5.0, FAST: 50.0}, "No setting that was measured is quicker."),
        ({DEFAULT: 5.0, FAST: 4.99}, "No setting that was measured is quicker."),
        ({DEFAULT: 5.0, "s6/runner/fast/pid1": 1.0}, "No other setting was measured."),
    ],
)
def test_without_a_quicker_setting_the_table_says_why(
    medians: dict[str, float], footnote: str
) -> None:
    run = sample_runs.run(
        *(contender(name, steady_latencies(median)) for name, median in medians.items())
    )
    ((*_, best, _, _),) = summary_table(run).rows
    assert (best.text, best.footnote) == ("-", footnote)


def test_a_quicker_setting_is_named() -> None:
    run = sample_runs.run(
        contender(DEFAULT, steady_latencies(1006.0)), contender(FAST, steady_latencies(5.0))
    )
    ((*_, best, _, _),) = summary_table(run).rows
    assert best.text == "5.00 ms (fast)"
