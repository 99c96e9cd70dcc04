"""Keep one virtual machine, and destroy it when its owner is gone.

Usage: `vm_keeper.py FOLDER NAME COMMAND...`. FOLDER/guests/NAME is the machine's folder. COMMAND
destroys the machine, with the environment and the working directory of this process.

It is a process of its own, in a session of its own, so that neither Ctrl-C nor SIGKILL of the suite
reaches it. It prints `ready`, then reads standard input: the line `keep` lets the machine outlive
its owner. End of file, or SIGTERM, destroys the machine. The last keeper of a folder also ends the
libvirt daemons that its machines have started.

This program stays a single file that imports nothing of the project: it runs as `python -I -S`, and
must still work when the checkout has changed or is gone. People find a keeper by this file's name
and the machine's: keep both in the command line.
"""

import contextlib
import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

PATIENCE = 600.0  # s: how long Vagrant may fail to destroy the machine
DAEMONS = ("libvirtd", "virtlogd")
# As in provision/guests/names.py: any other name could stand for a folder of no machine.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def main() -> None:
    """Wait for the owner's end, then destroy the machine."""
    folder, name, command = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if not NAME.fullmatch(name):
        sys.exit(f"{name!r} cannot be the name of a machine")
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
            _wait_for_owner()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if _destroy(home, command):
                _remove(home)
            _end_daemons(folder, keepers)


def _wait_for_owner() -> None:
    """Return once the owner is gone, unless it has asked to keep the machine."""
    kept = "keep\n" in list(sys.stdin)
    while kept:
        signal.pause()


def _destroy(home: Path, command: list[str]) -> bool:
    """Destroy the machine, and tell whether it worked.

    It tries for PATIENCE seconds, because a Vagrant of the owner may still hold the machine.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with (home / "log").open("a") as log:
            result = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            )
        if result.returncode == 0:
            return True
        time.sleep(2)
    return False


def _remove(home: Path) -> None:
    """Remove the machine's folder, into which processes that are about to end may still write."""
    # Without this file nobody counts it as a machine: its lock may now go before its folder does.
    (home / "hypervisor").unlink(missing_ok=True)
    for _ in range(100):
        # By rm, which does not recurse. Its path: COMMAND may need another PATH.
        subprocess.run(["/bin/rm", "-rf", "--", str(home)], stderr=subprocess.DEVNULL, check=False)
        if not home.exists():
            return
        time.sleep(0.1)


def _end_daemons(folder: Path, keepers: IO[str]) -> None:
    """End the libvirt daemons of that folder, unless another machine needs them."""
    try:
        fcntl.flock(keepers, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for daemon in DAEMONS:
        _end_daemon(daemon, folder / "run" / "libvirt" / f"{daemon}.pid")


def _end_daemon(name: str, pidfile: Path) -> None:
    """End the process of that name; without /proc, it ends by its own timeout."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(pidfile.read_text())
        process = os.pidfd_open(pid)
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                signal.pidfd_send_signal(process, signal.SIGTERM)
                select.select([process], [], [], 10)
        finally:
            os.close(process)


if __name__ == "__main__":
    main()
