"""What a run records of its systems: one, or several that were measured side by side."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.run_file import SystemFacts, SystemsOfRun
from provision.systems import SYSTEMS


def systems_of_run(systems: Sequence[SystemFacts]) -> SystemsOfRun:
    """Return the keys `system` and `systems` of run.json, the latter for several systems alone."""
    if len(systems) == 1:
        return {"system": systems[0]}
    return {
        "system": {
            "name": ",".join(system["name"] for system in systems),
            "title": ", ".join(system["title"] for system in systems),
            "mirror": systems[0].get("mirror", {}),
        },
        "systems": list(systems),
    }


def main_system_name(run: SystemsOfRun) -> str:
    """Return the name of the system of what a run has once, its floor: Debian 12, or the first."""
    names = [system["name"] for system in run.get("systems") or [run["system"]]]
    return "debian" if "debian" in names else names[0]


def united_systems(runs: Sequence[SystemsOfRun]) -> SystemsOfRun:
    """Return the keys with all systems of those runs, the oldest first."""
    known = {
        system["name"]: system
        for run in reversed(runs)
        for system in run.get("systems") or [run["system"]]
    }
    order = {name: number for number, name in enumerate(SYSTEMS)}
    return systems_of_run(
        sorted(known.values(), key=lambda system: order.get(system["name"], len(order)))
    )


def replace_system(systems: Sequence[SystemFacts], facts: SystemFacts) -> SystemsOfRun:
    """Return the keys with what is now known of one system, of those that a run has so far."""
    return systems_of_run(
        [facts if facts["name"] == system["name"] else system for system in systems]
    )
