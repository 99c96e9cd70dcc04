"""One run at a time on a host, for all users and all cache folders."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from provision.errors import Problem

# Benches with different names in this variable run side by side, and disturb each other's figures:
# for tests of the suite itself.
VARIABLE = "PROCESS_SUPERVISION_LOCK"
# Exit status of a command that another bench keeps from its work: EX_TEMPFAIL of sysexits.h.
BUSY = 75
# The first of these that exists, for every user the same.
_FOLDERS = (Path("/run/lock"), Path("/var/lock"), Path("/tmp"))
_POLL_INTERVAL = 1.0  # seconds


class RunInProgress(Problem):
    """Another process is measuring on this host."""

    code = BUSY


@contextmanager
def exclusive_run_lock(
    patience: float = 0.0, notify: Callable[[str], None] = lambda _: None
) -> Iterator[None]:
    """Let no other run begin on this host while the block runs: two would disturb each other.

    patience: seconds to wait for another run's end. notify: called once, with a sentence that
    names that run, where it waits. Raises RunInProgress after that time, and Problem where the
    lock's file cannot be used.
    """
    path = lock_file()
    try:
        lock = _open_for_all(path)
    except OSError as failure:
        raise Problem(
            f"The lock of this host's benches, {path}, cannot be used: {failure.strerror}.",
            advice=f"Remove that file, or name another one: {VARIABLE}=NAME",
        ) from failure
    try:
        _acquire(lock, patience, notify)
        _write_holder(lock)
        yield
    finally:
        os.close(lock)  # the kernel releases it also where the process is killed


def lock_file(name: str | None = None) -> Path:
    """Return the file whose lock a run holds. Raises Problem for a name that is no file's.

    name: in place of that in VARIABLE.
    """
    name = os.environ.get(VARIABLE, "") if name is None else name
    if not re.fullmatch(r"[\w.-]{0,100}", name):
        raise Problem(
            f"{VARIABLE}={name} cannot be the name of a lock.",
            advice="Use letters, digits, dots and hyphens.",
            usage=True,
        )
    folder = next(folder for folder in _FOLDERS if folder.is_dir())
    return folder / f"process-supervision{f'-{name}' if name else ''}.lock"


def _open_for_all(path: Path) -> int:
    """Open the file, made where it does not exist, so that every user can lock it and write."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        try:
            # Not with O_CREAT: the kernel may forbid that for another user's file in such a folder.
            return os.open(path, flags)
        except PermissionError:
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                lock = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
                os.fchmod(lock, 0o666)  # whatever the umask is
                return lock


def _acquire(lock: int, patience: float, notify: Callable[[str], None]) -> None:
    deadline = time.monotonic() + patience
    notified = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            return
        if time.monotonic() >= deadline:
            raise _in_progress(lock)
        if not notified:
            notify(f"Waiting until another bench on this host has ended ({_holder(lock)}).")
            notified = True
        time.sleep(min(_POLL_INTERVAL, max(0.0, deadline - time.monotonic())))


def _in_progress(lock: int) -> RunInProgress:
    return RunInProgress(
        f"Another bench is measuring on this host ({_holder(lock)}).",
        known="Two runs at once would disturb each other's figures.",
        advice="Wait for it: ./inv bench --wait, or --wait=MINUTES. Or stop it with Ctrl-C.",
    )


def _write_holder(lock: int) -> None:
    """Write who holds the lock, where this user may."""
    user = _user_name(os.geteuid())
    text = f"process {os.getpid()} of {user}, since {datetime.now().astimezone():%Y-%m-%d %H:%M}"
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{text}\n".encode(), 0)


def _holder(lock: int) -> str:
    """Say who holds the lock; what an earlier holder has left does not count."""
    text = os.pread(lock, 500, 0).decode(errors="replace").strip()
    process = re.match(r"process (\d+) ", text)
    if process is None or not Path(f"/proc/{process[1]}").exists():
        return "its process is unknown here"
    return text


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
