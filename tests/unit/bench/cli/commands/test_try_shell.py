"""A guest whose PID 1 ends under `./inv try` is explained, and nothing tries to enter it."""

from __future__ import annotations

from typing import cast

import pytest

from bench.cli.commands import try_shell
from bench.cli.output.safe_console import SafeConsole
from bench.engine.guests import measurement
from bench.engine.request.options import SystemOptions
from provision.guests.guest import Guest
from provision.provider import Provider
from supervisors.base import Supervisor


class EndingGuest:
    """A guest whose PID 1 ends after so many looks; its shell ends with that code."""

    def __init__(self, looks: int, code: int) -> None:
        self.looks, self.code = looks, code
        self.entered = self.destroyed = False

    def ended_by_itself(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    def console_quoted(self) -> object:
        return pytest.MonkeyPatch.context()

    def quote_console(self) -> str:
        return "Guest g has ended: why."

    def shell(self) -> int:
        self.entered = True
        return self.code

    def destroy(self) -> None:
        self.destroyed = True


class OneGuest:
    """A provider of that guest."""

    def __init__(self, guest: EndingGuest) -> None:
        self.guest = guest

    def prepare(self, *_: object) -> None: ...

    def up(self, *_: object) -> Guest:
        return cast(Guest, self.guest)


def try_runit(guest: EndingGuest, patch: pytest.MonkeyPatch) -> int:
    provider = cast(Provider, OneGuest(guest))
    patch.setattr(try_shell, "choose_provider", lambda *_: (provider, "why"))
    patch.setattr(try_shell, "install_guest_tools", lambda *_: None)
    patch.setattr(measurement, "payload_files", lambda *_: [])
    patch.setattr(Supervisor, "configure", lambda *_: None)
    patch.setattr(Supervisor, "start", lambda *_: None)
    patch.setattr(try_shell, "_SECONDS_TO_BEGIN", 0.0)
    return try_shell.open_try_shell("runit", SystemOptions(), SafeConsole(width=140))


def test_a_guest_that_ended_before_the_shell_is_not_entered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = EndingGuest(looks=0, code=0)
    assert try_runit(guest, monkeypatch) == 1
    assert (guest.entered, guest.destroyed) == (False, True)
    assert "Guest g has ended: why." in capsys.readouterr().out


def test_a_shell_that_the_end_killed_is_explained_once_the_end_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = EndingGuest(looks=4, code=137)
    assert try_runit(guest, monkeypatch) == 137
    assert "Guest g has ended: why." in capsys.readouterr().out


def test_an_orderly_end_of_the_shell_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = EndingGuest(looks=99, code=0)
    assert try_runit(guest, monkeypatch) == 0
    assert "has ended" not in capsys.readouterr().out
