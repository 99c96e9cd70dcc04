"""The providers that exist, and which of them makes a system's guests."""

from __future__ import annotations

from collections.abc import Iterable

from provision.errors import Problem
from provision.lxc.provider import Lxc
from provision.provider import Provider
from provision.systems import Mirror, System, unknown_name_error
from provision.vagrant.provider import Vagrant

AUTO = "auto"


def providers(box: str = "") -> dict[str, Provider]:
    """Every provider by its name.

    box: what virtual machines start from, a public name or a file; empty for the pinned box.
    """
    machines = (Vagrant(hypervisor, box=box or None) for hypervisor in ("libvirt", "virtualbox"))
    return {provider.name: provider for provider in (Lxc(), *machines)}


def get_provider(name: str) -> Provider:
    """The provider of that name. Raises Problem."""
    available = providers()
    if name not in available:
        raise unknown_name_error("provider", name, [*available])
    return available[name]


def check_provider_name(name: str) -> None:
    """Raise Problem where --provider names none. First of all: other errors would blame others."""
    names = [AUTO, *providers()]
    if name not in names:
        raise unknown_name_error("provider", name, names)


def choose_provider(name: str, system: System, box: str = "") -> tuple[Provider, str]:
    """The provider of that name, or the best one for the system; and the reason.

    A box needs a virtual machine, a mirror an embedded guest. Raises Problem.
    """
    candidates = providers(box)
    check_provider_name(name)
    if box:
        if name == "lxc":
            raise _no_box_error()
        del candidates["lxc"]
    if system.mirror != Mirror():
        if box or name not in (AUTO, "lxc"):
            raise _no_mirror_error()
        return _usable(candidates["lxc"], system), "where its packages come from was asked for"
    if name == AUTO:
        return _best(candidates.values(), system)
    return _usable(candidates[name], system), "asked for"


def _best(candidates: Iterable[Provider], system: System) -> tuple[Provider, str]:
    """The first usable provider in the system's order of preference, and the reason."""
    # Embedded guests are the default for Debian, real machines are best for other systems.
    embedded_first = system.distribution == "debian"
    ordered = sorted(
        candidates, key=lambda provider: provider.name == "lxc", reverse=embedded_first
    )
    reasons = []
    for provider in ordered:
        unavailable = provider.why_unavailable(system)
        if unavailable is None:
            return provider, _reason(provider, system)
        reasons.append(f"{provider.name}: {unavailable.why} {unavailable.advice}")
    if embedded_first:  # a virtual machine was not asked for: what is missing for it is no reason
        _usable(ordered[0], system)
    raise Problem(f"No provider can make a {system.title} guest here.", known="\n".join(reasons))


def _reason(provider: Provider, system: System) -> str:
    if provider.name != "lxc":
        return f"a real machine is best for {system.title}, and {provider.name} is usable here"
    if system.distribution == "debian":
        return "embedded guests are the default"
    return f"no virtual machine is usable here, so {system.title} runs embedded"


def _usable(provider: Provider, system: System) -> Provider:
    """The provider. Raises Problem where it cannot make guests of the system here."""
    unavailable = provider.why_unavailable(system)
    if unavailable is None:
        return provider
    raise Problem(
        f"{provider.name} cannot make a {system.title} guest here: {unavailable.why}",
        advice=unavailable.advice,
    )


def _no_box_error() -> Problem:
    return Problem(
        "An embedded guest starts from no box.",
        advice="Leave out --box, or take --provider=libvirt or --provider=virtualbox.",
        usage=True,
    )


def _no_mirror_error() -> Problem:
    return Problem(
        "--mirror, --snapshot, --keyring, --aur and --accept-expired do nothing for virtual"
        " machines.",
        known="They say where the packages of an image built here come from, and how old their"
        " index may be.",
        advice="Leave them out, or take --provider=lxc without a box.",
        usage=True,
    )
