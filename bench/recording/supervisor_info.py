"""What a run keeps of the supervisors themselves, so that readers need nothing but the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bench.model.run_file import FLOOR
from bench.model.usage_examples import usage_examples
from bench.recording.loc import FOLDER, kept
from provision.cache import cache_folder
from provision.sources.packages import PackageSource
from provision.systems import System
from supervisors.base import Supervisor


def supervisor_info(
    supervisors: Iterable[Supervisor], system: System, sources: Mapping[str, PackageSource] = {}
) -> dict[str, Any]:
    """By name: facts, the row of 2012, the idea, findings, usage examples, lines of code.

    sources: how guests got it, by name, where not in the system's own way.
    """
    counted = kept(cache_folder() / FOLDER)
    return {
        each.name: {
            "title": each.title,
            "home": each.home_page,
            "rank": each.article_order,
            "needs_pid1": each.needs_pid1,
            "can_pid1": each.can_be_pid1,
            "roles": sorted({contender.role for contender in each.contenders}),
            "article": each.article.__dict__ if each.article else None,
            "idea": each.idea,
            "findings": list(each.findings),
            "usage": []
            if each.name == FLOOR
            else usage_examples(each, system, sources.get(each.name)),
            "loc": counted.get(each.name),
        }
        for each in sorted(supervisors, key=lambda each: (each.article_order, each.name))
    }


def add_line_counts(supervisors: dict[str, Any]) -> bool:
    """Add the lines of code that were counted since, to what a run keeps; whether there are any."""
    counted = kept(cache_folder() / FOLDER)
    news = {name for name, facts in supervisors.items() if not facts["loc"]} & counted.keys()
    for name in news:
        supervisors[name]["loc"] = counted[name]
    return bool(news)
