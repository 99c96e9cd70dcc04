"""The floor alone: starts, starts again, stops, and says what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.place import Place, eventually


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def test_starts_again_as_its_own_child(place: Place) -> None:
    floor = place.floor("s1")
    for count in range(1, 6):
        pid = place.pid(starts=count)
        assert parent(pid) == floor.pid
        os.kill(pid, signal.SIGKILL)


def test_keeps_several_apart(place: Place) -> None:
    words: list[str] = []
    for service in ("s1", "s2", "s3"):
        words += ["--", *place.testd(service)]
    place.start(str(place.binaries.floor), *words[1:])
    pids = {service: place.pid(service) for service in ("s1", "s2", "s3")}
    os.kill(pids["s2"], signal.SIGKILL)
    eventually(lambda: place.record("s2")[0] == 2)
    assert place.pid("s1") == pids["s1"]
    assert place.pid("s3") == pids["s3"]


def test_term_takes_its_daemons_along(place: Place) -> None:
    floor = place.start(str(place.binaries.floor), *place.testd("s1"), "--", *place.testd("s2"))
    place.pid("s1")
    place.pid("s2")
    floor.terminate()
    assert floor.wait() == 0
    assert place.processes() == []


def test_daemons_do_not_inherit_blocked_signals(place: Place) -> None:
    place.floor("s1")
    status = Path(f"/proc/{place.pid()}/status").read_text()
    assert int(status.split("SigBlk:")[1].split()[0], 16) == 0


def test_reaps_orphans_as_process_1(place: Place) -> None:
    if os.getuid():
        pytest.skip("a process namespace needs root")
    inner = place.start(
        *("unshare", "--pid", "--fork", "--kill-child", str(place.binaries.floor)),
        *place.testd("s1", "--orphans", "50"),
    )
    # Seen from outside: unshare, its child the floor, and nothing but testd below that.
    tree = Path(f"/proc/{inner.pid}/task/{inner.pid}/children")
    floor = eventually(lambda: tree.read_text().split())[0]
    below = Path(f"/proc/{floor}/task/{floor}/children")

    def only_testd() -> bool:
        pids = below.read_text().split()
        stat = Path(f"/proc/{pids[0]}/stat").read_text() if len(pids) == 1 else ""
        call = Path(f"/proc/{pids[0]}/syscall").read_text().split()[0] if stat else ""
        return "(testd) S" in stat and call in {"34", "73", "29"}

    eventually(only_testd)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 64),
        (["--"], 64),
        (["/bin/true", "--"], 64),
        (["--", "/bin/true"], 64),
        (["/nowhere/at/all"], 71),
    ],
)
def test_bad_commands(place: Place, words: list[str], code: int) -> None:
    done = subprocess.run(
        [place.binaries.floor, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code
    assert "floor" in done.stderr


def test_a_command_that_cannot_start_takes_the_others_along(place: Place) -> None:
    floor = place.start(
        str(place.binaries.floor),
        *place.testd("s1"),
        "--",
        "/nowhere/at/all",
        stderr=subprocess.DEVNULL,
    )
    assert floor.wait() == 71
    assert place.processes() == []
