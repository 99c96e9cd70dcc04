"""What LXC has logged of a guest: with what its PID 1 has ended, and what an error quotes."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.errors import Problem
from provision.lxc.logs import quote_lxc_log, read_exit_status
from provision.lxc.programs.traces import LXC_LOG

_AT = "lxc-start g1 20261129055555.123"
STARTED = f'{_AT} INFO     start - ../src/lxc/start.c:lxc_init:883 - Container "g1" is initialized'


def _ended(words: str) -> str:
    place = "../src/lxc/error.c:lxc_error_set_and_log"
    return f"{_AT} INFO     error - {place}:28 - Child <123> ended on {words}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "g1"
    folder.mkdir()
    return folder


def _log(home: Path, *lines: str) -> None:
    (home / LXC_LOG).write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    ("words", "status"),
    [("error (3)", 3), ("error (143)", 143), ("signal SIGKILL(9)", 137),
     ("signal SIGRTMIN+3(37)", 165)],
)  # fmt: skip
def test_the_end_of_pid_1_is_told_as_engines_write_it(home: Path, words: str, status: int) -> None:
    _log(home, STARTED, _ended(words))
    assert read_exit_status(home) == status


def test_lxc_says_nothing_of_an_exit_with_0(home: Path) -> None:
    _log(home, STARTED)
    assert read_exit_status(home) == 0


def test_the_last_boot_counts(home: Path) -> None:
    _log(home, _ended("signal SIGHUP(1)"), STARTED, _ended("error (2)"))
    assert read_exit_status(home) == 2


def test_without_a_log_the_status_is_unknown(home: Path) -> None:
    with pytest.raises(Problem, match="has not logged with what PID 1 of guest g1"):
        read_exit_status(home)


def test_an_error_quotes_errors_and_no_information(home: Path) -> None:
    failure = f"{_AT} ERROR    start - ../src/lxc/start.c:x:1 - No such file - Failed to exec"
    _log(home, STARTED, failure)
    assert quote_lxc_log(home) == "No such file - Failed to exec"
