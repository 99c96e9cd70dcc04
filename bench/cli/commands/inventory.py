"""The tables of `./inv list`: supervisors, contenders, systems, providers, scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.table import Table

from bench.scenarios import scenarios
from provision.registry import get_provider
from provision.sources.apt_versions import apt_versions
from provision.sources.packages import Apt
from provision.systems import SYSTEMS, System
from supervisors import supervisors
from supervisors.base import Supervisor

# Columns that the sources of one system need, to be read without a word in pieces.
_SOURCE_WIDTH = 26


def inventory_tables(width: int) -> Iterator[Table]:
    """Yield every table for a terminal of that width.

    What this host can do is tried in processes of its own while the first tables are made.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        systems = pool.submit(_systems)
        yield _supervisors()
        yield from _sources(width)
        yield _contenders()
        yield systems.result()
        yield _scenarios()


def _table(title: str, *headings: str) -> Table:
    """Return an empty table; a word that is too long for its cell is broken, and never cut."""
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _supervisors() -> Table:
    table = _table("Supervisors", "name", "as PID 1", "roles", "profiles")
    for supervisor in supervisors().values():
        table.add_row(
            supervisor.name,
            _pid1(supervisor),
            ", ".join(sorted({contender.role for contender in supervisor.contenders})),
            ", ".join(sorted({contender.profile for contender in supervisor.contenders})),
        )
    return table


def _sources(width: int) -> Iterator[Table]:
    """Yield how each system gets each supervisor, beside the article's version.

    As many systems as fit stand side by side.
    """
    versions = apt_versions((system.release for system in SYSTEMS.values()), _apt_packages())
    systems = list(SYSTEMS.values())
    count = max(1, width // _SOURCE_WIDTH - 1)
    for first in range(0, len(systems), count):
        table = _sources_of(systems[first : first + count], versions)
        if first + count >= len(systems):
            table.caption_justify = "left"
            table.caption = (
                "* is the article's version; where none is shown, only a guest can tell."
                " --overlay=NAME=DIR lays a build of your own over any system."
            )
        yield table


def _sources_of(systems: Sequence[System], versions: Mapping[str, dict[str, str]]) -> Table:
    headings = ("name", "2012 article", *(system.name for system in systems))
    table = _table("Where they come from", *headings)
    table.show_lines = True
    for supervisor in supervisors().values():
        table.add_row(
            supervisor.name,
            supervisor.article.version if supervisor.article else "",
            *(_source(supervisor, system, versions[system.release]) for system in systems),
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
    title = "Contenders (--only takes these, or their beginnings)"
    table = _table(title, "contender", "acts every", "setting")
    for supervisor in supervisors().values():
        for contender in supervisor.contenders:
            period = f"{contender.period:g} s" if contender.period else "(events)"
            table.add_row(contender.name, period, contender.setting)
    return table


def _systems() -> Table:
    table = _table("Systems", "system", "embedded guests")
    table.caption_justify = "left"
    table.caption = "Virtual machines: ./inv doctor --provider=libvirt, or --provider=virtualbox"
    lxc = get_provider("lxc")
    for system in SYSTEMS.values():
        reason = lxc.why_unavailable(system)
        state = "available" if reason is None else f"{reason.why} {reason.advice}"
        table.add_row(f"{system.name} ({system.title})", state)
    return table


def _scenarios() -> Table:
    table = _table("Scenarios", "name", "what is observed")
    for scenario in scenarios().values():
        lengthy = " (lengthy: `all` leaves it out)" if scenario.lengthy else ""
        table.add_row(scenario.name, f"{scenario.title}{lengthy}")
    return table


def _pid1(supervisor: Supervisor) -> str:
    if supervisor.needs_pid1:
        return "needed"
    return "possible" if supervisor.can_be_pid1 else "no"
