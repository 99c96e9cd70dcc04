"""The tables of `./inv list`: supervisors, contenders, systems, providers, scenarios."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from bench.scenarios import scenarios
from provision.registry import get_provider
from provision.sources.apt_versions import apt_versions
from provision.sources.packages import Apt
from provision.systems import SYSTEMS, System
from supervisors import supervisors
from supervisors.base import Supervisor


def inventory_tables() -> Iterator[Table]:
    """Yield every table."""
    yield _supervisors()
    yield _sources()
    yield _contenders()
    yield _systems()
    yield _scenarios()


def _supervisors() -> Table:
    table = Table(title="Supervisors", title_justify="left")
    for heading in ("name", "as PID 1", "roles", "profiles"):
        table.add_column(heading)
    for supervisor in supervisors().values():
        table.add_row(
            supervisor.name,
            _pid1(supervisor),
            ", ".join(sorted({contender.role for contender in supervisor.contenders})),
            ", ".join(sorted({contender.profile for contender in supervisor.contenders})),
        )
    return table


def _sources() -> Table:
    """Show how each system gets each supervisor, beside the article's version."""
    table = Table(
        title="Where they come from",
        title_justify="left",
        caption="* is the article's version; where none is shown, only a guest can tell."
        " --overlay=NAME=DIR lays a build of your own over any system.",
        caption_justify="left",
        show_lines=True,
    )
    for heading in ("name", "2012 article", *SYSTEMS):
        table.add_column(heading)
    versions = apt_versions((system.release for system in SYSTEMS.values()), _apt_packages())
    for supervisor in supervisors().values():
        table.add_row(
            supervisor.name,
            supervisor.article.version if supervisor.article else "",
            *(_source(supervisor, system, versions[system.release]) for system in SYSTEMS.values()),
        )
    return table


def _apt_packages() -> list[str]:
    sources = (
        supervisor.source(system)
        for supervisor in supervisors().values()
        for system in SYSTEMS.values()
    )
    return sorted({source.packages[0] for source in sources if isinstance(source, Apt)})


def _source(supervisor: Supervisor, system: System, versions: dict[str, str]) -> str:
    source = supervisor.source(system)
    if source is None:
        return supervisor.why_unavailable(system)
    lines = [str(source), supervisor.why_unavailable(system)]
    if isinstance(source, Apt):
        version = versions.get(source.packages[0], "")
        lines.append(version + ("*" if supervisor.matches_article(version) else ""))
    if system.look_up(supervisor.version_sources):
        lines.append(f"--versions={supervisor.name}=VERSION: any on PyPI")
    return "\n".join(line for line in lines if line)


def _contenders() -> Table:
    table = Table(
        title="Contenders (--only takes these, or their beginnings)", title_justify="left"
    )
    for heading in ("contender", "acts every", "setting"):
        table.add_column(heading)
    for supervisor in supervisors().values():
        for contender in supervisor.contenders:
            period = f"{contender.period:g} s" if contender.period else "(events)"
            table.add_row(contender.name, period, contender.setting)
    return table


def _systems() -> Table:
    table = Table(
        title="Systems",
        title_justify="left",
        caption="Virtual machines: ./inv doctor --provider=libvirt, or --provider=virtualbox",
        caption_justify="left",
    )
    table.add_column("system")
    table.add_column("embedded guests")
    lxc = get_provider("lxc")
    for system in SYSTEMS.values():
        reason = lxc.why_unavailable(system)
        state = "available" if reason is None else f"{reason.why} {reason.advice}"
        table.add_row(f"{system.name} ({system.title})", state)
    return table


def _scenarios() -> Table:
    table = Table(title="Scenarios", title_justify="left")
    for heading in ("name", "what is observed"):
        table.add_column(heading)
    for scenario in scenarios().values():
        table.add_row(scenario.name, scenario.title)
    return table


def _pid1(supervisor: Supervisor) -> str:
    if supervisor.needs_pid1:
        return "needed"
    return "possible" if supervisor.can_be_pid1 else "no"
