"""The tables of behaviours, a table for each scenario."""

from __future__ import annotations

from reports.article.sections.results.behaviour import behaviour_section
from reports.model.blocks import Table
from tests.support.samples import sample_runs
from tests.unit.reports.support.judged_runs import (
    judged,
    judged_contender,
    judged_run,
    unjudged,
    verdict,
)


def test_contenders_of_which_a_scenario_tells_nothing_have_no_row() -> None:
    run = judged_run()
    section = behaviour_section(run, run)
    assert section is not None
    rows = {
        table.caption: [row[0].text for row in table.rows]
        for table in section.blocks
        if isinstance(table, Table)
    }
    assert rows == {"deaths": ["a", "b"], "stop": ["a"]}


def test_a_scenario_that_tells_nothing_of_anybody_has_no_table() -> None:
    run = sample_runs.run(
        judged_contender(
            "a/runner/default/hosted",
            1,
            deaths=judged(verdict("exit 0", "yes")),
            stop=judged(verdict("stays down", "not measured")),
        ),
        judged_contender("b/runner/default/hosted", 2, stop=unjudged("not applicable")),
    )
    section = behaviour_section(run, run)
    assert section is not None
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [table.caption for table in tables] == ["deaths"]
