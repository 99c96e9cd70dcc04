"""What a guest or a file said cannot steer the terminal, whichever way it is printed."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable

import pytest
from invoke.exceptions import Exit
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bench.cli.errors import handle_errors
from bench.cli.output.safe_console import SafeConsole
from bench.cli.output.safe_output import open_console, print_safely
from provision.errors import Problem

HOSTILE = "a\x1b[2Jb\x07\u202ec\udcff\x9bd"
SAFE = "a␛[2Jb"


def hostile_table() -> Table:
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(Text(HOSTILE))
    return table


def written(console: SafeConsole) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("printed", [HOSTILE, Text(HOSTILE), hostile_table()])
@pytest.mark.probe("hostile")
def test_a_console_prints_no_control_character_of_a_text(printed: object) -> None:
    console = SafeConsole(file=io.StringIO(), width=140)
    console.print(printed, markup=False, highlight=False)
    output = written(console)
    assert SAFE in output and output.replace("\n", "").isprintable()


def test_a_console_keeps_its_own_styles() -> None:
    console = SafeConsole(file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(HOSTILE, style="red", markup=False, highlight=False)
    output = written(console)
    assert output.startswith(f"\x1b[31m{SAFE}") and output.count("\x1b") == 2


@pytest.mark.probe("hostile")
def test_a_live_display_shows_no_control_character_of_a_text() -> None:
    console = SafeConsole(file=io.StringIO(), force_terminal=True, width=140)
    with Live(hostile_table(), console=console, auto_refresh=False):
        pass
    output = written(console)
    assert SAFE in output and "\x1b[2J" not in output and "\x07" not in output


def test_the_console_of_every_command_is_safe() -> None:
    assert isinstance(open_console(), SafeConsole)


@pytest.mark.probe("hostile")
def test_plain_lines_are_safe(capsys: pytest.CaptureFixture[str]) -> None:
    print_safely(f"{HOSTILE}\nnext", end="")
    output = capsys.readouterr().out
    assert SAFE in output and output.endswith("\nnext") and "\x1b" not in output


def raise_problem() -> int:
    raise Problem("Guest a does not answer.", known=HOSTILE)


def raise_os_error() -> int:
    raise OSError(errno.EACCES, "Permission denied", HOSTILE)


def interrupt() -> int:
    raise KeyboardInterrupt(HOSTILE)


@pytest.mark.parametrize("command", [raise_problem, raise_os_error, interrupt])
@pytest.mark.probe("hostile")
def test_errors_of_commands_are_safe(command: Callable[[], int]) -> None:
    with pytest.raises(Exit) as ended:
        handle_errors(command)()
    message = str(ended.value.message)
    assert SAFE in message and message.replace("\n", "").isprintable()
