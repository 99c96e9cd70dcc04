"""What an embedded guest has printed on its console, and what LXC has logged of it."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from provision.errors import Problem
from provision.guests import console
from provision.lxc.programs.traces import CONSOLE, LXC_LOG, LXC_OUTPUT

# What LXC writes before each message: program, guest, time, level, category, place in its source.
_LXC_PREFIX = re.compile(r"^lxc-start \S+ [\d.]+ [A-Z]+ +\S+ - \S+:\d+ - ")
# Its levels that an error quotes: the keeper has it log more than that.
_QUOTED_LEVELS = re.compile(r"^lxc-start \S+ [\d.]+ (WARN|ERROR|CRIT|ALERT|FATAL)\b")
_LOGGED = re.compile(r"^lxc-start \S+ [\d.]+ [A-Z]+ ")
# How it says with what a guest's PID 1 has ended; nothing says so where that is 0.
_ENDED_WITH = re.compile(r" - Child <\d+> ended on (error |signal )[^(]*\((\d+)\)$", re.M)
# What it logs at the end of every guest, since none has a network device of the host.
_LXC_NOISE = (
    "Failed to enter network namespace",
    "Failed to move physical network devices",
    "The container failed to start",
    "Additional information can be obtained",
)


def begin_console(home: Path, init: str) -> None:
    """Mark in the console of the guest in that folder that a PID 1 begins."""
    path = home / CONSOLE
    is_new = not path.exists()
    with path.open("a") as stream:
        if is_new:
            path.chmod(0o600)
        stream.write(f"{console.boot_line(init)}\n")


def read_console(home: Path) -> str:
    """All that is kept of the guest's console, without characters that steer a terminal.

    LXC keeps at most two files of 64 kB, the older one with a name that ends in `.1`.
    """
    parts = []
    for path in (home / f"{CONSOLE}.1", home / CONSOLE):
        with contextlib.suppress(FileNotFoundError):  # LXC may rename it at any time
            parts.append(path.read_bytes())
    return console.safe_console(b"".join(parts))


def quote_console(home: Path) -> str:
    """The last lines that the guest's present PID 1 has printed, with a heading; or nothing."""
    return console.quote_console(read_console(home))


def quote_lxc_log(home: Path) -> str:
    """What LXC has logged of the guest's present boot, without what it always logs; or nothing."""
    path = home / LXC_LOG
    if not path.exists():
        path = home / LXC_OUTPUT
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    lines = [line for line in lines if _QUOTED_LEVELS.match(line) or not _LOGGED.match(line)]
    lines = [_LXC_PREFIX.sub("", line) for line in lines]
    return console.quote_end(
        [line for line in lines if not any(noise in line for noise in _LXC_NOISE)]
    )


def read_exit_status(home: Path) -> int:
    """Return what PID 1 of the guest in that folder has ended with, as LXC has logged it.

    An exit status, or 128 and the number of the signal that killed it. Raises Problem where LXC has
    logged nothing of the guest's last boot.
    """
    path = home / LXC_LOG
    text = path.read_text(errors="replace") if path.exists() else ""
    if not text:
        raise Problem(
            f"LXC has not logged with what PID 1 of guest {home.name} has ended.",
            known=quote_logs(home),
        )
    ends = _ENDED_WITH.findall(text)
    if not ends:
        return 0
    how, number = ends[-1]
    return int(number) + (128 if how == "signal " else 0)


def quote_logs(home: Path) -> str:
    """Both, for an error about the guest."""
    return "\n".join(filter(None, (quote_lxc_log(home), quote_console(home))))
