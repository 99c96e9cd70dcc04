"""The providers there are, and which one a system gets."""

from __future__ import annotations

from provision.errors import Problem
from provision.lxc.provider import Lxc
from provision.provider import Provider, Unavailable
from provision.systems import Mirror, System, unknown_name_error
from provision.vagrant.provider import Vagrant

AUTO = "auto"


def providers(box: str = "") -> dict[str, Provider]:
    """Every provider by its name; box: what virtual machines start from, a name or a file."""
    machines = (Vagrant(hypervisor, box=box or None) for hypervisor in ("libvirt", "virtualbox"))
    return {provider.name: provider for provider in (Lxc(), *machines)}


def choose_provider(name: str, system: System, box: str = "") -> tuple[Provider, str]:
    """The provider asked for, or the best for that system, and why. Raises Problem.

    A box asks for a virtual machine.
    """
    every = providers(box)
    if box and name == "lxc":
        raise Problem(
            "An embedded guest starts from no box.",
            advice="Leave out --box, or take --provider=libvirt or --provider=virtualbox.",
            usage=True,
        )
    if box:
        del every["lxc"]
    if system.mirror != Mirror():
        if box or name not in (AUTO, "lxc"):
            raise Problem(
                "--mirror, --snapshot, --keyring and --aur do nothing for virtual machines.",
                known="They say where the packages of an image built here come from.",
                advice="Leave them out, or take --provider=lxc without a box.",
                usage=True,
            )
        return _usable(every["lxc"], system), "where its packages come from was asked for"
    if name != AUTO:
        if name not in every:
            raise unknown_name_error("provider", name, [AUTO, *every])
        return _usable(every[name], system), "asked for"
    order = _order(system, every)
    for provider in order:
        if provider.why_unavailable(system) is None:
            return provider, _reason(provider, system)
    lacks = [(provider.name, provider.why_unavailable(system)) for provider in order]
    raise Problem(
        f"No provider can make a {system.title} guest here.",
        known="\n".join(f"{name}: {lack.why} {lack.advice}" for name, lack in lacks if lack),
        advice="./inv doctor shows what this host can do.",
    )


def _order(system: System, every: dict[str, Provider]) -> list[Provider]:
    embedded = [each for each in every.values() if each.name == "lxc"]
    machines = [each for each in every.values() if each.name != "lxc"]
    return [*embedded, *machines] if system.name == "debian" else [*machines, *embedded]


def _reason(provider: Provider, system: System) -> str:
    if provider.name != "lxc":
        return f"a real machine is best for {system.title}, and {provider.name} is usable here"
    if system.name == "debian":
        return "embedded guests are the default"
    return f"no hypervisor with Vagrant is usable here, so {system.title} runs embedded"


def _usable(provider: Provider, system: System) -> Provider:
    lack: Unavailable | None = provider.why_unavailable(system)
    if lack is None:
        return provider
    raise Problem(
        f"{provider.name} cannot make a {system.title} guest here: {lack.why}", advice=lack.advice
    )
