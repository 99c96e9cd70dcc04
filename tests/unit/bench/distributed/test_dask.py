"""Messages about the workers of a real Dask scheduler, which runs in this process."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from bench.cli.output.safe_output import open_console, plain_printer
from bench.distributed import dask
from bench.engine.request.options import RunOptions
from provision.errors import Problem
from provision.sources.overlay import Overlay
from provision.systems import SYSTEMS
from supervisors.own_daemon import OwnDaemon, Readiness


def test_a_run_without_workers_notifies_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "CHECK_INTERVAL", 0.1)
    notes: list[str] = []
    with (
        LocalCluster(
            n_workers=0, processes=False, threads_per_worker=1, dashboard_address=None,
            resources={dask.RESOURCE: 1},
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip

        def notify(line: str) -> None:
            notes.append(line)
            cluster.scale(1)

        future = client.submit(int, "7", resources={dask.RESOURCE: 1}, pure=False)
        (done,) = dask.wait_for_results(client, [future], notify)
        assert done.result() == 7
    assert notes == [
        "No worker is left, and 1 contenders are not measured: start a worker, or press Ctrl-C."
    ]


def test_a_note_is_printed_without_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets of a compiler would be markup, and an address may name an emoji."""
    line = "runit failed: cc1: [/usr/include] not found, [pid 12] at fe80::a:1"
    plain_printer(open_console())(line)
    assert capsys.readouterr().out.strip() == line


def test_no_scheduler_is_said_to_accept_what_nobody_listens_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dask's client tries again until its time is over, and then gives no reason."""
    monkeypatch.setattr(dask, "ANSWER_SECONDS", 1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Problem, match="No Dask scheduler answers") as caught:
            dask._connect(address)
    assert "accepts" not in caught.value.known


def test_a_scheduler_that_accepts_and_never_answers_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask, "ANSWER_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Problem, match=f"No Dask scheduler answers at {address}") as caught:
            dask._connect(address)
    assert "has answered within 1 s" in caught.value.known
    assert caught.value.usage


@pytest.mark.parametrize("option", ["overlay", "daemon"])
def test_a_worker_without_a_folder_of_the_run_is_refused(tmp_path: Path, option: str) -> None:
    """The options come from another host, where the folder was read."""
    folder = tmp_path / "build"
    program = folder / "usr/sbin/perpd"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    overlay = Overlay.load(folder, SYSTEMS["debian"])
    ready = Readiness.parse("port:80")
    options = {
        "overlay": RunOptions(overlays={"perp": overlay}),
        "daemon": RunOptions(daemon=OwnDaemon(("server",), ready, overlay)),
    }[option]
    program.write_text("#!/bin/sh\nexit\n")
    with pytest.raises(Problem, match="has changed"):
        dask.check_worker(options)
    shutil.rmtree(folder)
    with pytest.raises(Problem, match="There is no folder"):
        dask.check_worker(options)


@pytest.mark.parametrize(
    ("options", "patience"),
    [(RunOptions(keep=True), 0.0), (RunOptions(resume=True), 0.0), (RunOptions(), 60.0)],
)
def test_what_concerns_this_host_alone_is_refused(options: RunOptions, patience: float) -> None:
    with pytest.raises(Problem, match=r"--dask cannot be combined with .* --wait") as caught:
        dask.bench_on_workers(options, "tcp://127.0.0.1:1", lambda _: None, patience)
    assert caught.value.usage
