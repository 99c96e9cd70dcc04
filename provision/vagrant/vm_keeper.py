"""Keeps one virtual machine, and destroys it when its owner is gone.

Runs as a process of its own, in its own session, so that neither Ctrl-C nor SIGKILL of the suite
reaches it: `vm_keeper.py FOLDER NAME COMMAND...`, where FOLDER/guests/NAME is the machine's folder,
and COMMAND destroys the machine, with the environment and the working directory of this process.
It says `ready`, then takes one word, `keep`, on standard input: outlive the owner.

End of file, or SIGTERM, destroys the machine. The last keeper also ends the libvirt daemons which
the machines of this folder had started.
"""

import contextlib
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

PATIENCE = 600.0
DAEMONS = ("libvirtd", "virtlogd")


def main() -> None:
    """Wait for the owner's end, then destroy the machine."""
    folder, name, command = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    home = folder / "guests" / name
    with (folder / "keepers").open("w") as keepers, (home / "lock").open("w") as lock:
        fcntl.flock(keepers, fcntl.LOCK_SH)
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            print("ready", flush=True)
            _wait()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if _destroy(home, command):
                _remove(home)
            _end_daemons(folder, keepers)


def _wait() -> None:
    kept = "keep\n" in list(sys.stdin)
    while kept:
        signal.pause()


def _destroy(home: Path, command: list[str]) -> bool:
    """Destroy the machine; patiently, for the owner may have left a Vagrant that is still busy."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        with (home / "log").open("a") as log:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            )
        if done.returncode == 0:
            return True
        time.sleep(2)
    return False


def _remove(home: Path) -> None:
    """Remove the machine's folder, into which what is about to end may still write."""
    for _ in range(100):
        shutil.rmtree(home, ignore_errors=True)
        if not home.exists():
            return
        time.sleep(0.1)


def _end_daemons(folder: Path, keepers: IO[str]) -> None:
    """End the session's libvirt daemons, if no other machine of this folder needs them."""
    try:
        fcntl.flock(keepers, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for daemon in DAEMONS:
        _end(daemon, folder / "run" / "libvirt" / f"{daemon}.pid")


def _end(daemon: str, pidfile: Path) -> None:
    """End the process of that name and no other; without /proc it ends by its own timeout."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(pidfile.read_text())
        process = os.pidfd_open(pid)
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == daemon:
                signal.pidfd_send_signal(process, signal.SIGTERM)
                select.select([process], [], [], 10)
        finally:
            os.close(process)


if __name__ == "__main__":
    main()
