"""System calls that cannot be counted are not made up."""

from __future__ import annotations

import os
import platform

import pytest

from provision.counters import syscalls
from provision.counters.syscalls import count_syscalls


def test_where_the_kernel_refuses_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(syscalls, "_event", refuse)
    with count_syscalls([os.getpid()]) as calls:
        pass
    assert calls.count is None
    assert "Operation not permitted" in calls.why
    assert calls.ns > 0


def test_on_an_unknown_architecture_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "_event", lambda: 1)
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with count_syscalls([os.getpid()]) as calls:
        pass
    assert calls.count is None
    assert "vax" in calls.why


def test_nothing_that_lives_is_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "_event", lambda: 1)
    with count_syscalls([]) as calls:
        pass
    assert calls.count is None
    assert calls.why
