"""System calls that cannot be counted get a reason in place of a count."""

from __future__ import annotations

import os
import platform

import pytest

from provision.counters import syscalls
from provision.counters.syscalls import count_syscalls


def test_the_reason_is_the_kernels_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(syscalls, "_event", refuse)
    with count_syscalls([os.getpid()]) as result:
        pass
    assert result.count is None
    assert "Operation not permitted" in result.why_not
    assert result.duration_ns > 0


def test_the_reason_is_an_unknown_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "_event", lambda: 1)
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with count_syscalls([os.getpid()]) as result:
        pass
    assert result.count is None
    assert "vax" in result.why_not


def test_no_living_process_gives_no_count_rather_than_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "_event", lambda: 1)
    with count_syscalls([]) as result:
        pass
    assert result.count is None
    assert result.why_not
