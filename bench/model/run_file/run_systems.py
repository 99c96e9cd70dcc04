"""What a run records of its systems: one, or several that were measured side by side."""

from __future__ import annotations

from collections.abc import Sequence

from bench.model.run_file import SystemFacts, SystemsOfRun


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


def replace_system(systems: Sequence[SystemFacts], facts: SystemFacts) -> SystemsOfRun:
    """Return the keys with what is now known of one system, of those that a run has so far."""
    return systems_of_run(
        [facts if facts["name"] == system["name"] else system for system in systems]
    )
