"""Runs a command in an embedded guest: `python -I -S -B enter.py KEEPER NAME COMMAND...`.

KEEPER is the pid of the guest's keeper, in whose mount namespace LXC finds the guest. It imports
nothing but traces.py and inherited.py, so that it starts quickly, and -B so that it writes nothing
beside it. The keeper starts sshd in the same way.

The command gets nothing of its caller's but its standard streams: the environment has PATH and
container alone (and TERM on a terminal), the working folder is /, no other file is open, the umask
is 022, no signal is ignored, the key ring is a new one, and lxc-attach applies the guest's system
call filter. Where all three streams are a terminal, lxc-attach gives the command a pseudo-terminal
of the guest's own, so that nothing in the guest can put input into the caller's.

It runs in the guest's control groups, within the guest's limits, but in a group of its own beside
the guest's PID 1: what it starts can be told from what PID 1 has started.
"""

import contextlib
import ctypes
import importlib
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.lxc.programs import inherited, traces
else:
    if not __package__:  # with -I, the folder is not on the path
        sys.path.append(str(Path(__file__).parent))
    _BESIDE = f"{__package__}." if __package__ else ""
    inherited = importlib.import_module(f"{_BESIDE}inherited")
    traces = importlib.import_module(f"{_BESIDE}traces")

# The option of lxc-attach by which the command stays in the groups that it is started in.
OWN_GROUPS = "--elevated-privileges=CGROUP"
# The control group for what is started from outside, beside that of the guest's PID 1.
GROUP = "ssh"
# keyctl(2), by architecture, and its operation that begins a new session key ring.
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_JOIN_SESSION_KEYRING = 1
# Of cpuset in cgroup v1: a group without processors and memory takes no process.
INHERITED = ("cpuset.cpus", "cpuset.mems")


def attach_command(name: str, *options: str) -> list[str]:
    """Return the command that runs another one in the guest, in the keeper's mount namespace.

    options: more of lxc-attach's.
    """
    return ["lxc-attach", "-P", str(traces.GUESTS), "-n", name, "--clear-env", *options, "--"]


def command_from_host(keeper_pid: int, name: str, *options: str) -> list[str]:
    """Return the command that does so in the host's mount namespace."""
    return ["nsenter", "-t", str(keeper_pid), "-m", "--", *attach_command(name, *options)]


def prepare(name: str) -> None:
    """Leave behind what the command must not get of its caller, but open files; enter its groups.

    What it executes next needs OWN_GROUPS, to stay in them.
    """
    os.chdir("/")
    inherited.drop_inherited()
    leave_key_ring()
    enter_groups(traces.guest_cgroups(name))


def enter_groups(tops: set[Path]) -> None:
    """Move this process into a group of its own within each of the guest's control groups."""
    for top in tops:
        group = top / GROUP
        group.mkdir(exist_ok=True)
        for name in INHERITED:
            with contextlib.suppress(OSError):
                (group / name).write_text((top / name).read_text())
        (group / "cgroup.procs").write_text(str(os.getpid()))


def leave_key_ring() -> None:
    """Begin a new session key ring, so that the command holds none of the caller's keys."""
    number = _KEYCTL.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(number, _JOIN_SESSION_KEYRING, None)


def main() -> None:
    """Enter the guest and become the command."""
    keeper_pid, name, *command = sys.argv[1:]
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    prepare(name)
    terminal = all(os.isatty(stream) for stream in (0, 1, 2))
    options = [OWN_GROUPS, *(["--keep-var=TERM"] if terminal else [])]
    command = [*command_from_host(int(keeper_pid), name, *options), *command]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
