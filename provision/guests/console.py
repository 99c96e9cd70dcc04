"""What a guest has printed on its console: made safe to show, and quoted by errors."""

from __future__ import annotations

import re

from provision.errors.text import replace_controls

# What errors quote of a console or a log.
_QUOTED_CHARACTERS, _QUOTED_LINES = 2000, 15
# A sequence that styles text or moves the cursor, as systemd prints around its words.
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BOOT_LINE = "===== PID 1: "


def boot_line(init: str) -> str:
    """Return the line that stands before what that PID 1 prints."""
    return f"{_BOOT_LINE}{init}"


def is_boot_line(line: str) -> bool:
    """Tell whether it is one of those lines."""
    return line.startswith(_BOOT_LINE)


def safe_console(printed: bytes) -> str:
    """Return what was printed, without characters that steer a terminal and without blank ends."""
    text = printed.decode(errors="replace")
    return replace_controls(re.sub(r"[\r\n]+", "\n", _STYLE.sub("", text)).strip("\n"))


def quote_console(text: str) -> str:
    """Return the last lines that the present PID 1 has printed, with a heading; or nothing.

    text: of the console. Without any boot line, all of it counts.
    """
    _, marked, since_boot = text.rpartition(_BOOT_LINE)
    init, _, printed = since_boot.partition("\n") if marked else ("", "", text)
    lines = [line for line in printed.splitlines() if line.strip()]
    if not lines:
        return ""
    heading = f"Last lines of its console ({init}):" if init else "Last lines of its console:"
    return f"{heading}\n{quote_end(lines)}"


def quote_end(lines: list[str]) -> str:
    """Return the last lines, as many as an error quotes."""
    return "\n".join(lines[-_QUOTED_LINES:])[-_QUOTED_CHARACTERS:]
