"""How a system's own PID 1 starts a supervisor that is not PID 1, and restarts it."""

from __future__ import annotations

from provision.guests.disabled_services import AWAIT_SYSTEMD
from provision.guests.files import File
from provision.guests.guest import Guest

_INITTAB = "/etc/inittab"
# Tries, ten a second, to see the end of what a stopped supervisor's processes leave behind.
_TRIES_FOR_GROUP = 50


def start_hosted(guest: Guest, command: str) -> None:
    """Have the guest's own PID 1 start that foreground command, and restart it when it ends.

    For sysvinit this is one respawn line and nothing else, as the article advises.
    """
    if guest.system.init == "sysvinit":
        _start_by_sysvinit(guest, command)
    elif guest.system.init == "systemd":
        _start_by_systemd(guest, command)
    else:
        _start_by_upstart(guest, command)


def stop_hosted(guest: Guest) -> None:
    """Have the guest's own PID 1 stop the hosted command, and wait until it has ended."""
    if guest.system.init == "systemd":
        guest.run("systemctl stop supervisor.service")
        return
    if guest.system.init == "upstart":
        guest.run("initctl stop supervisor")
        return
    # init sends SIGTERM to the line's process group, and SIGKILL a few seconds later unless the
    # group's leader has ended. Its other members may end after it; one that outlives the signal is
    # waited for in vain. A virtual machine's sshd is a child of PID 1 as well, and stays.
    guest.run(
        "pids=$(ps -o pid=,comm= --ppid 1 |"
        """ awk '$2 != "testd" && $2 != "sshd" { print $1 }')\n"""
        f"sed -i '/^sv:/d' {_INITTAB}\n"
        "telinit q\n"
        "for pid in $pids; do while [ -e /proc/$pid ]; do sleep 0.1; done; done\n"
        'groups=$(echo $pids | tr " " ,)\n'
        f"tries={_TRIES_FOR_GROUP}\n"
        'while [ $tries -gt 0 ] && pgrep -g "$groups" >/dev/null 2>&1; do\n'
        "sleep 0.1; tries=$((tries - 1)); done"
    )


def _start_by_sysvinit(guest: Guest, command: str) -> None:
    guest.run(f"sed -i '/^sv:/d' {_INITTAB}\necho 'sv:2:respawn:{command}' >>{_INITTAB}\ntelinit q")


def _start_by_systemd(guest: Guest, command: str) -> None:
    unit = (
        "[Unit]\nDescription=the supervisor under test\n"
        f"[Service]\nExecStart={command}\nRestart=always\n"
    )
    guest.write([File("/etc/systemd/system/supervisor.service", unit)])
    # systemd's own units start first; the command goes on where one of them failed.
    guest.run(f"{AWAIT_SYSTEMD}; systemctl daemon-reload; systemctl start supervisor.service")


def _start_by_upstart(guest: Guest, command: str) -> None:
    job = f"respawn\nexec {command}\n"
    guest.write([File("/etc/init/supervisor.conf", job)])
    guest.run("initctl reload-configuration; initctl start supervisor")
