"""The events of one measurement, checked as they come in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from typing import Any, cast

from bench.engine.guests.event_checks.event_rules import (
    STAMP_OF_FUTURE,
    find_falsehood,
    lacks_result,
)
from bench.engine.guests.event_checks.step_progress import (
    StepProgress,
    latest_stamp,
    missing_trials,
    note_trial,
)
from bench.model.events import END, ERROR, GAVE_UP, HELLO, RESTART, STEP, Event, is_kind
from bench.model.events.program import StepBegun
from bench.model.events.wire import FalseLineError, decode_event
from bench.model.observation.timing import NS_PER_S
from bench.model.rejections import Rejection, Rejections
from bench.model.steps import Step
from provision.errors import Problem

NOT_THE_PLAN = "a step that the plan does not have"
STEPS_BACK = "a stamp that lies before an earlier one"
AFTER_END = "output after the last event"
WITHOUT_SAMPLE = "a planned trial without a sample"
WITHOUT_RESULT = "a step without its result"
# A program that sends nothing else is not heard out.
MAX_REJECTIONS = 1000
# How far a guest's clock may run ahead of the host's: a share of the time, and s.
_CLOCK_DRIFT = 0.01
_CLOCK_SLACK = 1.0


@dataclass
class _Pending:
    """An accepted event, until a later stamp shows that none of its stamps is of the future."""

    event: Event
    latest_ns: int
    line: str


class EventStream:
    """Checks the lines of one measurement against its plan; keeps the events that can be true.

    services: every name that a service of the guest may have. clock: the host's, in s; it must
    have begun before the measuring program did.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        services: Set[str],
        rejections: Rejections,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.events: list[Event] = []
        self.rejections = rejections
        # The reason for which the latest line was rejected; empty where it was accepted.
        self.last_rejected = ""
        self._steps = steps
        self._services = services
        self._clock = clock
        self._begin_s = clock()
        self._hello_ns = 0
        self._milestone_ns = 0
        self._progress: StepProgress | None = None
        self._step_index = -1
        self._pending_trials: list[_Pending] = []
        self._confirmed_trials: list[Event] = []
        self._pending: list[_Pending] = []
        self._ended = False

    def add(self, line: str) -> Event | None:
        """Return the event of a line, or None where the line is rejected.

        Raises Problem where nothing after the line can be understood.
        """
        self.last_rejected = ""
        event = self._decode(line)
        if event is None:
            return None
        if self._ended:
            self._reject(AFTER_END, line, event)
            return None
        if self._progress is None or event["event"] in _FRAME:
            return self._add_frame(event, line, self._progress)
        reason = find_falsehood(event, self._progress) or self._stamp_fault(event)
        if reason:
            self._progress.rejected += 1
            self._reject(reason, line, event)
            return None
        self._accept(event, line, self._progress)
        return event

    @property
    def is_complete(self) -> bool:
        """Whether the last event of the plan has come."""
        return self._ended

    def take_confirmed_trials(self) -> list[Event]:
        """Return the trials that later stamps have confirmed since the last call."""
        trials, self._confirmed_trials = self._confirmed_trials, []
        return trials

    def _decode(self, line: str) -> Event | None:
        try:
            return decode_event(line)
        except FalseLineError as failure:
            if self._progress is not None:
                self._progress.rejected += 1
            is_trial = failure.kind == RESTART.name
            self._count(Rejection(failure.reason, failure.detail, line, is_trial))
            return None

    def _add_frame(self, event: Event, line: str, progress: StepProgress | None) -> Event:
        """Add an event that begins or ends the plan or a step. Raises Problem for a false one."""
        fault = self._frame_fault(event)
        if fault:
            self._reject(fault, line, event)
            raise Problem(
                f"What the measuring program prints cannot be true: {fault}.",
                known=f"{event['event']}, after {len(self.events)} events",
            )
        if is_kind(event, ERROR):
            if progress is not None:
                progress.failed = True
        else:
            self._enter_step(event, line, progress)
        self.events.append(event)
        return event

    def _enter_step(self, event: Event, line: str, progress: StepProgress | None) -> None:
        """End the step before, and begin the one that the event begins; an end has none."""
        ns = _stamp_of(event)
        self._confirm_trials(ns)
        self._confirm_pending(ns)
        if progress is not None:
            self._check_complete(progress, line)
        if is_kind(event, HELLO):
            self._hello_ns = ns
        elif is_kind(event, STEP):
            self._step_index = event["index"]
        self._milestone_ns = ns
        self._ended = is_kind(event, END)
        step = self._steps[self._step_index] if self._step_index >= 0 else _NO_STEP
        self._progress = StepProgress(step, ns, self._services)

    def _check_complete(self, progress: StepProgress, line: str) -> None:
        """Count what a step that ends should have printed and did not."""
        if missing := missing_trials(progress):
            self._count(Rejection(WITHOUT_SAMPLE, "", line, is_trial=True), missing)
        if lacks_result(progress):
            self._count(Rejection(WITHOUT_RESULT, progress.step["do"], line))

    def _frame_fault(self, event: Event) -> str:
        """Return why an event of the frame cannot be true; empty where it can."""
        if is_kind(event, HELLO) is not (self._progress is None):
            return NOT_THE_PLAN
        if is_kind(event, ERROR):
            return "" if event["index"] == self._step_index else NOT_THE_PLAN
        if is_kind(event, STEP) and not self._is_next_step(event):
            return NOT_THE_PLAN
        if is_kind(event, END) and self._step_index != len(self._steps) - 1:
            return NOT_THE_PLAN
        return self._clock_fault(_stamp_of(event))

    def _is_next_step(self, event: StepBegun) -> bool:
        index = self._step_index + 1
        if event["index"] != index or index >= len(self._steps):
            return False
        return event["do"] == self._steps[index]["do"]

    def _clock_fault(self, ns: int) -> str:
        """Return why a stamp that was taken just now cannot be true; empty where it can."""
        return STEPS_BACK if ns < self._milestone_ns else self._future_fault(ns)

    def _future_fault(self, ns: int) -> str:
        elapsed = self._clock() - self._begin_s
        limit_ns = (elapsed * (1 + _CLOCK_DRIFT) + _CLOCK_SLACK) * NS_PER_S
        return STAMP_OF_FUTURE if self._hello_ns and ns - self._hello_ns > limit_ns else ""

    def _stamp_fault(self, event: Event) -> str:
        """Return why an event's stamps cannot be true; reject earlier events that they disprove."""
        if fault := self._future_fault(latest_stamp(event)):
            return fault
        if is_kind(event, RESTART):
            self._confirm_trials(event["kill_ns"])
            return ""
        ns = cast(dict[str, Any], event).get("ns")
        if ns is None:
            return ""
        if fault := self._clock_fault(ns):
            return fault
        self._milestone_ns = ns
        self._confirm_trials(ns)
        self._confirm_pending(ns)
        return ""

    def _accept(self, event: Event, line: str, progress: StepProgress) -> None:
        progress.kinds.add(event["event"])
        pending = self._pending
        if is_kind(event, RESTART):
            note_trial(event, progress)
            pending = self._pending_trials
        elif is_kind(event, GAVE_UP):
            progress.gave_up = True
        if latest_ns := latest_stamp(event):
            pending.append(_Pending(event, latest_ns, line))
        self.events.append(event)

    def _confirm_trials(self, now_ns: int) -> None:
        """Reject accepted trials with a stamp after now_ns, which was taken after them."""
        trials, self._pending_trials = self._pending_trials, []
        self._reject_later(trials, now_ns)
        self._confirmed_trials += [trial.event for trial in trials if trial.latest_ns <= now_ns]

    def _confirm_pending(self, now_ns: int) -> None:
        """Reject accepted events with a stamp after now_ns, which was taken after them."""
        pending, self._pending = self._pending, []
        self._reject_later(pending, now_ns)

    def _reject_later(self, pending: Sequence[_Pending], now_ns: int) -> None:
        for item in pending:
            if item.latest_ns <= now_ns:
                continue
            self.events = [event for event in self.events if event is not item.event]
            if self._progress is not None:
                self._progress.rejected += 1
            self._reject(STAMP_OF_FUTURE, item.line, item.event)

    def _reject(self, reason: str, line: str, event: Event) -> None:
        self._count(Rejection(reason, event["event"], line, is_kind(event, RESTART)))

    def _count(self, rejection: Rejection, count: int = 1) -> None:
        self.last_rejected = rejection.reason
        self.rejections.add(rejection, count)
        if self.rejections.unexplained > MAX_REJECTIONS:
            raise Problem(
                f"More than {MAX_REJECTIONS} lines of the measuring program were rejected.",
                known=self.rejections.summary(),
            )


# The events around the steps and what they print.
_FRAME = frozenset({HELLO.name, STEP.name, ERROR.name, END.name})
_NO_STEP: Step = {"do": "sleep", "seconds": 0}


def _stamp_of(event: Event) -> int:
    """Return the stamp of an event that was taken as it was printed."""
    return cast(dict[str, int], event)["ns"]
