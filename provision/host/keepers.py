"""Keepers: processes that remove a guest when its owner is gone. What all providers' keepers share.

A guest's folder is FOLDER/guests/NAME. Its keeper holds a lock on the file `lock` in that folder as
long as it lives, and writes its pid into it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import psutil


def start_keeper(
    program: str,
    home: Path,
    *command: str,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start a keeper as `PROGRAM FOLDER NAME COMMAND...`; pipes lead to its input and output.

    It runs in a session of its own, which neither Ctrl-C nor the end of the terminal reaches, and
    without site-packages and user settings, so that it is small and starts quickly.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", program, str(home.parent.parent), home.name, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
        cwd=cwd,
        env=environment,
    )


def has_keeper(home: Path) -> bool:
    """Tell whether the guest's keeper is alive. Raises PermissionError."""
    try:
        with (home / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def end_keeper(home: Path, seconds: float, *, kill: bool = False) -> bool:
    """Have the guest's keeper, and no other process, remove the guest; wait until it has ended.

    kill: end it by SIGKILL, so that it removes nothing. Returns whether it ended within those
    seconds. Raises PermissionError where it belongs to another user.
    """
    deadline = time.monotonic() + seconds
    keeper: psutil.Process | None = None
    # A keeper that removes the folder removes its lock before it ends.
    while has_keeper(home) or (keeper and _is_alive(keeper)):
        if time.monotonic() > deadline:
            return False
        keeper = keeper or _signal_keeper(home, kill=kill)
        time.sleep(0.02)
    return True


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE) and process.is_running()
    except psutil.NoSuchProcess:
        return False


def _signal_keeper(home: Path, *, kill: bool) -> psutil.Process | None:
    """Signal the keeper and return it; None where its pid is not yet in its lock."""
    try:
        process = psutil.Process(int((home / "lock").read_text()))
        if _has_open(process.pid, home / "lock"):
            process.kill() if kill else process.terminate()
            return process
    except psutil.AccessDenied as failure:
        raise PermissionError(str(failure)) from failure
    except (FileNotFoundError, ProcessLookupError, ValueError, psutil.NoSuchProcess):
        pass  # it has just begun, or just ended
    return None


def _has_open(pid: int, file: Path) -> bool:
    """Tell whether that process has the file open. Raises OSError."""
    state = file.stat()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(link.stat(), state):
                return True
    return False
