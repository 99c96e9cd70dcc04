"""A reader of the FIFO of stamps that stands in for the measuring program."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.support.sandbox import Event
from tests.support.wait import eventually


class StampReader:
    """Holds the FIFO open, and collects the lines that testd writes."""

    def __init__(self, directory: Path) -> None:
        """Create the FIFO in the folder."""
        os.mkfifo(directory / "stamps")
        self.fd = os.open(directory / "stamps", os.O_RDWR | os.O_NONBLOCK)
        self._received: list[Event] = []

    def lines(self) -> list[Event]:
        """Return all lines up to now."""
        try:
            data = os.read(self.fd, 1 << 20)
        except BlockingIOError:
            data = b""
        self._received += [json.loads(line) for line in data.splitlines()]
        return self._received

    def await_line(self, event: str) -> Event:
        """Wait for a line of that event, and return it; it must be the only one."""

        def matches() -> list[Event]:
            return [line for line in self.lines() if line["event"] == event]

        lines = eventually(matches, f"a line {event}")
        assert len(lines) == 1
        return lines[0]
