"""The providers there are, and which one a system gets."""

from __future__ import annotations

from provision.errors import Problem
from provision.lxc import Lxc
from provision.provider import Lack, Provider
from provision.systems import Mirror, System, unknown

AUTO = "auto"


def providers() -> dict[str, Provider]:
    """Every provider by its name."""
    return {provider.name: provider for provider in (Lxc(),)}


def choose(name: str, system: System) -> tuple[Provider, str]:
    """The provider asked for, or the best for that system, and why. Raises Problem."""
    every = providers()
    if system.mirror != Mirror():
        if name not in (AUTO, "lxc"):
            raise Problem(
                f"--mirror, --snapshot, --keyring and --aur do nothing for {name}'s guests.",
                known="They say where the packages of an image built here come from.",
                advice="Leave them out, or add --provider=lxc.",
                usage=True,
            )
        return _usable(every["lxc"], system), "where its packages come from was asked for"
    if name != AUTO:
        if name not in every:
            raise unknown("provider", name, [AUTO, *every])
        return _usable(every[name], system), "asked for"
    order = _order(system, every)
    for provider in order:
        if provider.lack(system) is None:
            return provider, _reason(provider, system)
    lacks = [(provider.name, provider.lack(system)) for provider in order]
    raise Problem(
        f"No provider can make a {system.title} guest here.",
        known="\n".join(f"{name}: {lack.why} {lack.advice}" for name, lack in lacks if lack),
        advice="./inv doctor shows what this host can do.",
    )


def _order(system: System, every: dict[str, Provider]) -> list[Provider]:
    embedded, machines = every["lxc"], [each for name, each in every.items() if name != "lxc"]
    return [embedded, *machines] if system.name == "debian" else [*machines, embedded]


def _reason(provider: Provider, system: System) -> str:
    if provider.name != "lxc":
        return f"a real machine is best for {system.title}, and {provider.name} is usable here"
    if system.name == "debian":
        return "embedded guests are the default"
    return f"no hypervisor with Vagrant is usable here, so {system.title} runs embedded"


def _usable(provider: Provider, system: System) -> Provider:
    lack: Lack | None = provider.lack(system)
    if lack is None:
        return provider
    raise Problem(
        f"{provider.name} cannot make a {system.title} guest here: {lack.why}", advice=lack.advice
    )
