"""Verification: each fault on its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.engine.guests.verify import find_mode, verify
from bench.model.events import Event
from bench.model.events.parts import ProcessInfo, ServiceRecord
from bench.model.events.program import ServiceDown, Snapshot
from bench.model.run_file import Verification
from provision.errors import Problem
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.own_daemon import OwnDaemon, Readiness
from supervisors.service import services_of

DEBIAN = SYSTEMS["debian"]
RUNIT, MONIT = supervisors()["runit"], supervisors()["monit"]
HOSTED = next(contender for contender in RUNIT.contenders if not contender.pid1)
AS_PID1 = next(contender for contender in RUNIT.contenders if contender.pid1)
MONITOR = MONIT.contenders[0]

Processes = dict[int, ProcessInfo]


def process(pid: int, ppid: int, comm: str) -> ProcessInfo:
    cgroup = ["0::/init.scope"]
    return {"pid": pid, "ppid": ppid, "comm": comm, "exe": f"/bin/{comm}", "argv": [comm],
            "cgroup": cgroup, "state": "S"}  # fmt: skip


def hosted() -> Processes:
    tree = [(1, 0, "init"), (20, 1, "runsvdir"), (30, 20, "runsv"), (40, 30, "testd")]
    return {pid: process(pid, ppid, comm) for pid, ppid, comm in tree}


def as_pid1() -> Processes:
    tree = [(1, 0, "runit"), (20, 1, "runsvdir"), (30, 20, "runsv"), (40, 30, "testd")]
    return {pid: process(pid, ppid, comm) for pid, ppid, comm in tree}


def monitored() -> Processes:
    tree = [(1, 0, "init"), (20, 1, "monit"), (40, 1, "testd")]
    return {pid: process(pid, ppid, comm) for pid, ppid, comm in tree}


def snapshot_events(processes: Processes, pid: int = 40, pidfile: str | None = None) -> list[Event]:
    states: list[ServiceRecord] = [{"service": "s1", "pid": pid, "pidfile": pidfile}]
    snapshot: Snapshot = {
        "event": "processes", "processes": list(processes.values()), "services": states,
    }  # fmt: skip
    return [snapshot]


def check(
    processes: Processes,
    supervisor: Supervisor = RUNIT,
    contender: Contender = HOSTED,
    **service: Any,
) -> Verification:
    events = snapshot_events(processes, **service)
    return verify(DEBIAN, supervisor, contender, services_of(contender, 1), events)


def refused(text: str, processes: Processes, **service: Any) -> None:
    with pytest.raises(Problem, match="not set up as it should be") as caught:
        check(processes, **service)
    assert text in caught.value.known
    assert "./inv try" in caught.value.advice


def test_a_hosted_supervisor_passes() -> None:
    assert check(hosted()) == {
        "pid1": "/bin/init",
        "hosted_by": "init",
        "processes": ["init", "runsvdir", "runsv", "testd"],
    }


def test_a_supervisor_as_pid1_passes() -> None:
    evidence = check(as_pid1(), contender=AS_PID1)
    assert (evidence["pid1"], evidence["hosted_by"]) == ("/bin/runit", None)


def test_a_monitor_passes() -> None:
    assert check(monitored(), MONIT, MONITOR, pidfile="40\n")["hosted_by"] == "init"


def test_another_pid1_is_refused() -> None:
    refused("PID 1 is init.", hosted(), contender=AS_PID1)
    refused("PID 1 is runit, not init.", as_pid1())


def test_another_parent_is_refused() -> None:
    processes = hosted()
    processes[40]["ppid"] = 1
    refused("The parent of s1 is init, not runsv.", processes)


def test_a_service_without_a_process_is_refused() -> None:
    refused("s1 has pid 41, which is no process.", hosted(), pid=41)


def test_an_unexpected_process_is_refused() -> None:
    refused("Something else runs as well: cron.", {**hosted(), 50: process(50, 1, "cron")})


def test_a_second_supervisor_is_refused() -> None:
    refused("Something else runs as well: monit.", {**hosted(), 50: process(50, 1, "monit")})


def test_an_instance_that_the_guests_init_started_at_boot_is_refused() -> None:
    second = {15: process(15, 1, "runsvdir"), 16: process(16, 15, "runsv")}
    refused("a second instance of runsvdir (15 and 20)", {**hosted(), **second})


def test_a_monitor_that_the_guests_init_started_at_boot_is_refused() -> None:
    with pytest.raises(Problem, match="not set up as it should be") as caught:
        check({**monitored(), 15: process(15, 1, "monit")}, MONIT, MONITOR, pidfile="40\n")
    assert "a second instance of monit (15 and 20)" in caught.value.known
    assert "after_install" in caught.value.known


def test_a_process_for_each_service_is_no_second_instance() -> None:
    procserv = supervisors()["procserv"]
    contender = procserv.contenders[0]
    tree = [(1, 0, "init"), (20, 1, "procServ"), (40, 20, "testd"),
            (21, 1, "procServ"), (41, 21, "testd")]  # fmt: skip
    processes = {pid: process(pid, ppid, comm) for pid, ppid, comm in tree}
    states: list[ServiceRecord] = [{"service": "s1", "pid": 40}, {"service": "s2", "pid": 41}]
    snapshot: Snapshot = {
        "event": "processes", "processes": list(processes.values()), "services": states,
    }  # fmt: skip
    assert verify(DEBIAN, procserv, contender, services_of(contender, 2), [snapshot])


def test_two_daemons_for_one_service_are_refused() -> None:
    twice = {**hosted(), 41: process(41, 30, "testd")}
    refused("2 test daemons run for 1 services.", twice)


def test_a_process_started_from_outside_is_refused() -> None:
    processes = hosted()
    processes[20]["ppid"] = 0
    refused("runsvdir (20) does not descend from PID 1.", processes)


def test_a_process_outside_the_guests_control_groups_is_refused() -> None:
    processes = hosted()
    processes[20]["cgroup"] = ["0::/../../user.slice"]
    refused("runsvdir (20) is outside the guest's control groups.", processes)
    refused("let hosted_command run it in the foreground", processes)


def test_a_circle_of_parents_is_refused() -> None:
    processes = hosted()
    processes[20]["ppid"] = 30
    refused("does not descend from PID 1.", processes)


def test_a_monitored_daemon_that_stays_attached_is_refused() -> None:
    processes = monitored()
    processes[40]["ppid"] = 20
    refused("did not detach itself", processes, supervisor=MONIT, contender=MONITOR, pidfile="40")


@pytest.mark.parametrize("pidfile", [None, "", "39\n", "forty"])
def test_a_wrong_pid_file_is_refused(pidfile: str | None) -> None:
    refused("/run/s1.pid says", monitored(), supervisor=MONIT, contender=MONITOR, pidfile=pidfile)


def test_a_service_that_never_started_is_refused() -> None:
    down: ServiceDown = {"event": "down", "service": "s1"}
    events = [down, *snapshot_events(hosted())]
    with pytest.raises(Problem, match="did not start s1") as caught:
        verify(DEBIAN, RUNIT, HOSTED, services_of(HOSTED, 1), events)
    assert "runsvdir" in caught.value.known


def test_a_mode_comes_with_what_shows_it() -> None:
    output = "Netlink: no\nI: s1 moved 'unmonitored' to 'up'\n"
    mode = find_mode(supervisors()["god"], output)
    assert mode["mode"].startswith("it polls")
    assert mode["mode_shown_by"] == output


def test_an_output_that_shows_no_mode_is_refused() -> None:
    with pytest.raises(Problem, match="does not show in which mode") as caught:
        find_mode(supervisors()["god"], "god: no such file\n")
    assert "no such file" in caught.value.known


def test_every_fault_is_named_at_once() -> None:
    processes = {**hosted(), 50: process(50, 1, "cron")}
    processes[40]["ppid"] = 1
    with pytest.raises(Problem) as caught:
        check(processes)
    assert "The parent of s1" in caught.value.known
    assert "cron" in caught.value.known


def test_a_client_may_fork_what_keeps_a_service_where_that_is_the_design() -> None:
    openrc = supervisors()["openrc"]
    tree = [(1, 0, "openrc-init"), (30, 1, "supervise-daemo"), (40, 30, "testd")]
    processes = {pid: process(pid, ppid, comm) for pid, ppid, comm in tree}
    processes[30]["cgroup"] = ["0::/../ssh"]
    contender = openrc.contenders[0]
    verify(DEBIAN, openrc, contender, services_of(contender, 1), snapshot_events(processes))


def in_container(*tree: tuple[int, int, str]) -> Processes:
    return {pid: process(pid, ppid, comm) for pid, ppid, comm in tree}


def test_an_init_is_the_parent_of_its_program() -> None:
    tini = supervisors()["tini"]
    default = tini.contenders[0]
    good = in_container((1, 0, "tini"), (2, 1, "testd"))
    assert check(good, tini, default, pid=2)["hosted_by"] is None
    for wrong in (
        in_container((1, 0, "bash"), (2, 1, "testd")),
        in_container((1, 0, "tini"), (2, 1, "sh"), (3, 2, "testd")),
        in_container((1, 0, "testd")),
    ):
        with pytest.raises(Problem, match="not set up as it should be"):
            check(wrong, tini, default, pid=max(wrong))


def test_a_program_that_is_pid_1_has_no_init_left_beside_it() -> None:
    bash = supervisors()["bash"]
    trap = next(contender for contender in bash.contenders if contender.becomes_program)
    assert check(in_container((1, 0, "testd")), bash, trap, pid=1)["processes"] == ["testd"]
    with pytest.raises(Problem) as refused:
        check(in_container((1, 0, "bash"), (2, 1, "testd")), bash, trap, pid=2)
    assert "PID 1 is bash, not the program itself" in refused.value.known


def test_the_parent_may_have_another_name_in_another_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renamed = hosted()
    renamed[30] = process(30, 20, "runsv2")
    monkeypatch.setattr(RUNIT, "process_names", RUNIT.process_names | {"runsv2"})
    with pytest.raises(Problem) as refused:
        check(renamed)
    assert "The parent of s1 is runsv2, not runsv." in str(refused.value)
    monkeypatch.setattr(RUNIT, "service_parent_aliases", frozenset({"runsv2"}))
    check(renamed)


OWN = replace(HOSTED, own_daemon=OwnDaemon(("mine",), Readiness("port", "80")))


def test_a_program_of_ones_own_may_have_any_name_and_children() -> None:
    processes = hosted()
    processes[40]["comm"] = "mine"
    processes |= {50: process(50, 40, "worker"), 60: process(60, 50, "helper")}
    assert check(processes, contender=OWN)["hosted_by"] == "init"


def test_what_it_has_left_beside_itself_is_a_fault() -> None:
    processes = hosted()
    processes[40]["comm"] = "mine"
    processes[50] = process(50, 1, "mine")
    with pytest.raises(Problem) as caught:
        check(processes, contender=OWN)
    assert "Something else runs as well: mine" in caught.value.known
