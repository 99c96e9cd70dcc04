"""What a run keeps of the supervisors, so that reports need nothing but the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import cast

from bench.model.run_file import FLOOR, Article, Example, SupervisorFacts
from bench.model.selection.contenders import SelectedContender
from bench.recording.loc.rows import kept_rows, loc_cache
from bench.recording.loc.source_toml import recorded_counts
from bench.recording.usage_examples import usage_examples
from provision.sources.overlay import Overlay
from provision.systems import System
from supervisors.base import Supervisor
from supervisors.versions import Edition


def supervisor_info(
    supervisors: Iterable[Supervisor],
    systems: Sequence[System],
    contenders: Iterable[SelectedContender] = (),
) -> dict[str, SupervisorFacts]:
    """Return each supervisor's facts by its name.

    contenders: the measured ones; each knows how its guests get the supervisor.
    """
    counted, recorded = kept_rows(loc_cache()), recorded_counts()
    selected = {contender.supervisor.name: contender for contender in reversed(tuple(contenders))}
    return {
        supervisor.name: {
            "title": supervisor.title,
            "home": supervisor.home_page,
            "rank": supervisor.article_order,
            "needs_pid1": supervisor.needs_pid1,
            "can_pid1": supervisor.can_be_pid1,
            "roles": sorted({contender.role for contender in supervisor.contenders}),
            "article": cast(Article, asdict(supervisor.article)) if supervisor.article else None,
            "idea": supervisor.idea,
            "findings": _findings(supervisor, systems, selected.get(supervisor.name)),
            "usage": _usage(supervisor, systems[0], selected.get(supervisor.name)),
            "loc": counted.get(supervisor.name),
            "loc_recorded": recorded.get(supervisor.name, []),
        }
        for supervisor in sorted(supervisors, key=attrgetter("article_order", "name"))
    }


def _usage(
    supervisor: Supervisor, system: System, selected: SelectedContender | None
) -> list[Example]:
    if supervisor.name == FLOOR:
        return []
    if selected is None:
        return usage_examples(supervisor, system)
    return usage_examples(supervisor, selected.system, selected.source)


def _findings(
    supervisor: Supervisor, systems: Sequence[System], selected: SelectedContender | None
) -> list[str]:
    """Return what is known to differ from the manual, and where not on all systems, on which."""
    overlay = selected is not None and selected.source.kind == Overlay.kind
    findings = []
    for finding in supervisor.findings:
        where = [
            system for system in systems if finding.holds_for(Edition(system, overlay=overlay))
        ]
        if len(where) == len(systems):
            findings.append(finding.sentence)
        elif where:
            findings.append(f"{', '.join(system.title for system in where)}: {finding.sentence}")
    return findings


def add_line_counts(supervisors: dict[str, SupervisorFacts]) -> bool:
    """Add lines of code that were counted after the run began; return whether any."""
    counted = kept_rows(loc_cache())
    uncounted = {name for name, facts in supervisors.items() if not facts["loc"]}
    for name in uncounted & counted.keys():
        supervisors[name]["loc"] = counted[name]
    return bool(uncounted & counted.keys())
