"""Who follows a run while it goes on: the progress display, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from bench.engine.plan import Plan
from bench.model.events import Event
from bench.model.run_file import ContenderResult


class Observer(Protocol):
    """Receives what happens in a run; called from several threads."""

    def planned(self, plan: Plan, notes: Sequence[str]) -> None:
        """The plan is made; nothing has started yet."""

    def note(self, sentence: str) -> None:
        """Something slow is about to start."""

    def phase(self, contender: str, replica: int, phase: str) -> None:
        """A guest of that contender enters a phase; empty after the last one."""

    def sample(self, contender: str, event: Event) -> None:
        """The measuring program in a guest of that contender reported an event."""

    def done(self, contender: str, result: ContenderResult) -> None:
        """All guests of that contender are done; result: its entry in run.json."""


class SilentObserver:
    """An observer that ignores everything."""

    def planned(self, plan: Plan, notes: Sequence[str]) -> None: ...

    def note(self, sentence: str) -> None: ...

    def phase(self, contender: str, replica: int, phase: str) -> None: ...

    def sample(self, contender: str, event: Event) -> None: ...

    def done(self, contender: str, result: ContenderResult) -> None: ...


class NoteObserver(SilentObserver):
    """An observer that passes notes on, such as of a guest that could not be removed."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify

    def note(self, sentence: str) -> None:
        self._notify(sentence)
