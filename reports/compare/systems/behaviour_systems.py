"""On which systems of a run behaviour was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from bench.model.run_file import FLOOR, ContenderResult, Run
from bench.model.run_file.run_systems import list_systems
from reports.compare.systems.system_views import release_of


def describe_behaviour_systems(run: Run) -> str:
    """Say where behaviour was measured; empty where that is wherever supervisors were, or nowhere.

    What most supervisors have in common is said once, and then the others.
    """
    everywhere = _titles(run, lambda contender: True)
    judged = _titles(run, _has_verdicts)
    several = {name: titles for name, titles in judged.items() if len(everywhere[name]) > 1}
    partly = {name: titles for name, titles in several.items() if titles != everywhere[name]}
    if not partly:
        return ""
    usual, _ = Counter(several.values()).most_common(1)[0]
    exceptions = [
        f"{run['supervisors'][name]['title']}: {', '.join(titles)}"
        for name, titles in partly.items()
        if titles != usual
    ]
    brackets = f" ({'; '.join(exceptions)})" if exceptions else ""
    only = " only" if len(usual) < len(list_systems(run)) else ""
    return f"Behaviour was measured on {', '.join(usual)}{only}{brackets}."


def _titles(run: Run, includes: Callable[[ContenderResult], bool]) -> dict[str, tuple[str, ...]]:
    """Return the titles of the systems on which each supervisor has such a contender."""
    titles = {release_of(system): system["title"] for system in list_systems(run)}
    releases: dict[str, set[str]] = {}
    for contender in run["contenders"]:
        release = contender["name"].partition("@")[2]
        if release in titles and contender["supervisor"] != FLOOR and includes(contender):
            releases.setdefault(contender["supervisor"], set()).add(release)
    return {
        name: tuple(title for release, title in titles.items() if release in held)
        for name, held in releases.items()
    }


def _has_verdicts(contender: ContenderResult) -> bool:
    return any(result.get("verdicts") for result in contender["scenarios"].values())
