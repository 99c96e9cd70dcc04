"""How a system's own PID 1 keeps a supervisor alive that is not PID 1 itself."""

from __future__ import annotations

from provision.errors import Problem
from provision.guest import File, Guest

# One respawn line, and nothing else: the host that the article advises.
_INITTAB = "/etc/inittab"


def keep(guest: Guest, command: str) -> None:
    """Have the guest's own PID 1 start that foreground command, and start it again if it ends."""
    if guest.system.init == "sysvinit":
        _sysvinit(guest, command)
    elif guest.system.init == "systemd":
        _systemd(guest, command)
    else:
        raise Problem(f"Nothing is known of how {guest.system.init} keeps a supervisor.")


def _sysvinit(guest: Guest, command: str) -> None:
    lines = guest.read(_INITTAB).decode().splitlines()
    kept = [line for line in lines if not line.startswith("sv:")]
    guest.write([File(_INITTAB, "\n".join([*kept, f"sv:2:respawn:{command}"]) + "\n")])
    guest.run("telinit q")


def _systemd(guest: Guest, command: str) -> None:
    unit = (
        "[Unit]\nDescription=the supervisor under test\n"
        f"[Service]\nExecStart={command}\nRestart=always\n"
    )
    guest.write([File("/etc/systemd/system/supervisor.service", unit)])
    guest.run("systemctl daemon-reload && systemctl start supervisor.service")
