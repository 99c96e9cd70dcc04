"""What is traced, and who may trace."""

from __future__ import annotations

import os

import pytest

from bench.tracing.recorder import traced_events, why_untraceable


def test_only_wakeups_of_the_supervisors_processes_are_traced() -> None:
    assert "sched/sched_waking" not in traced_events(())
    assert traced_events(("b*", "a"))["sched/sched_waking"] == 'comm ~ "a" || comm ~ "b*"'


def test_tracing_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "root" in why_untraceable()
