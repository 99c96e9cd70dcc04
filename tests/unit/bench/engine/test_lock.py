"""One run at a time on a host: who is refused, who may wait, and what a killed run leaves."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.engine import lock
from bench.engine.lock import BUSY, RunInProgress, exclusive_run_lock
from bench.engine.request.patience import parse_wait
from provision.errors import Problem
from tests.support.wait import eventually

ROOT = Path(__file__).parents[4]
NOBODY = 65534
HOLD = """
import sys
from bench.engine.lock import exclusive_run_lock
with exclusive_run_lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(lock.VARIABLE, f"test-lock-{os.getpid()}")
    file = lock.lock_file()
    yield
    file.unlink(missing_ok=True)


@contextmanager
def another_run(*before: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock, until the block ends."""
    with subprocess.Popen(
        [*before, sys.executable, "-c", HOLD],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def test_a_second_run_is_refused_with_its_own_status_and_told_who_runs() -> None:
    with another_run() as other, pytest.raises(RunInProgress) as refused, exclusive_run_lock():
        pass
    assert refused.value.code == BUSY
    assert f"process {other.pid} of root, since " in refused.value.what
    assert "--wait" in refused.value.advice


def test_another_cache_folder_is_no_way_around(tmp_path: Path) -> None:
    with (
        another_run(XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path)),
        pytest.raises(RunInProgress),
        exclusive_run_lock(),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("umask", ["022", "077"])
def test_another_user_is_no_way_around(umask: str) -> None:
    """Neither first nor second; the user may read everything, as this interpreter is root's."""
    read = "+dac_read_search"
    as_nobody = (
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *(f"--inh-caps=-all,{read}", f"--ambient-caps=-all,{read}", f"--bounding-set=-all,{read}"),
        *("sh", "-c", f'umask {umask}; exec "$@"', "sh"),
    )
    with another_run(*as_nobody), pytest.raises(RunInProgress) as refused, exclusive_run_lock():
        pass
    assert "of nobody, since" in refused.value.what
    with exclusive_run_lock():
        done = subprocess.run(
            [*as_nobody, sys.executable, "-c", HOLD],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert "RunInProgress" in done.stderr


def test_a_killed_run_blocks_nobody() -> None:
    with another_run() as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        with exclusive_run_lock():
            pass


def test_a_run_that_waits_begins_when_the_other_has_ended() -> None:
    notes: list[str] = []
    begun = threading.Event()

    def wait() -> None:
        with exclusive_run_lock(math.inf, notes.append):
            begun.set()

    with another_run() as other:
        waiting = threading.Thread(target=wait)
        waiting.start()
        eventually(lambda: notes, "the note that it waits")
        assert not begun.is_set()
    waiting.join()
    assert begun.is_set()
    assert len(notes) == 1
    assert f"process {other.pid} " in notes[0]


def test_a_run_waits_no_longer_than_it_may() -> None:
    with another_run(), pytest.raises(RunInProgress), exclusive_run_lock(0.1):
        pass


def test_locks_of_other_names_are_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with another_run():
        monkeypatch.setenv(lock.VARIABLE, f"test-other-{os.getpid()}")
        with exclusive_run_lock():
            pass
        lock.lock_file().unlink()


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    lock.lock_file().symlink_to(tmp_path / "precious")
    with pytest.raises(Problem, match="cannot be used"), exclusive_run_lock():
        pass
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_name_that_is_a_path_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(lock.VARIABLE, "../etc/x")
    with pytest.raises(Problem, match="cannot be the name of a lock"):
        lock.lock_file()


def test_the_option_may_have_minutes() -> None:
    assert (parse_wait(None), parse_wait(True), parse_wait("1.5")) == (0, math.inf, 90)


@pytest.mark.parametrize("minutes", ["soon", "0", "-1", "nan", "inf"])
def test_a_wait_that_is_no_time_is_refused(minutes: str) -> None:
    with pytest.raises(Problem, match=f"--wait={minutes} is no number of minutes"):
        parse_wait(minutes)
