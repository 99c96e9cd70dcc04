"""Machines for people who want one to themselves: up, a shell in it, what there is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from provision.errors import Problem
from provision.provider import Provider
from provision.registry import choose, providers
from provision.systems import named
from provision.vagrant.machine import folder, is_kept, machines, owned
from provision.vagrant.provider import shell_command


def up(system_name: str, provider_name: str, box: str) -> Iterator[str]:
    """Boot a machine that stays until `./inv destroy`; says how to enter it. Raises Problem."""
    system = named(system_name)
    provider = _machines_only(provider_name, system_name, box)
    yield f"Booting {system.title} on {provider.name}"
    guest = provider.up("yours", system)
    command = guest.keep()
    yield "\n".join(f"{key}: {value}" for key, value in guest.facts().items())
    guest.disconnect()
    yield f"As root: ./inv ssh, or {command}"
    yield "It stays until ./inv destroy."


def enter(name: str) -> int:
    """A shell as root in a kept machine, by default the only one; its exit code. Raises Problem."""
    there = [each for kind in _kinds() for each in machines(kind) if is_kept(each)]
    if not there:
        raise Problem("There is no machine to enter.", advice="./inv up boots one.", usage=True)
    if not name and len(there) == 1:
        name = there[0]
    if name not in there:
        raise Problem(
            f"There is no machine named {name}." if name else "There are several machines.",
            known=f"There are: {', '.join(there)}.",
            advice=f"./inv ssh --name={there[0]}",
            usage=True,
        )
    return subprocess.run(shell_command(folder() / "guests" / name), check=False).returncode


def status() -> Iterator[str]:
    """A line for each machine there is."""
    nobody = True
    for kind in _kinds():
        for name in machines(kind):
            nobody = False
            state = "kept for you" if is_kept(name) else "in use by a run"
            yield f"{name} on {kind}: {state if owned(name) else 'left behind; ./inv destroy'}"
    if nobody:
        yield "There is no machine."


def _kinds() -> list[str]:
    return [name for name in providers() if name != "lxc"]


def _machines_only(name: str, system_name: str, box: str) -> Provider:
    """The hypervisor asked for, or the first that is usable here. Raises Problem."""
    if name != "auto":
        return choose(name, named(system_name), box)[0]
    lacks = []
    for kind in _kinds():
        provider = providers(box)[kind]
        lack = provider.why_unavailable(named(system_name))
        if lack is None:
            return provider
        lacks.append(f"{kind}: {lack.why} {lack.advice}")
    raise Problem("No hypervisor is usable here.", known="\n".join(lacks))
