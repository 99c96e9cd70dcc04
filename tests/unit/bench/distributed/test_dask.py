"""What the one who asked hears of the workers, from a real scheduler in this process."""

from __future__ import annotations

import pytest
from distributed import Client, LocalCluster

from bench.distributed import dask


def test_where_no_worker_is_left_that_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "SILENCE", 0.1)
    said: list[str] = []
    with (
        LocalCluster(
            n_workers=0, processes=False, threads_per_worker=1, dashboard_address=None,
            resources={dask.RESOURCE: 1},
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip

        def hear(line: str) -> None:
            said.append(line)
            cluster.scale(1)

        future = client.submit(int, "7", resources={dask.RESOURCE: 1}, pure=False)
        (done,) = dask._as_they_end(client, [future], hear)
        assert done.result() == 7
    assert said == ["No worker is left for what is due (1): start one, or Ctrl-C."]


def test_a_line_of_others_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """What a compiler says has brackets that would be markup, an address may name an emoji."""
    from tasks import _console, _plain_printer

    line = "runit failed: cc1: [/usr/include] not found, [pid 12] at fe80::a:1"
    _plain_printer(_console())(line)
    assert capsys.readouterr().out.strip() == line
