"""Where the time of a restart goes."""

from __future__ import annotations

import pytest

from bench.tracing.kernel_stamps import GuestTrace
from bench.tracing.parser import parse_trace
from bench.tracing.restart_parts import restart_part_metrics
from tests.unit.bench.tracing.recorded_traces import RUNNER, agreement, run, runner_trace, sample


def test_spawn_begins_with_the_daemons_first_stamp() -> None:
    """Before it, the kernel removes what the process was, say a script's shell."""
    samples = [sample(begun_ns=100_000_262_000)]
    stats = agreement(run(), samples, runner_trace())
    assert (stats["exec_us"]["c"]["median"], stats["spawn_us"]["c"]["median"]) == (50, 38)
    assert stats["unstamped"] == 0
    assert (stats["spawn_spread"], stats["spawn_apart_us"]) == (0, 0)
    medians = {metric.metric: metric.median for metric in restart_part_metrics(samples)}
    assert medians["restart_spawn"] == pytest.approx(0.038)
    assert sum(value or 0 for value in medians.values()) == pytest.approx(0.3)


def test_the_parts_of_a_restart_add_up_to_its_latency() -> None:
    samples = [sample()]
    GuestTrace(runner_trace(), 4026).add_stamps(samples)
    medians = {metric.metric: metric.median for metric in restart_part_metrics(samples)}
    assert list(medians) == [
        "restart_death", "restart_reaction", "restart_holdoff", "restart_child", "restart_spawn"
    ]  # fmt: skip
    assert sum(value or 0 for value in medians.values()) == pytest.approx(0.3)


def test_a_restart_without_wakeup_is_not_split() -> None:
    """A supervisor that was running already is not woken up by the death."""
    samples = [sample()]
    trace = parse_trace(RUNNER.replace("100.000100", " 99.000100").splitlines())
    GuestTrace(trace, 4026).add_stamps(samples)
    assert samples[0]["witness"]["fork"] is not None
    assert samples[0]["witness"]["awake"] is None
    assert restart_part_metrics(samples) == []
