"""The program of --daemon: how it is read, refused, recorded, and given to contenders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.model.run_file import Run
from bench.model.run_file.measured_daemon import describe_daemon
from bench.model.selection.contenders import Selection, select_contenders
from bench.model.selection.own_daemons import keep_own_daemon, own_daemon_of_run, parse_own_daemon
from bench.scenarios import scenarios
from provision.errors import Problem
from provision.systems import SYSTEMS
from supervisors.own_daemon import OwnDaemon, Readiness
from supervisors.service import COMMAND_FILE, services_of
from tests.support.samples.recorded import contender

DEBIAN = (SYSTEMS["debian"],)
SERVER = "python3 -m http.server 8080"


def parse(command: str = SERVER, ready: str = "port:8080", folder: str = "") -> OwnDaemon:
    own = parse_own_daemon(command, ready, folder, DEBIAN)
    assert own is not None
    return own


def refused(command: str, ready: str, folder: str) -> Problem:
    with pytest.raises(Problem) as caught:
        parse_own_daemon(command, ready, folder, DEBIAN)
    assert caught.value.usage
    assert caught.value.advice
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "mine/usr/local/bin/mine"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    return tmp_path / "mine"


def test_a_command_is_split_as_a_shell_splits_it() -> None:
    own = parse("nginx -g 'daemon off;' \"\" $HOME")
    assert own.words == ("nginx", "-g", "daemon off;", "", "$HOME")
    assert own.command == "nginx -g 'daemon off;' '' '$HOME'"


def test_without_any_option_the_suite_measures_its_own_daemon() -> None:
    assert parse_own_daemon("", "", "", DEBIAN) is None


@pytest.mark.parametrize(
    ("ready", "plan"),
    [
        ("port:08080", {"kind": "port", "value": 8080}),
        ("socket:/run/my.socket", {"kind": "socket", "value": "/run/my.socket"}),
        ("line:ready: yes", {"kind": "line", "value": "ready: yes"}),
    ],
)
def test_each_kind_of_readiness_becomes_a_plan(ready: str, plan: dict[str, Any]) -> None:
    given = parse(ready=ready).readiness.as_plan()
    assert given.pop("deadline") > 0
    assert given == plan


@pytest.mark.parametrize(
    "ready",
    ["8080", "port:", "port:0", "port:65536", "port:http", "socket:my.socket", "line:", "log:x",
     "socket:/" + "x" * 107, "line:a\nb", "line:\udcff", "port:-1"],
)  # fmt: skip
def test_a_false_readiness_is_refused(ready: str) -> None:
    assert "--ready" in str(refused(SERVER, ready, ""))


@pytest.mark.parametrize(
    "command", ["'", " ", "''", "./mine", "bin/mine", "mine \udcff", "x " * 1001, "x" * 60_001]
)
def test_a_command_that_cannot_be_run_is_refused(command: str) -> None:
    assert "--daemon" in str(refused(command, "port:80", ""))


def test_a_program_without_a_readiness_is_refused() -> None:
    assert "--ready=line:TEXT" in refused(SERVER, "", "").advice


@pytest.mark.parametrize("values", [("", "port:80", ""), ("", "", "/tmp")])
def test_its_options_need_a_program(values: tuple[str, str, str]) -> None:
    assert "--daemon=CMD" in str(refused(*values))


def test_a_folder_that_cannot_lie_over_a_guest_is_refused(tmp_path: Path) -> None:
    assert "--daemon-files" in str(refused(SERVER, "port:80", str(tmp_path / "nosuch")))
    (tmp_path / "etc").write_text("no folder")
    assert "/etc is a folder" in str(refused(SERVER, "port:80", str(tmp_path)))


def test_what_was_recorded_is_read_again(folder: Path) -> None:
    own = parse(folder=str(folder))
    run = {"id": "r", "options": {"daemon": own.record()}}
    assert own_daemon_of_run(run, DEBIAN) == own
    (folder / "usr/local/bin/mine").write_text("#!/bin/false\n")
    with pytest.raises(Problem, match="other files"):
        own_daemon_of_run(run, DEBIAN)


def test_older_runs_measured_the_daemon_of_the_suite() -> None:
    assert own_daemon_of_run({"options": {}}, DEBIAN) is None


def test_a_run_says_what_it_measured(folder: Path) -> None:
    def run_of(daemon: object) -> Run:
        return {"options": {"daemon": daemon}}  # type: ignore[typeddict-item]

    assert describe_daemon(run_of(None)) == "the suite's"
    assert describe_daemon(run_of(parse().record())) == (
        f"own program: {SERVER}, ready = first connect to port 8080"
    )
    laid = parse(ready="line:Serving HTTP", folder=str(folder))
    assert laid.files is not None
    assert describe_daemon(run_of(laid.record())).endswith(
        f"ready = first output of 'Serving HTTP', files {laid.files.digest[:8]}"
    )


def test_every_contender_keeps_it_the_floor_too() -> None:
    selected = select_contenders(DEBIAN, Selection(("runit",)))
    kept = keep_own_daemon(selected, parse())
    assert len(kept.contenders) > 1
    for choice in kept.contenders:
        (service,) = services_of(choice.contender, 1)
        assert service.command == f"/srv/testd/testd --exec {COMMAND_FILE} s1"


def test_a_monitor_gets_it_detached_with_a_pid_file() -> None:
    monit = keep_own_daemon(select_contenders(DEBIAN, Selection(("monit",))), parse())
    (service,) = services_of(monit.contenders[0].contender, 1)
    assert service.argv[1:3] == ("--daemonize", "--pidfile")
    assert "--exec" in service.argv


@pytest.mark.parametrize(
    ("name", "scenario", "reason"),
    [
        ("runit/runner/default/hosted", "restart", ""),
        ("monit/monitor/default/hosted", "restart", ""),
        ("runit/runner/default/hosted", "crashloop", "the suite's own daemon"),
        ("restartd/monitor/default/hosted", "restart", "command line"),
        ("s6/runner/fast/hosted", "restart", "announces"),
    ],
)
def test_what_needs_the_daemon_of_the_suite_is_not_applicable(
    name: str, scenario: str, reason: str
) -> None:
    own = replace(contender(name), own_daemon=parse())
    why = scenarios()[scenario].why_not(own)
    assert reason in why
    assert bool(why) is bool(reason)


def test_a_readiness_is_written_as_it_is_typed() -> None:
    assert str(Readiness.parse("line:a:b")) == "line:a:b"
