"""The doctor's restart is timed like those of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from bench.cli.commands.floor_restart import restart_floor
from bench.engine.guests import measurement
from provision.provider import Provider
from provision.systems import SYSTEMS
from supervisors import supervisors


class FakeGuest:
    """A guest that only knows whether it is measured."""

    is_measured = False
    is_destroyed = False

    @contextmanager
    def measured(self) -> Iterator[None]:
        self.is_measured = True
        yield
        self.is_measured = False

    def destroy(self) -> None:
        self.is_destroyed = True


class FakeProvider:
    def __init__(self, guest: FakeGuest) -> None:
        self.up = lambda *_arguments, **_options: guest

    def prepare(self, *_arguments: object) -> None:
        pass


def test_the_guest_is_not_slowed_down_while_it_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guest = FakeGuest()

    def measure(*_arguments: object, **_options: object) -> list[dict[str, Any]]:
        assert guest.is_measured
        stamps = {"kill_ns": 0, "main_ns": 2_000_000}
        return [{"event": "sample", "warmup": False, "censored": False, **stamps}]

    floor = type(supervisors()["floor"])
    monkeypatch.setattr(floor, "configure", lambda *_: None)
    monkeypatch.setattr(floor, "start", lambda *_: None)
    monkeypatch.setattr(measurement, "payload_files", lambda _: ())
    monkeypatch.setattr(measurement, "run_measurement", measure)
    assert restart_floor(cast(Provider, FakeProvider(guest)), SYSTEMS["debian"]) == 2.0
    assert guest.is_destroyed
