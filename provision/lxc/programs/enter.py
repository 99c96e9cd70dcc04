"""Runs a command in an embedded guest: `python -I -S -B enter.py KEEPER NAME COMMAND...`.

KEEPER is the pid of the guest's keeper, in whose mount namespace LXC finds the guest. It stays one
file that imports nothing but traces.py and inherited.py, so that it starts quickly, and -B so that
it writes nothing beside it.

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
import importlib.util
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

# The control group for what is started from outside, beside that of the guest's PID 1.
GROUP = "ssh"
# keyctl(2), by architecture, and its operation that begins a new session key ring.
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_JOIN_SESSION_KEYRING = 1
# Of cpuset in cgroup v1: a group without processors and memory takes no process.
INHERITED = ("cpuset.cpus", "cpuset.mems")


def attach_command(keeper_pid: int, guests: Path, name: str, *options: str) -> list[str]:
    """Return the command on the host that runs another one in the guest.

    guests: the folder of guests in the keeper's mount namespace. options: more of lxc-attach's.
    """
    return [
        *("nsenter", "-t", str(keeper_pid), "-m", "--"),
        *("lxc-attach", "-P", str(guests), "-n", name, "--clear-env", *options, "--"),
    ]


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
    traces = _load("traces")
    os.chdir("/")
    _load("inherited").drop_inherited()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    leave_key_ring()
    enter_groups(traces.guest_cgroups(name))
    terminal = all(os.isatty(stream) for stream in (0, 1, 2))
    options = ["--elevated-privileges=CGROUP", *(["--keep-var=TERM"] if terminal else [])]
    command = [*attach_command(int(keeper_pid), traces.GUESTS, name, *options), *command]
    os.execvp(command[0], command)


def _load(name: str) -> ModuleType:
    """Load a module beside this file: with -I, the folder is not on the path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
