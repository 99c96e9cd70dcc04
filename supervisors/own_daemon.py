"""A person's own program, kept in the place of the suite's test daemon."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Literal, get_args

from provision.sources.overlay import Overlay

# How often the measuring program looks for readiness: LOOK_NS in
# daemon/measure/own_program/readiness.py.
LOOK_MS = 1.0
# s after its start within which a program has to be ready.
READY_DEADLINE = 60.0

ReadinessKind = Literal["port", "socket", "line"]


@dataclass(frozen=True)
class Readiness:
    """What shows that the program is ready: a port or a socket that connects, or a text."""

    kind: ReadinessKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Readiness:
        """Read it as typed, such as `port:8080`. Raises ValueError where it is none."""
        kind, _, value = text.partition(":")
        for known in get_args(ReadinessKind):
            if kind == known and value:
                return cls(known, value)
        raise ValueError(text)

    def as_plan(self) -> dict[str, Any]:
        """Return it as a plan of the measuring program has it."""
        value = int(self.value) if self.kind == "port" else self.value
        return {"kind": self.kind, "value": value, "deadline": READY_DEADLINE}


@dataclass(frozen=True)
class OwnDaemon:
    """A command line, what shows that its program is ready, and files for every guest."""

    words: tuple[str, ...]
    readiness: Readiness
    files: Overlay | None = None

    @property
    def command(self) -> str:
        """The command line as a shell takes it."""
        return shlex.join(self.words)

    def record(self) -> dict[str, Any]:
        """Return what run.json keeps of it."""
        record: dict[str, Any] = {
            "command": list(self.words),
            "ready": str(self.readiness),
            "look_ms": LOOK_MS,
        }
        if self.files:
            record["files"] = {"folder": str(self.files.folder), "sha256": self.files.digest}
        return record
