"""What a run keeps of the supervisors, so that reports need nothing but the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from operator import attrgetter
from typing import cast

from bench.model.run_file import FLOOR, Article, Example, SupervisorFacts
from bench.model.usage_examples import usage_examples
from bench.recording.loc.rows import kept_rows, loc_cache
from provision.sources.packages import PackageSource
from provision.systems import System
from supervisors.base import Supervisor
from supervisors.versions import Edition


def supervisor_info(
    supervisors: Iterable[Supervisor], system: System, sources: Mapping[str, PackageSource] = {}
) -> dict[str, SupervisorFacts]:
    """Return each supervisor's facts by its name.

    sources: by supervisor, how guests got it, where not in the system's own way.
    """
    counted = kept_rows(loc_cache())
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
            "findings": supervisor.findings_of(Edition(system)),
            "usage": _usage(supervisor, system, sources.get(supervisor.name)),
            "loc": counted.get(supervisor.name),
        }
        for supervisor in sorted(supervisors, key=attrgetter("article_order", "name"))
    }


def _usage(supervisor: Supervisor, system: System, source: PackageSource | None) -> list[Example]:
    if supervisor.name == FLOOR:
        return []
    return usage_examples(supervisor, system, source)


def add_line_counts(supervisors: dict[str, SupervisorFacts]) -> bool:
    """Add lines of code that were counted after the run began; return whether any."""
    counted = kept_rows(loc_cache())
    uncounted = {name for name, facts in supervisors.items() if not facts["loc"]}
    for name in uncounted & counted.keys():
        supervisors[name]["loc"] = counted[name]
    return bool(uncounted & counted.keys())
