"""A measurement's lines as they come in: nothing honest is rejected, nothing false gets through."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.engine.guests.event_checks.event_stream import MAX_REJECTIONS
from bench.model.events import RESTART, events_of_kind
from bench.model.events.wire import KINDS
from bench.model.observation.latency import restart_latency
from bench.model.rejections import MAX_KEPT_LENGTH, MAX_KEPT_LINES
from bench.scenarios.restarts.restart import SCENARIO as RESTART_SCENARIO
from provision.errors import Problem
from supervisors import supervisors
from tests.support.samples.event_streams import (
    BEGIN,
    SECOND,
    Fields,
    end,
    hello,
    honest_events,
    lines,
    open_stream,
    plan_of,
    recorded_measurements,
    services_in,
    step,
)
from tests.support.samples.recorded import recorded_files, samples
from tests.support.samples.sample_runs import OLDER_RUN

HONEST = honest_events()
FAST = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# ---- honest measurements ---------------------------------------------------------------------


def replay(measurements: Iterable[list[Fields]]) -> tuple[int, dict[str, int]]:
    """Return how many events there are, and what is rejected of them, by reason."""
    count, reasons = 0, dict[str, int]()
    for events in measurements:
        count += len(events)
        stream = open_stream(plan_of(events), services_in(events) | {"another"})
        for line in lines(events):
            stream.add(line)
        reasons |= stream.rejections.by_reason()
    return count, reasons


def test_nothing_of_a_whole_run_is_rejected() -> None:
    with gzip.open(OLDER_RUN / "samples.jsonl.gz", "rt") as file:
        count, reasons = replay(recorded_measurements(map(json.loads, file)))
    assert reasons == {}
    assert count > 10_000


@pytest.mark.parametrize("name", recorded_files())
def test_no_rule_refuses_a_recorded_event(name: str) -> None:
    """Recorded events have only the keys that judges read: rules for other keys do not apply."""
    recorded = [event for event in samples(name) if event["event"] in KINDS]
    services = services_in(recorded)
    for event in recorded:
        assert _broken_rules(event, services) == []


def _broken_rules(event: Mapping[str, Any], services: set[str]) -> list[str]:
    from bench.engine.guests.event_checks.event_rules import RULES
    from bench.engine.guests.event_checks.step_progress import StepProgress

    killed = [kill["service"] for kill in event.get("killed", [])]
    step: Any = {"do": "storm", "services": killed + ["s0"] * (event.get("asked", 0) - len(killed))}
    broken = []
    for reason, rule in RULES.get(event["event"], ()):
        try:
            if event["event"] != "sample" and rule(event, StepProgress(step, 0, services)):
                broken.append(reason)
        except KeyError:
            continue
    return broken


# ---- the frame of a measurement --------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([step(0, "await", BEGIN)], "a step that the plan does not have"),
        ([HONEST[7]], "a step that the plan does not have"),
        ([hello(), hello()], "a step that the plan does not have"),
        ([hello(), step(1, "snapshot", BEGIN)], "a step that the plan does not have"),
        ([hello(), step(0, "storm", BEGIN)], "a step that the plan does not have"),
        ([hello(), end(BEGIN)], "a step that the plan does not have"),
        ([*HONEST[:7], step(3, "await", BEGIN + SECOND)], "a step that the plan does not have"),
        ([hello(), {"event": "error", "index": 4, "do": "x", "what": "y"}],
         "a step that the plan does not have"),
        ([hello(), step(0, "await", BEGIN - 1)], "a stamp that lies before an earlier one"),
        ([hello(), step(0, "await", BEGIN + 10**18)], "a stamp of the future"),
    ],
)  # fmt: skip
@pytest.mark.probe("hostile")
def test_a_false_frame_ends_the_measurement_with_a_sentence(
    events: list[Fields], fault: str
) -> None:
    stream = open_stream()
    with pytest.raises(Problem, match=f"cannot be true: {fault}"):
        for line in lines(events):
            stream.add(line)
    assert stream.rejections.by_reason() == {fault: 1}


@pytest.mark.probe("hostile")
def test_a_trial_before_the_first_step_is_rejected() -> None:
    stream = open_stream()
    for line in lines([hello(), HONEST[7]]):
        stream.add(line)
    assert stream.rejections.by_reason() == {"an event of another step": 1}


@pytest.mark.probe("hostile")
def test_output_after_the_end_is_rejected() -> None:
    stream = open_stream()
    for line in lines([*HONEST, HONEST[7], HONEST[-1]]):
        stream.add(line)
    assert stream.rejections.by_reason() == {"output after the last event": 2}
    assert stream.events == HONEST


def test_a_plan_that_is_not_finished_is_not_complete() -> None:
    stream = open_stream()
    for line in lines(HONEST[:-1]):
        stream.add(line)
    assert not stream.is_complete


@pytest.mark.probe("hostile")
def test_a_guest_whose_clock_runs_faster_than_the_hosts_is_refused() -> None:
    stream = open_stream(hours=0)
    with pytest.raises(Problem, match="a stamp of the future"):
        for line in lines([hello(), step(0, "await", BEGIN + 2 * SECOND)]):
            stream.add(line)


# ---- garbage ---------------------------------------------------------------------------------

GARBAGE = [
    "",
    "\x00\x1b[31m",
    "NaN",
    "[]",
    "null",
    "{}",
    '{"event": 3}',
    '{"event": "sample"',
    '{"event": "no such kind"}',
    '{"event": "off", "why": "x"}',
    '{"event": "told", "service": "s1", "terms": []}',
    '{"event": "end", "ns": 1e999, "errors": 0}',
    '{"event": "end", "ns": ' + "9" * 5000 + ', "errors": 0}',
    '{"event": "end", "ns": 1, "errors": 0} {}',
    '{"event": "noise", "seen_ns": 1, "text": "\\ud800"}',
    '{"event": "noise", "seen_ns": 1, "text": "\udc80"}',
    "[" * 100_000,
    '{"event": "end", "x": ' + "[" * 100_000,
    '{"event": "end", "x": ' + '{"a":' * 100_000,
]


@pytest.mark.parametrize("line", GARBAGE)
@pytest.mark.probe("hostile")
def test_garbage_between_the_events_is_rejected_and_changes_nothing(line: str) -> None:
    stream = open_stream()
    for honest in lines(HONEST):
        stream.add(honest)
        if honest.startswith('{"event": "up"') or '"event": "up"' in honest:
            assert stream.add(line) is None
    assert stream.rejections.unexplained == 1
    assert stream.events == HONEST


@pytest.mark.probe("hostile")
def test_a_program_that_prints_nothing_but_garbage_is_not_heard_out() -> None:
    stream = open_stream()
    stream.add(lines([hello()])[0])
    with pytest.raises(Problem, match=f"More than {MAX_REJECTIONS} lines"):
        for _ in range(10 * MAX_REJECTIONS):
            stream.add("x" * 10_000)
    assert len(stream.rejections.kept) == MAX_KEPT_LINES
    assert len(stream.rejections.log_text()) < MAX_KEPT_LINES * 2 * MAX_KEPT_LENGTH


@pytest.mark.probe("hostile")
def test_the_log_shows_control_characters_and_does_not_obey_them() -> None:
    stream = open_stream()
    stream.add("\x1b[2J\u202e\ud800\x07")
    assert "\\x1b[2J\\u202e\\ud800\\x07" in stream.rejections.log_text()
    assert stream.rejections.log_text().isascii()


# ---- any sequence of lines -------------------------------------------------------------------

PLAN = [*HONEST[:7], *HONEST[7:-1], HONEST[-1]]
SPECIAL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, BEGIN, BEGIN + 9 * SECOND, 1 << 63, (1 << 63) - 1, 1 << 64, 10**30]),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
JSON = st.recursive(
    SPECIAL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@st.composite
def changed_events(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[str]:
    """Draw the lines of an honest measurement that somebody has changed."""
    changed = lines(PLAN)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(changed) - 1))
        changed[place : place + 1] = draw(_change(changed, place))
    return changed


def _change(honest: list[str], place: int) -> st.SearchStrategy[list[str]]:
    """Return what may become of one line."""
    line = honest[place]
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    ways = [
        st.just([]),
        st.just([line, line]),
        st.sampled_from(honest).map(lambda other: [line, other]),
        st.text(max_size=20).map(lambda text: [text]),
        st.integers(0, len(line)).map(lambda length: [line[:length]]),
        JSON.map(lambda value: [json.dumps(value)]),
    ]
    if isinstance(event, dict) and event:
        ways.append(
            st.tuples(st.sampled_from(sorted(event)), SPECIAL).map(
                lambda pair: [json.dumps({**event, pair[0]: pair[1]})]
            )
        )
        stamps = sorted(key for key in event if key.endswith("ns") and isinstance(event[key], int))
        if stamps:
            ways.append(
                st.tuples(st.sampled_from(stamps), st.integers(-20 * SECOND, 20 * SECOND)).map(
                    lambda pair: [json.dumps({**event, pair[0]: event[pair[0]] + pair[1]})]
                )
            )
    return st.one_of(ways)


def check_any(printed: list[str]) -> None:
    """Check that these lines give a Problem or events that can be true, and figures of them."""
    stream = open_stream()
    try:
        for line in printed:
            stream.add(line)
    except Problem:
        assert stream.rejections.unexplained
    trials = events_of_kind(stream.events, RESTART)
    kills = [trial["kill_ns"] for trial in trials]
    assert all(one < other for one, other in pairwise(kills))
    assert len({trial["trial"] for trial in trials if trial["group"] != "fresh"}) == len(trials)
    latencies = [restart_latency(trial) for trial in trials]
    assert all(latency is None or 0 <= latency < 3600_000 for latency in latencies)
    (metric, *_) = RESTART_SCENARIO.conclude(supervisors()["runit"].contenders[0], stream.events)
    figures = (metric.min, metric.median, metric.max)
    assert all(figure is None or figure >= 0 for figure in figures)
    if stream.is_complete and not stream.rejections.unexplained:
        assert metric.n == 4


@FAST
@given(changed_events())
@pytest.mark.probe("hostile")
def test_no_change_of_an_honest_measurement_makes_a_traceback_or_a_wrong_figure(
    printed: list[str],
) -> None:
    check_any(printed)


@FAST
@given(
    st.lists(st.one_of(st.text(), JSON.map(json.dumps), st.sampled_from(lines(PLAN))), max_size=20)
)
@pytest.mark.probe("hostile")
def test_no_sequence_of_lines_makes_a_traceback_or_a_wrong_figure(printed: list[str]) -> None:
    check_any(printed)


@FAST
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.text(max_size=8), JSON, max_size=6))
@pytest.mark.probe("hostile")
def test_no_event_of_a_known_kind_makes_a_traceback(kind: str, fields: dict[str, Any]) -> None:
    stream = open_stream()
    stream.add(lines([hello()])[0])
    try:
        stream.add(json.dumps({**fields, "event": kind}))
    except Problem as problem:
        assert "cannot be true" in str(problem)


@pytest.mark.probe("hostile")
def test_of_a_long_line_only_the_beginning_is_kept() -> None:
    line = '{"event": "noise", "seen_ns": 1, "text": "' + "x" * 1_000_000 + '"}'
    stream = open_stream()
    stream.add(lines([hello()])[0])
    stream.add(line)
    assert len(stream.rejections.log_text()) < 2 * MAX_KEPT_LENGTH
    assert f"({len(line)} characters)" in stream.rejections.log_text()
