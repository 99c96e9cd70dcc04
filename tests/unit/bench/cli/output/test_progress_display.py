"""The progress of a run, in lines and as a table."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench.cli.output.progress_display import ProgressDisplay
from bench.engine.guests.phase_timer import WAIT
from bench.engine.plan import make_plan
from bench.model.scenario import SamplingEffort
from bench.model.selection.contenders import Selection, select_contenders
from bench.scenarios import scenarios
from provision.systems import SYSTEMS

NAME = "floor/runner/default/hosted"


def display(console: Console) -> ProgressDisplay:
    contenders = select_contenders((SYSTEMS["debian"],), Selection(only=(NAME,))).contenders
    shown = ProgressDisplay(console)
    shown.planned(
        make_plan(contenders, [scenarios()["restart"]], SamplingEffort(1, 1.0, None, 4, 1), 4), []
    )
    return shown


def test_lines_show_no_wait_and_no_phase_twice() -> None:
    console = Console(record=True, width=100)
    shown = display(console)
    console.export_text()
    for phase in (WAIT, "up", "measure restart", WAIT, "measure restart", WAIT, "stop"):
        shown.phase(NAME, 0, phase)
    phases = [line.split(f"{NAME} ")[1] for line in console.export_text().splitlines()]
    assert phases == ["[0] up", "[0] measure restart", "[0] stop"]


def test_the_table_shows_a_wait() -> None:
    shown = display(Console(width=100))
    shown.phase(NAME, 0, "measure restart")
    shown.phase(NAME, 0, WAIT)
    console = Console(record=True, width=100)
    console.print(shown._table())
    assert f"{NAME}  {WAIT}" in console.export_text()


def test_the_time_left_is_counted_from_the_first_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute that building an image took is none of the plan's."""
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    shown = display(Console(width=100))
    expected = shown._expected

    def title() -> str:
        return str(shown._table().title)

    now += 60
    assert f", about {expected:.0f} s left" in title()
    shown.phase(NAME, 0, "up")
    now += 3
    assert f", about {expected - 3:.0f} s left" in title()
    now += expected
    assert ", 3 s more than expected" in title()
