"""The program of `--daemon`: as typed, and as run.json keeps it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.model.selection.contenders import SelectedContenders
from provision.errors import Problem
from provision.errors.text import escape_surrogates
from provision.sources.overlay import Overlay
from provision.systems import System
from provision.user_paths import parse_path
from supervisors.own_daemon import OwnDaemon, Readiness

# testd reads less than 64 KiB of command line and fewer than 1024 words.
_MOST_BYTES, _MOST_WORDS = 60_000, 1000
# sun_path of unix(7) without its zero byte.
_LONGEST_SOCKET = 107
_EXAMPLE = "./inv bench --daemon='python3 -m http.server 8080' --ready=port:8080"
_FILES = "--daemon-files"


def parse_own_daemon(
    command: str, ready: str, folder: str, systems: Sequence[System]
) -> OwnDaemon | None:
    """Read --daemon, --ready and --daemon-files; None without any. Raises Problem."""
    if not command:
        for option, value in (("--ready", ready), (_FILES, folder)):
            if value:
                raise _refusal(f"{option} belongs to --daemon=CMD, which is missing.", _EXAMPLE)
        return None
    words = _split(command)
    if not ready:
        raise _refusal(
            "--daemon needs --ready, which says when your program is ready.",
            "Add --ready=port:NUMBER, --ready=socket:/PATH, or --ready=line:TEXT for a text that"
            " it writes to its standard output or standard error.",
        )
    files = _load_files(parse_path(f"{_FILES}=", folder), systems) if folder else None
    return OwnDaemon(words, _parse_readiness(ready), files)


def own_daemon_of_run(run: Mapping[str, Any], systems: Sequence[System]) -> OwnDaemon | None:
    """Read the program of an earlier run. Raises Problem if its files have changed."""
    facts = run["options"].get("daemon")
    if not facts:
        return None
    own = OwnDaemon(tuple(facts["command"]), Readiness.parse(facts["ready"]))
    recorded = facts.get("files")
    if not recorded:
        return own
    files = _load_files(Path(recorded["folder"]), systems)
    if files.digest != recorded["sha256"]:
        raise Problem(
            f"{files.folder} holds other files than {run['id']} was measured with.",
            known=f"Then {recorded['sha256'][:12]}, now {files.digest[:12]}.",
            advice="Put them back, or start a new run.",
            usage=True,
        )
    return replace(own, files=files)


def keep_own_daemon(selected: SelectedContenders, own: OwnDaemon | None) -> SelectedContenders:
    """Return the contenders, the floor among them, with that program as their service."""
    if own is None:
        return selected
    contenders = (
        replace(choice, contender=replace(choice.contender, own_daemon=own))
        for choice in selected.contenders
    )
    return replace(selected, contenders=tuple(contenders))


def _split(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as failure:
        raise _refusal(
            f"--daemon={command} is no command line: {failure}.", "Close every quote in it."
        ) from failure
    if not words or not words[0]:
        raise _refusal("--daemon names no program.", _EXAMPLE)
    if shown := escape_surrogates(command):
        raise _refusal(f"--daemon={shown} is not UTF-8.", "Rename what it names.")
    if len(words) > _MOST_WORDS or len(command.encode()) > _MOST_BYTES:
        raise _refusal(
            f"--daemon has {len(words)} words in {len(command.encode())} bytes, and at most"
            f" {_MOST_WORDS} in {_MOST_BYTES} can be measured.",
            f"Put it into a script, and bring that along by {_FILES}=DIR.",
        )
    if "/" in words[0] and not words[0].startswith("/"):
        raise _refusal(
            f"--daemon={words[0]} is a relative path, and supervisors run in folders of their own.",
            "Name the program alone, or its full path in the guests.",
        )
    return words


def _parse_readiness(text: str) -> Readiness:
    advice = "Write --ready=port:8080, --ready=socket:/run/my.socket or --ready=line:TEXT."
    try:
        ready = Readiness.parse(text)
    except ValueError as failure:
        raise _refusal(f"--ready={text} is none of port:, socket: and line:.", advice) from failure
    if ready.kind == "port":
        if not re.fullmatch(r"[0-9]{1,5}", ready.value) or not 0 < int(ready.value) < 1 << 16:
            raise _refusal(f"--ready={text} names no port from 1 to 65535.", advice)
        return replace(ready, value=str(int(ready.value)))
    if shown := escape_surrogates(text):
        raise _refusal(f"--ready={shown} is not UTF-8.", advice)
    if ready.kind == "socket":
        size = len(ready.value.encode())
        if not ready.value.startswith("/") or size > _LONGEST_SOCKET:
            raise _refusal(
                f"--ready={text} names no full path of at most {_LONGEST_SOCKET} bytes.", advice
            )
    if "\n" in text:
        raise _refusal("--ready has a line break in it.", "Name a text within one line.")
    return ready


def _load_files(path: Path, systems: Sequence[System]) -> Overlay:
    """Read the folder, which must fit the guests of every system. Raises Problem."""
    if shown := escape_surrogates(str(path.resolve())):
        raise _refusal(f"{_FILES}={shown} is not UTF-8.", "Rename the folder.")
    for system in systems:
        files = Overlay.load(path, system, option=_FILES)
    return files


def _refusal(what: str, advice: str) -> Problem:
    return Problem(what, advice=advice, usage=True)
