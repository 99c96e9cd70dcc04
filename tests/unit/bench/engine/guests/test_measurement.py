"""What is pushed into guests for a measurement, and what becomes of the program's output."""

from __future__ import annotations

import json
import platform
import py_compile
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from bench.engine.guests import measurement
from bench.engine.guests.event_checks.event_stream import EventStream
from bench.model.events import Event
from bench.model.rejections import Rejections
from provision.errors import Problem
from provision.guests.commands import Output
from provision.guests.guest import Guest
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.service import services_of
from tests.support.samples.event_streams import STEPS, honest_events, lines

ONE = services_of(supervisors()["runit"].contenders[0], 1)


class PrintingGuest:
    """A guest whose measuring program prints these lines and ends with that exit code."""

    name = "double"
    system = SYSTEMS["debian"]

    def __init__(self, printed: Iterable[str], code: int = 0) -> None:
        self.printed, self.code = printed, code

    def stream(
        self, command: str, on_line: Callable[[str], None], timeout: float, given: bytes
    ) -> Output:
        self.plan = json.loads(given)
        for line in self.printed:
            on_line(line)
        return Output("", "\x1b[2J why", self.code)


@pytest.fixture
def patient_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an hour of the host pass at each look: the made up measurement takes no time."""
    stream = partial(EventStream, clock=map(float, count(step=3600)).__next__)
    monkeypatch.setattr(measurement, "EventStream", stream)


def measure(
    printed: Iterable[str], code: int = 0, rejections: Rejections | None = None
) -> list[Event]:
    """Run STEPS in a guest that prints these lines."""
    guest = cast(Guest, PrintingGuest(printed, code))
    return measurement.run_measurement(
        guest, ONE, STEPS, seed=1, timeout=9, on_event=lambda _: None, rejections=rejections
    )


def test_the_payload_has_every_module_and_no_compiled_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("__main__.py", "steps/__init__.py", "steps/wait.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        py_compile.compile(str(tmp_path / name))
    monkeypatch.setattr(measurement, "PROGRAM", tmp_path)
    paths = {file.path for file in measurement.payload_files(platform.machine())}
    folder = "/srv/testd/measure"
    modules = {f"{folder}/__main__.py", f"{folder}/steps/__init__.py", f"{folder}/steps/wait.py"}
    instrument = {"/srv/testd/testd", "/srv/testd/floor", *modules}
    assert paths == {*instrument, "/srv/testd/entry", "/srv/testd/witness"}
    assert {file.path for file in measurement.instrument_files(platform.machine())} == instrument


@pytest.mark.usefixtures("patient_clock")
def test_the_events_of_an_honest_measurement_are_returned() -> None:
    assert measure(lines(honest_events())) == honest_events()


@pytest.mark.usefixtures("patient_clock")
@pytest.mark.probe("hostile")
def test_a_false_line_without_a_place_for_it_is_an_error() -> None:
    printed = lines(honest_events())
    with pytest.raises(Problem, match=r"double, 1 line rejected: no JSON object \(1\)\."):
        measure([*printed[:3], "\x1b[2J", *printed[3:]])


@pytest.mark.usefixtures("patient_clock")
@pytest.mark.probe("hostile")
def test_false_lines_are_collected_and_the_events_returned_without_them() -> None:
    rejections, printed = Rejections(), lines(honest_events())
    assert measure([*printed[:3], "{", *printed[3:]], rejections=rejections) == honest_events()
    assert rejections.by_reason() == {"no JSON object": 1}


@pytest.mark.usefixtures("patient_clock")
@pytest.mark.probe("hostile")
def test_a_false_line_is_collected_also_where_the_measurement_fails() -> None:
    rejections = Rejections()
    with pytest.raises(Problem, match="cannot be true: a step that the plan does not have"):
        measure(lines(honest_events()[1:]), rejections=rejections)
    assert rejections.unexplained == 1


@pytest.mark.usefixtures("patient_clock")
@pytest.mark.parametrize("printed", [[], lines(honest_events())[:-1], lines(honest_events())[:1]])
@pytest.mark.probe("hostile")
def test_a_program_that_ends_early_is_an_error(printed: list[str]) -> None:
    with pytest.raises(Problem, match="ended with exit code 0") as refused:
        measure(printed)
    assert "\x1b" not in str(refused.value)


@pytest.mark.usefixtures("patient_clock")
def test_a_line_that_the_end_of_the_program_cut_short_is_explained() -> None:
    rejections, printed = Rejections(), lines(honest_events())
    with pytest.raises(Problem, match="ended with exit code 137"):
        measure([*printed[:8], printed[8][:30]], 137, rejections)
    assert rejections.unexplained == 0
    assert list(rejections.by_reason().values()) == [1]


@pytest.mark.usefixtures("patient_clock")
@pytest.mark.probe("hostile")
def test_a_cut_line_in_the_middle_is_not_explained() -> None:
    rejections, printed = Rejections(), lines(honest_events())
    with pytest.raises(Problem, match="ended with exit code 137"):
        measure([*printed[:8], printed[8][:30], printed[9]], 137, rejections)
    assert rejections.unexplained == 1
