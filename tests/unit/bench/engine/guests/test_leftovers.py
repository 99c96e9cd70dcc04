"""The guests that remain after a run are named at its end."""

from __future__ import annotations

import os

import pytest

from bench.engine.guests.leftovers import remaining_guests
from bench.engine.observer import SilentObserver
from bench.engine.run import _name_remaining_guests
from provision.lxc.provider import Lxc
from provision.provider import GuestRecord, GuestState

OWN = f"-0-{os.getpid()}"


class FakeProvider(Lxc):
    """A provider on whose host guests of this process and of another one exist."""

    def __init__(self, state: GuestState) -> None:
        self.state = state

    def guests(self) -> list[GuestRecord]:
        return [GuestRecord(f"own{OWN}", self.state), GuestRecord("other-0-1", self.state)]


class NoteTaker(SilentObserver):
    """An observer that keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


def test_only_guests_of_this_process_that_were_not_kept_remain() -> None:
    assert remaining_guests(FakeProvider(GuestState.OWNED)) == [f"own{OWN}"]
    assert remaining_guests(FakeProvider(GuestState.ORPHANED)) == [f"own{OWN}"]
    assert remaining_guests(FakeProvider(GuestState.KEPT)) == []


def test_a_run_names_at_its_end_what_it_leaves() -> None:
    observer = NoteTaker()
    _name_remaining_guests(FakeProvider(GuestState.ORPHANED), observer)
    assert observer.notes == [f"Not removed: own{OWN}. Run ./inv destroy to remove what remains."]


def test_an_interrupted_run_does_not_claim_that_guests_are_removed() -> None:
    observer = NoteTaker()
    with pytest.raises(KeyboardInterrupt, match="Not removed: own") as caught:
        try:
            raise KeyboardInterrupt
        finally:
            _name_remaining_guests(FakeProvider(GuestState.ORPHANED), observer)
    assert "guests are removed" not in str(caught.value)
