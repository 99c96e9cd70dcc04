"""A person's own program in a guest: bringing it there, and why it is not ready."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from bench.model.events import DOWN, SNAPSHOT, UNREADY, Event, events_of_kind
from bench.model.events.program import ProgramUnready
from bench.model.rejections import visible
from provision.errors import Problem
from provision.guests.files import File
from provision.guests.guest import Guest
from supervisors.contender import Contender
from supervisors.own_daemon import OwnDaemon
from supervisors.service import COMMAND_FILE

# Where a program without a slash is looked for, once for all supervisors: each has its own PATH.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BUFFERED = (
    "Many programs keep lines back while they write to a file: try python3 -u, stdbuf -oL, or a"
    " port in place of the line."
)
_FOREGROUND = (
    "A supervisor needs a program that stays in the foreground: look for an option of it such as"
    " nginx -g 'daemon off;'."
)


def install_own_daemon(guest: Guest, own: OwnDaemon) -> None:
    """Lay the program's files over a guest, and write its command line for testd.

    Raises Problem where the guest has no such program.
    """
    if own.files:
        own.files.install(guest)
    words = (_find_program(guest, own.words[0]), *own.words[1:])
    guest.write([File(COMMAND_FILE, b"".join(word.encode() + b"\0" for word in words))])


def check_ready(own: OwnDaemon, contender: Contender, events: Sequence[Event]) -> None:
    """Raise Problem, with its cause, where the program did not get ready.

    events: of the measuring program, with a snapshot at the end.
    """
    unready = events_of_kind(events, UNREADY)
    if not unready or events_of_kind(events, DOWN):
        return  # what was never started has a cause of its own
    what, advice = _cause(own, unready[-1])
    raise Problem(
        f"{contender.name}: {own.command} {what}.",
        known=_known(unready[-1], events),
        advice=advice,
    )


def _find_program(guest: Guest, name: str) -> str:
    """Return the program's full path in the guest. Raises Problem."""
    found = guest.run(f"PATH={_PATH} command -v -- {shlex.quote(name)}", check=False)
    path = found.stdout.strip()
    if path.startswith("/"):
        return path
    place = f"DIR{name}" if name.startswith("/") else f"DIR/usr/local/bin/{name}"
    known = f"It is in none of {_PATH}."
    if name.startswith("/"):
        listed = guest.run(f"ls -ld -- {shlex.quote(name)}", check=False)
        known = visible(listed.stdout + listed.stderr)
    raise Problem(
        f"--daemon cannot run {name}: a guest of {guest.system.title} has no such program.",
        known=known,
        advice=f"Bring it along by --daemon-files=DIR, as an executable file {place}.",
        usage=True,
    )


def _cause(own: OwnDaemon, unready: ProgramUnready) -> tuple[str, str]:
    """Return why the program is not ready, to follow its command line, and what to do."""
    wanted = own.readiness
    if unready["holders"]:
        return (
            f"is not ready: {wanted} is held by {_holders(unready)}, which is no process below the"
            " one that the supervisor started",
            f"Either it has detached itself, or something else uses {wanted}. {_FOREGROUND}",
        )
    if not unready["running"]:
        ended = unready["ended"]
        times = "once" if ended == 1 else f"{ended} times"
        return f"ended {times} before it was ready" if ended else "does not run", _FOREGROUND
    seconds = f"{unready['deadline_s']:g} s"
    if wanted.kind == "line":
        return f"runs, but wrote no {wanted.value!r} within {seconds}", _BUFFERED
    return (
        f"runs, but nothing takes connections at {wanted} after {seconds}",
        "Name where it listens: --ready=port:NUMBER for 127.0.0.1 and ::1, --ready=socket:/PATH.",
    )


def _holders(unready: ProgramUnready) -> str:
    return ", ".join(f"{holder['comm']} ({holder['pid']})" for holder in unready["holders"])


def _known(unready: ProgramUnready, events: Sequence[Event]) -> str:
    """Return what the program wrote, and the processes of the guest."""
    wrote = visible(unready["output"].rstrip())
    written = f"It wrote:\n{wrote}" if wrote else "It wrote nothing."
    processes = events_of_kind(events, SNAPSHOT)[-1]["processes"]
    names = ", ".join(f"{process['comm']} ({process['pid']})" for process in processes)
    return f"{written}\nProcesses: {names}"
