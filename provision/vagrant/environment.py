"""Folders and environment variables of everything that concerns virtual machines."""

from __future__ import annotations

import os
import platform
import re
import socket
from pathlib import Path

from provision.cache import cache_folder
from provision.guests.names import check_guest_name

ROOT = Path(__file__).parents[2]


def vm_folder() -> Path:
    """Return the folder of all files that concern virtual machines; make it if it is missing."""
    path = cache_folder() / "vm"
    (path / "guests").mkdir(parents=True, exist_ok=True)
    return path


def machine_home(name: str) -> Path:
    """Return the folder of that machine. Raises Problem where no machine can have the name."""
    return vm_folder() / "guests" / check_guest_name(name)


def vagrant_environment(hypervisor: str, home: Path | None = None) -> dict[str, str]:
    """Return the environment of a Vagrant command; home: the machine's folder.

    It keeps all state of Vagrant and libvirt below the cache folder, and none in the user's home.
    """
    base = vm_folder()
    variables: dict[str, object] = {
        "VAGRANT_HOME": _vagrant_home(home or base),
        "VAGRANT_DOTFILE_PATH": (home or base) / "state",
        "VAGRANT_CHECKPOINT_DISABLE": 1,
        "VAGRANT_NO_COLOR": 1,
        "VAGRANT_DEFAULT_PROVIDER": hypervisor,
    }
    if home:
        variables["BENCH_GUEST"] = home.name.rpartition("-")[2]
    if hypervisor == "libvirt":
        variables |= _libvirt_variables(base)
    return {**os.environ, **{name: str(value) for name, value in variables.items()}}


def _libvirt_variables(base: Path) -> dict[str, object]:
    """Return what gives that folder a libvirt session of its own.

    Its daemons start when a command needs them, and the last machine's keeper ends them.
    """
    variables: dict[str, object] = {}
    for name, part in (("CONFIG_HOME", ""), ("CACHE_HOME", "cache"), ("RUNTIME_DIR", "run")):
        (base / part).mkdir(mode=0o700, exist_ok=True)
        variables[f"XDG_{name}"] = base / part
    (base / "pool").mkdir(exist_ok=True)
    variables["BENCH_POOL"] = base / "pool"
    variables["BENCH_ACCELERATION"] = "kvm" if kvm_works() else "none"
    return variables


def _vagrant_home(parent: Path) -> Path:
    """Return Vagrant's own folder for one machine; make it if it is missing.

    All machines share the boxes, and use the plugins that the user has installed. They do not share
    the folder: Vagrant's index finds machines by name, and all machines of a system have the same
    name. `vagrant destroy` was seen to destroy another run's machine.
    """
    user_home = Path(os.environ.get("VAGRANT_HOME", "~/.vagrant.d")).expanduser()
    home, boxes = parent / "vagrant", vm_folder() / "boxes"
    home.mkdir(exist_ok=True)
    boxes.mkdir(exist_ok=True)
    for link, target in (
        ("boxes", boxes),
        ("gems", user_home / "gems"),
        ("plugins.json", user_home / "plugins.json"),
    ):
        if target.exists() and not (home / link).exists():
            (home / link).symlink_to(target)
    return home


def command_prefix(environment: dict[str, str]) -> list[str]:
    """Return the words that precede every Vagrant command in that environment.

    libvirt offers root no session. In a user namespace root has another user id, and a session.
    """
    needs_session = "BENCH_POOL" in environment
    if os.geteuid() != 0 or not needs_session or platform.system() != "Linux":
        return []
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]


def kvm_works() -> bool:
    """Tell whether QEMU can use the processor's own virtualisation.

    The device file alone is not enough: where the processor shows neither vmx nor svm, machines
    were seen to start and then to hang at their first instruction.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    return bool(re.search(r"^flags\b.*\b(vmx|svm)\b", Path("/proc/cpuinfo").read_text(), re.M))


def free_port() -> int:
    """Return a port of the loopback interface on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
