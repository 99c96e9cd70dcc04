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


def list_systems(run: SystemsOfRun) -> list[SystemFacts]:
    """Return the systems of a run, the oldest first."""
    return run.get("systems") or [run["system"]]


def united_systems(runs: Sequence[SystemsOfRun]) -> SystemsOfRun:
    """Return the keys with all systems of those runs, the oldest first."""
    known = {system["name"]: system for run in reversed(runs) for system in list_systems(run)}
    order = {name: number for number, name in enumerate(SYSTEMS)}
    return systems_of_run(
        sorted(known.values(), key=lambda system: order.get(system["name"], len(order)))
    )


def replace_system(systems: Sequence[SystemFacts], facts: SystemFacts) -> SystemsOfRun:
    """Return the keys with what is now known of one system, of those that a run has so far."""
    return systems_of_run(
        [facts if facts["name"] == system["name"] else system for system in systems]
    )
