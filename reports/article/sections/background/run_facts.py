"""Where and how this run was made, and what is missing from it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import HostFacts, Run
from reports.model.blocks import Points, Section
from reports.model.caveats import HOW_MADE
from reports.model.run_summary import describe_seal, failure_lines, rejection_lines, run_warnings
from reports.model.tables.duration import describe_duration
from reports.model.text import shorten


def run_section(run: Run) -> Section:
    """Return the section on the run itself."""
    versions = run["host"]["libraries"].items()
    libraries = ", ".join(f"{name} {version}" for name, version in versions)
    provider = run["provider"]
    facts = (
        *_host_points(run),
        ("Guests:", f"{run['system']['title']} by {provider['name']}: {provider['reason']}."),
        ("Duration:", describe_duration(run)),
        ("Measured with:", f"{libraries}."),
        ("Samples:", describe_seal(run)),
        *(("Warning:", text) for text in run_warnings(run)),
        *(("Failed:", line) for line in failure_lines(run)),
        *(("Rejected:", line) for line in rejection_lines(run)),
        *(
            ("Not available:", f"{absent['title']}: {absent['reason']}.")
            for absent in run["absent"]
        ),
    )
    title, name = HOW_MADE
    return Section(name, title, (Points(facts),))


def _host_points(run: Run) -> Iterator[tuple[str, str]]:
    hosts = run.get("hosts") or {}
    if len(hosts) < 2:
        yield "Host:", _describe(run["host"])
        return
    for name, host in hosts.items():
        yield f"Host {shorten(name)}:", _describe(host)


def _describe(host: HostFacts) -> str:
    return (
        f"{host['system']}, {host['processor']}, {host['cores']} cores, "
        f"{host['memory_mib']:,} MiB, Linux {host['kernel']}, {host['machine']}."
    )
