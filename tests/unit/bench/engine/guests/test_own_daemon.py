"""A person's own program in a guest: found or missed, and why it is not ready."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest

from bench.engine.guests.own_daemon import check_ready, install_own_daemon
from bench.model.events import Event
from bench.model.events.program import ProgramUnready, ServiceDown, Snapshot
from provision.errors import Problem
from provision.guests.commands import Output
from provision.guests.files import File
from provision.guests.guest import Guest
from provision.systems import SYSTEMS
from supervisors.own_daemon import OwnDaemon, Readiness
from supervisors.service import COMMAND_FILE
from tests.support.samples.recorded import contender

RUNIT = contender("runit/runner/default/hosted")
SERVER = OwnDaemon(("mine", "a b"), Readiness("port", "80"))


class GuestWith:
    """A guest that has some programs."""

    system = SYSTEMS["debian"]

    def __init__(self, **paths: str) -> None:
        self.paths = paths
        self.written: dict[str, bytes] = {}

    def run(self, command: str, *, check: bool = True) -> Output:
        path = self.paths.get(command.split()[-1], "")
        return Output(f"{path}\n" if path else "", "", 0 if path else 127)

    def write(self, files: Iterable[File]) -> None:
        self.written |= {file.path: file.data for file in files}


def install(guest: GuestWith, own: OwnDaemon = SERVER) -> None:
    install_own_daemon(cast(Guest, guest), own)


def unready(own: OwnDaemon, **facts: object) -> Problem:
    event = {
        "event": "unready", "service": "s1", "deadline_s": 60.0, "ns": 1, "ended": 0,
        "running": True, "holders": [], "output": "", "output_bytes": 0, **facts,
    }  # fmt: skip
    snapshot: Snapshot = {"event": "processes", "processes": [{"pid": 1, "comm": "init"}]}
    with pytest.raises(Problem) as caught:
        check_ready(own, RUNIT, [cast(ProgramUnready, event), snapshot])
    assert RUNIT.name in str(caught.value)
    assert caught.value.advice
    return caught.value


def test_the_program_is_found_once_for_all_supervisors() -> None:
    guest = GuestWith(mine="/usr/bin/mine")
    install(guest)
    assert guest.written == {COMMAND_FILE: b"/usr/bin/mine\0a b\0"}


@pytest.mark.parametrize(
    ("name", "place"), [("mine", "DIR/usr/local/bin/mine"), ("/opt/mine", "DIR/opt/mine")]
)
def test_a_missing_program_is_named_with_the_place_for_it(name: str, place: str) -> None:
    with pytest.raises(Problem, match="has no such program") as caught:
        install(GuestWith(), replace(SERVER, words=(name,)))
    assert place in caught.value.advice


def test_a_word_of_the_shell_is_no_program() -> None:
    with pytest.raises(Problem, match="has no such program"):
        install(GuestWith(echo="echo"), replace(SERVER, words=("echo",)))


def test_a_program_that_is_ready_is_no_problem() -> None:
    check_ready(SERVER, RUNIT, [cast(Event, {"event": "ready"})])


def test_what_was_never_started_has_a_cause_of_its_own() -> None:
    down: ServiceDown = {"event": "down", "service": "s1"}
    check_ready(SERVER, RUNIT, [down, cast(Event, {"event": "unready"})])


def test_a_port_in_use_names_who_holds_it() -> None:
    problem = unready(SERVER, holders=[{"pid": 7, "comm": "nginx"}], ended=3)
    assert "port:80 is held by nginx (7)" in str(problem)
    assert "detached itself" in problem.advice


def test_a_program_that_ends_shows_what_it_wrote() -> None:
    problem = unready(SERVER, ended=3, running=False, output="no such file\n")
    assert "ended 3 times" in str(problem)
    assert "It wrote:\nno such file" in problem.known


def test_a_text_that_never_comes_may_be_in_a_buffer() -> None:
    problem = unready(replace(SERVER, readiness=Readiness("line", "ready")))
    assert "wrote no 'ready' within 60 s" in str(problem)
    assert "python3 -u" in problem.advice
    assert "It wrote nothing." in problem.known


def test_a_port_that_never_opens_is_named() -> None:
    assert "nothing takes connections at port:80 after 60 s" in str(unready(SERVER))


def test_a_program_that_does_not_run_is_said_so() -> None:
    assert "does not run" in str(unready(SERVER, running=False))
