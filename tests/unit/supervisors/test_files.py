"""The configuration that systemd, Upstart, daemontools and s6 get, contender by contender."""

from __future__ import annotations

import pytest

from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import Service


def _written(contender: Contender) -> dict[str, str]:
    """Return path and content of every file written for two services."""
    services = [Service(name, contender.role, contender.readiness) for name in ("s1", "s2")]
    files = supervisors()[contender.supervisor].files(contender, services)
    return {file.path: str(file.content) for file in files}


def _contenders(name: str) -> list[Contender]:
    return list(supervisors()[name].contenders)


@pytest.mark.parametrize("contender", _contenders("systemd"), ids=lambda contender: contender.name)
def test_only_the_fast_systemd_unit_lifts_limit_and_delay(contender: Contender) -> None:
    unit = _written(contender)["/etc/systemd/system/s2.service"]
    fast = contender.profile == "fast"
    assert "Restart=always\n" in unit
    assert ("RestartSec=0\n" in unit) is fast
    assert ("StartLimitIntervalSec=0\n" in unit) is fast
    # What the fast unit lifts is no fact of it.
    assert (contender.start_limit is None) is fast
    assert (contender.period is None) is fast


@pytest.mark.parametrize("contender", _contenders("systemd"), ids=lambda contender: contender.name)
def test_systemd_monitor_finds_the_daemon_by_its_pid_file(contender: Contender) -> None:
    unit = _written(contender)["/etc/systemd/system/s2.service"]
    monitor = contender.role == "monitor"
    assert ("Type=forking\nPIDFile=/run/s2.pid\n" in unit) is monitor
    assert ("--daemonize --pidfile /run/s2.pid s2\n" in unit) is monitor


@pytest.mark.parametrize(("forks", "setting"), [(1, "expect fork\n"), (2, "expect daemon\n")])
def test_upstart_expects_as_many_forks_as_the_daemon_does(forks: int, setting: str) -> None:
    monitor = next(c for c in _contenders("upstart") if c.role == "monitor")
    service = Service("s1", "monitor", fork_count=forks)
    (job,) = supervisors()["upstart"].files(monitor, [service])
    assert setting in str(job.content)
    assert ("--forks 1" in str(job.content)) is (forks == 1)


@pytest.mark.parametrize("contender", _contenders("s6"), ids=lambda contender: contender.name)
def test_s6_service_announces_readiness_on_the_descriptor_that_s6_reads(
    contender: Contender,
) -> None:
    written = _written(contender)
    descriptor = written.get("/etc/s6/sv/s1/notification-fd")
    announces = "--ready fd:3" in written["/etc/s6/sv/s1/run"]
    assert (descriptor == "3\n") is announces is (contender.profile == "fast")


@pytest.mark.parametrize("name", ["daemontools", "s6"])
def test_only_pid_1_gets_the_files_of_an_init(name: str) -> None:
    for contender in _contenders(name):
        # The script that starts s6-svscan holds its options only, hosted or not.
        init_files = {path for path in _written(contender) if "/sv/" not in path} - {"/etc/s6/scan"}
        assert bool(init_files) is contender.pid1


@pytest.mark.parametrize("contender", _contenders("s6"), ids=lambda contender: contender.name)
def test_only_the_fast_s6_raises_the_number_of_services(contender: Contender) -> None:
    script = _written(contender)["/etc/s6/scan"]
    assert ("$option 4000" in script) is (contender.profile == "fast")


@pytest.mark.parametrize("name", ["daemontools", "s6"])
def test_scripts_start_with_their_interpreter_and_are_executable(name: str) -> None:
    for contender in _contenders(name):
        service = Service("s1", contender.role, contender.readiness)
        scripts = [
            file
            for file in supervisors()[name].files(contender, [service])
            if not file.path.endswith(("-fd", "-kill"))
        ]
        assert all(str(file.content).startswith("#!/bin/sh\n") for file in scripts)
        assert all(file.mode == 0o755 for file in scripts)


STRICT = [
    contender
    for supervisor in supervisors().values()
    for contender in supervisor.contenders
    if contender.profile == "strict"
]


@pytest.mark.parametrize("contender", STRICT, ids=lambda contender: contender.name)
def test_a_strict_profile_ends_the_group_within_seconds(contender: Contender) -> None:
    text = "".join(_written(contender).values())
    supervisor = supervisors()[contender.supervisor]
    service = Service("s1", contender.role)
    text += supervisor.stop_command(contender, service)
    settings = {
        "systemd": ("KillMode=control-group\n", "TimeoutStopSec=5\n"),
        "supervisord": ("stopasgroup=true\n", "killasgroup=true\n", "stopwaitsecs=5\n"),
        "s6": ('kill -s KILL -- "-${4:-$(cat group)}"', "5000\n"),
        "runit": ("chpst -P", 'kill -s TERM -- "-$(cat group)"', "sv force-stop s1"),
        # Its master sends SIGTERM to the group, and SIGKILL 3 s later.
        "uwsgi": ("binsh = /bin/bash\n",),
    }[contender.supervisor]
    assert [setting for setting in settings if setting not in text] == []
