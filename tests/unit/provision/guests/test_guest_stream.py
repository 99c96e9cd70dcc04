"""A command whose output comes line by line: whatever it prints, memory and time stay bounded."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, cast

import pytest
from invoke import Context

from provision.errors import Problem
from provision.guests import commands
from provision.guests.commands import Output
from provision.guests.connections import KEPT_STDERR, fabric_config
from provision.guests.guest import Guest
from provision.systems import SYSTEMS


class Channel:
    """An SSH channel that brings these pieces of output, then the exit code 3."""

    def __init__(self, out: Iterator[bytes], err: Iterator[bytes]) -> None:
        self.out, self.err = out, err
        self.closed = False
        self.given = b""
        self.has_more = True
        self.status_event = threading.Event()

    def exec_command(self, command: str) -> None: ...

    def sendall(self, data: bytes) -> None:
        assert self.has_more
        self.given += data

    def shutdown_write(self) -> None:
        self.has_more = False

    def recv(self, size: int) -> bytes:
        return b"" if self.closed else next(self.out, b"")

    def recv_stderr(self, size: int) -> bytes:
        return b"" if self.closed else next(self.err, b"")

    def exit_status_ready(self) -> bool:
        return False

    def recv_exit_status(self) -> int:
        return 3

    def close(self) -> None:
        self.closed = True


class EndedChannel(Channel):
    def exit_status_ready(self) -> bool:
        return True


def stream(
    out: Iterator[bytes],
    on_line: Callable[[str], None] = lambda line: None,
    err: Iterable[bytes] = (),
    *,
    ends: bool = True,
) -> Output:
    """Stream the output of a command in a guest that is none."""
    return stream_through((EndedChannel if ends else Channel)(out, iter(err)), on_line)


def stream_through(
    channel: Channel, on_line: Callable[[str], None] = lambda line: None, given: bytes = b""
) -> Output:
    connection = Context(fabric_config())
    connection._set(create_session=lambda: channel)
    guest = SimpleNamespace(
        name="double",
        system=SYSTEMS["debian"],
        connection=connection,
        _connected=lambda activity: nullcontext(),
        _timeout_error=Guest._timeout_error,
    )
    return Guest.stream(cast(Any, guest), "measure", on_line, timeout=60, given=given)


def test_a_command_gets_what_it_is_given_and_then_the_end() -> None:
    channel = EndedChannel(iter(()), iter(()))
    stream_through(channel, given=b"the plan")
    assert (channel.given, channel.has_more) == (b"the plan", False)


def test_each_line_is_handed_on_however_it_is_cut() -> None:
    seen: list[str] = []
    output = stream(iter([b"on", b"e\ntwo\n", b"\nfo", b"ur\nrest"]), seen.append)
    assert seen == ["one", "two", "", "four"]
    assert output == Output("", "", 3)


@pytest.mark.probe("hostile")
def test_what_is_no_utf_8_is_replaced() -> None:
    seen: list[str] = []
    stream(iter([b"\xff\xfe\x80\n"]), seen.append)
    assert seen == ["\ufffd" * 3]


@pytest.mark.probe("hostile")
def test_of_the_standard_error_only_the_end_is_kept() -> None:
    output = stream(iter(()), err=chain(repeat(b"x" * 1000, 200), [b"the end"]))
    assert output.stderr.endswith("xxthe end")
    assert len(output.stderr) <= KEPT_STDERR


@pytest.mark.probe("hostile")
def test_a_line_without_an_end_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MAX_LINE", 1 << 20)
    with pytest.raises(Problem, match="Guest double printed a line of more than 1 MiB"):
        stream(repeat(b"x" * 1000), ends=False)


@pytest.mark.probe("hostile")
def test_an_endless_stream_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MAX_OUTPUT", 1 << 20)
    with pytest.raises(Problem, match="Guest double printed more than 1 MiB"):
        stream(repeat(b"x\n" * 500), ends=False)


def test_output_is_not_kept_in_memory() -> None:
    pieces = (b"x" * 999 + b"\n" for _ in range(20_000))
    tracemalloc.start()
    try:
        stream(pieces)
        assert tracemalloc.get_traced_memory()[1] < 5 << 20
    finally:
        tracemalloc.stop()


def test_a_problem_of_the_receiver_is_raised_as_it_is() -> None:
    def refuse(line: str) -> None:
        raise Problem(f"no {line}")

    with pytest.raises(Problem, match="no one"):
        stream(iter([b"one\n"]), refuse, ends=False)


def test_a_fault_of_the_receiver_is_raised_as_it_is() -> None:
    def fail(line: str) -> None:
        raise KeyError(line)

    with pytest.raises(KeyError):
        stream(iter([b"one\n"]), fail, ends=False)
