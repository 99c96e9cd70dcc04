"""What there is, and what this host can do."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.table import Table

from bench.scenarios import scenarios
from provision.cache import cache_folder
from provision.host_tools import missing_tools
from provision.registry import providers
from provision.sources.packages import Apt, apt_versions
from provision.systems import SYSTEMS, System
from supervisors import supervisors
from supervisors.base import ARTICLE_YEAR, Supervisor

# The image, the layers, and the guests' own writing; as much memory as every guest of a run takes.
DISK_MIB, MEMORY_MIB = 2048, 2048


def inventory_tables() -> Iterator[Table]:
    """The tables of `./inv list`."""
    yield _supervisors()
    yield _sources()
    yield _contenders()
    yield _systems()
    yield _scenarios()


def _supervisors() -> Table:
    table = Table(title="Supervisors", title_justify="left")
    for heading in ("name", "as PID 1", "roles", "profiles"):
        table.add_column(heading)
    for each in supervisors().values():
        table.add_row(
            each.name,
            _pid1(each),
            ", ".join(sorted({contender.role for contender in each.contenders})),
            ", ".join(sorted({contender.profile for contender in each.contenders})),
        )
    return table


def _sources() -> Table:
    """The matrix of supervisor, system, source and version, beside the article's version."""
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
    every = supervisors().values()
    offered = {name: apt_versions(system.release, _apt(system)) for name, system in SYSTEMS.items()}
    for each in every:
        table.add_row(
            each.name,
            each.article.version if each.article else "",
            *(_had(each, system, offered[name]) for name, system in SYSTEMS.items()),
        )
    return table


def _apt(system: System) -> list[str]:
    sources = [each.source(system) for each in supervisors().values()]
    return [source.packages[0] for source in sources if isinstance(source, Apt)]


def _had(supervisor: Supervisor, system: System, offered: dict[str, str]) -> str:
    source = supervisor.source(system)
    if source is None:
        return supervisor.why_unavailable(system)
    lines = [str(source), supervisor.why_unavailable(system)]
    if isinstance(source, Apt):
        version = offered.get(source.packages[0], "")
        lines.append(version + ("*" if supervisor.matches_article(version) else ""))
    if system.name in supervisor.article_sources:
        lines.append(f"--versions={ARTICLE_YEAR}: {supervisor.article_sources[system.name]}*")
    return "\n".join(line for line in lines if line)


def _contenders() -> Table:
    table = Table(
        title="Contenders (--only takes these, or their beginnings)", title_justify="left"
    )
    for heading in ("contender", "acts every", "setting"):
        table.add_column(heading)
    for each in supervisors().values():
        for contender in each.contenders:
            look = f"{contender.period:g} s" if contender.period else "(events)"
            table.add_row(contender.name, look, contender.setting)
    return table


def _systems() -> Table:
    table = Table(title="Systems and providers", title_justify="left")
    table.add_column("system")
    every = providers()
    for name in every:
        table.add_column(name)
    for system in SYSTEMS.values():
        cells = []
        for provider in every.values():
            lack = provider.why_unavailable(system)
            cells.append("available" if lack is None else f"{lack.why} {lack.advice}")
        table.add_row(f"{system.name} ({system.title})", *cells)
    return table


def _scenarios() -> Table:
    table = Table(title="Scenarios", title_justify="left")
    for heading in ("name", "what is observed"):
        table.add_column(heading)
    for each in scenarios().values():
        table.add_row(each.name, each.title)
    return table


def _pid1(supervisor: Supervisor) -> str:
    if supervisor.needs_pid1:
        return "needed"
    return "possible" if supervisor.can_be_pid1 else "no"


def doctor_table() -> tuple[Table, bool]:
    """The table of `./inv doctor`, and whether the default run works here."""
    table = Table(title="This host", title_justify="left")
    for heading in ("what", "state", "what to do"):
        table.add_column(heading)
    ready = True
    for what, good, state, advice in _checks():
        ready = ready and good
        table.add_row(what, state, "" if good else advice)
    for provider in providers().values():
        for system in SYSTEMS.values():
            lack = provider.why_unavailable(system)
            table.add_row(
                f"{system.title} by {provider.name}",
                "available" if lack is None else lack.why,
                "" if lack is None else lack.advice,
            )
    return table, ready


def _checks() -> Iterator[tuple[str, bool, str, str]]:
    linux = platform.system() == "Linux"
    advice = "use Linux, or --provider=virtualbox or --provider=libvirt"
    yield "system", linux, platform.platform(terse=True), advice
    if linux:
        yield from _linux_checks()
    free = shutil.disk_usage(cache_folder()).free >> 20
    yield "disk", free > DISK_MIB, f"{free} MiB free", f"free {DISK_MIB} MiB, or set XDG_CACHE_HOME"
    memory = psutil.virtual_memory().available >> 20
    yield "memory", memory > MEMORY_MIB, f"{memory} MiB available", "measure fewer with --only"


def _linux_checks() -> Iterator[tuple[str, bool, str, str]]:
    """What embedded guests need."""
    yield "root", os.geteuid() == 0, f"user {os.geteuid()}", "run with sudo"
    missing = missing_tools("lxc", "image-debian", "daemon")
    packages = " ".join(sorted(set(missing.values())))
    yield (
        "programs",
        not missing,
        f"missing: {', '.join(missing)}" if missing else "all there",
        f"apt-get install --no-install-recommends {packages}",
    )
    yield _exists("user namespaces", Path("/proc/self/ns/user"), "boot another kernel")
    yield _exists("/dev/net/tun", Path("/dev/net/tun"), "modprobe tun")
    overlay = "overlay" in Path("/proc/filesystems").read_text()
    yield "overlay", overlay, "there" if overlay else "missing", "modprobe overlay"
    writable = os.access("/sys", os.W_OK)
    yield "/sys", writable, "writable" if writable else "read-only", "mount -o remount,rw /sys"


def _exists(what: str, path: Path, advice: str) -> tuple[str, bool, str, str]:
    return what, path.exists(), "there" if path.exists() else "missing", advice
