"""The tracer's records of pid namespaces."""

from __future__ import annotations

import pytest

from bench.tracing import tracer


def forks(*pairs: tuple[int, int], comm: str = "sh") -> bytes:
    line = "sched_process_fork: comm={2} pid={0} child_comm={2} child_pid={1}\n"
    return "".join(line.format(*pair, comm) for pair in pairs).encode()


def test_the_fork_table_records_the_nearest_living_ancestor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        tracer, "namespace_line", lambda pid: f"#ns {pid}\n" if pid in (7, 40) else ""
    )
    table = tracer.ForkTable()
    assert table.namespace_lines(forks((7, 20), (20, 30))) == b""
    executed = b"sched_process_exec: filename=/srv/testd/testd pid=30 old_pid=30"
    assert table.namespace_lines(executed) == b"#ns 7\n"
    assert table.namespace_lines(forks((30, 40), (30, 50), comm="testd")) == b"#ns 40\n#ns 7\n"
    # A reused pid: its own child forked it, and neither process lives.
    assert table.namespace_lines(forks((50, 7), (7, 50), comm="testd")) == b"#ns 7\n#ns 7\n"
    assert table.namespace_lines(forks((60, 50), (50, 60), comm="testd")) == b""


def test_the_fork_table_forgets_the_oldest_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "MAX_FORKS", 3)
    monkeypatch.setattr(tracer, "namespace_line", lambda pid: "")
    table = tracer.ForkTable()
    table.namespace_lines(forks((1, 2), (1, 3), (1, 4), (1, 2), (1, 5)))
    assert sorted(table.parents) == [2, 4, 5]
