"""What a virtual machine has written to its first serial port, which is its guests' console."""

from __future__ import annotations

import re
from pathlib import Path

from provision.guests.console import is_boot_line, quote_console, safe_console

# Bytes of a guest's console that are kept, as of an embedded guest. virtlogd keeps at most 8 MiB.
_KEPT = 128 << 10
# A line of the kernel; of these only the panic tells why a PID 1 is gone.
_KERNEL_LINE = re.compile(r"^\[ *\d+\.\d+\] (?!Kernel panic)")
# The last line before the machine resets and boots its own init.
_RESET_LINE = re.compile(r"^\[ *\d+\.\d+\] Rebooting in \d+ seconds")


class SerialConsole:
    """The file that the hypervisor writes; a machine serves one guest after another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def begin(self) -> None:
        """Begin a guest: what the file holds by now is of the guests before it."""
        self._start = self._size()

    def read(self) -> str:
        """Return the last of what this guest has printed, safe to show."""
        size = self._size()
        # virtlogd renames a file of 2 MiB, and a hypervisor may empty it: all of it is new then.
        start = self._start if self._start <= size else 0
        if start == size:
            return ""
        with self.path.open("rb") as stream:
            stream.seek(max(start, size - _KEPT))
            return safe_console(stream.read(_KEPT))

    def quote(self) -> str:
        """Return the last lines of the PID 1 that was started last, with a heading; or nothing."""
        return quote_console("\n".join(_lines_of_inits(self.read())))

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0


def _lines_of_inits(text: str) -> list[str]:
    """Return the lines that tell about a PID 1.

    Leaves out the kernel's own, except a panic, and what the machine's own init prints after it.
    """
    lines: list[str] = []
    has_reset = False
    for line in text.splitlines():
        if is_boot_line(line):
            has_reset = False
        has_reset = has_reset or bool(_RESET_LINE.match(line))
        if not has_reset and not _KERNEL_LINE.match(line):
            lines.append(line)
    return lines
