"""Doubts about a contender's latencies."""

from __future__ import annotations

from tests.unit.reports.support.renderings import all_renderings
from tests.unit.reports.support.traced_runs import untraced_run


def test_quality_issues_are_in_every_rendering() -> None:
    run = untraced_run()
    text = "6 trials are too few (bound 10): --trials=10."
    run["contenders"][0]["doubts"] = [{"kind": "few", "text": text}]
    for rendering in all_renderings(run):
        assert "few" in rendering
        assert "(bound 10)" in rendering
