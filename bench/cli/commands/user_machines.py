"""Virtual machines for a user's own work: boot one, open a shell in it, list them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from provision.errors import Problem
from provision.provider import Provider
from provision.registry import choose_provider, providers
from provision.systems import get_system
from provision.vagrant.environment import machine_home
from provision.vagrant.machines.machine import is_kept, leftover_names, machine_names
from provision.vagrant.ssh import shell_command


def boot_machine(system_name: str, provider_name: str, box: str) -> Iterator[str]:
    """Boot a machine that stays until `./inv destroy`; yield what to tell the user.

    Raises Problem.
    """
    system = get_system(system_name)
    provider = _choose_hypervisor(provider_name, system_name, box)
    yield f"Booting {system.title} on {provider.name}"
    guest = provider.up("yours", system)
    command = guest.keep()
    yield "\n".join(f"{key}: {value}" for key, value in guest.facts().items())
    guest.disconnect()
    yield f"As root: ./inv ssh, or {command}"
    yield "It stays until ./inv destroy."


def open_shell(name: str) -> int:
    """Open a shell as root in a kept machine, and return its exit code. Raises Problem.

    An empty name stands for the only kept machine.
    """
    kept = [name for hypervisor in _hypervisors() for name in machine_names(hypervisor)]
    kept = [name for name in kept if is_kept(name)]
    if not kept:
        raise Problem("There is no machine to enter.", advice="./inv up boots one.", usage=True)
    if not name and len(kept) == 1:
        name = kept[0]
    if name not in kept:
        raise Problem(
            f"There is no machine named {name}." if name else "There are several machines.",
            known=f"There are: {', '.join(kept)}.",
            advice=f"./inv ssh --name={kept[0]}",
            usage=True,
        )
    return subprocess.run(shell_command(machine_home(name)), check=False).returncode


def status_lines() -> Iterator[str]:
    """Yield a line for each machine, or one that says that there is none."""
    lines = [line for hypervisor in _hypervisors() for line in _status_lines(hypervisor)]
    yield from lines or ["There is no machine."]


def _status_lines(hypervisor: str) -> Iterator[str]:
    leftovers = leftover_names(hypervisor)
    for name in machine_names(hypervisor):
        state = "kept for you" if is_kept(name) else "in use by a run"
        if name in leftovers:
            state = "left behind; ./inv destroy removes it"
        yield f"{name} on {hypervisor}: {state}"


def _hypervisors() -> list[str]:
    return [name for name in providers() if name != "lxc"]


def _choose_hypervisor(name: str, system_name: str, box: str) -> Provider:
    """Return the hypervisor of that name, or the first usable one. Raises Problem."""
    if name != "auto":
        return choose_provider(name, get_system(system_name), box)[0]
    reasons = []
    for hypervisor in _hypervisors():
        provider = providers(box)[hypervisor]
        unavailable = provider.why_unavailable(get_system(system_name))
        if unavailable is None:
            return provider
        reasons.append(f"{hypervisor}: {unavailable.why} {unavailable.advice}")
    raise Problem("No hypervisor is usable here.", known="\n".join(reasons))
