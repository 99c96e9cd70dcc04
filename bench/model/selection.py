"""Which contenders a run is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.model.run_file import FLOOR as FLOOR  # also for its importers
from provision.errors import Problem
from provision.sources.packages import Present, Source
from provision.systems import System, unknown
from supervisors import supervisors
from supervisors.base import Supervisor
from supervisors.contender import Contender


@dataclass(frozen=True)
class SelectedContender:
    """A contender with its supervisor, and how its guests get that."""

    supervisor: Supervisor
    contender: Contender
    source: Source

    @property
    def name(self) -> str:
        """The contender's name, e.g. runit/runner/default/pid1."""
        return self.contender.name


def select_contenders(
    system: System,
    only: tuple[str, ...] = (),
    role: str = "",
    profile: str = "",
    *,
    versions: str = "",
    overlays: Mapping[str, Source] = {},
) -> tuple[list[SelectedContender], list[Supervisor]]:
    """The contenders asked for, the floor that they are compared to, and who is not to be had.

    only: supervisors' names, or beginnings of contenders' names such as s6/runner/tuned. versions:
    `2012` for the article's. overlays: by supervisor, what is used in place of the system's own
    source. Raises Problem for an unknown name, role or profile, and where nothing is left or to be
    had.
    """
    _check("role", role, ["runner", "monitor"])
    _check("profile", profile, ["default", "tuned"])
    every = list(supervisors().values())
    _check_names(only, every)
    asked = [each for each in every if not only or any(_asks(name, each) for name in only)]
    sources = {each.name: overlays.get(each.name) or _had(each, system, versions) for each in every}
    absent = [each for each in asked if sources[each.name] is None]
    chosen = [
        SelectedContender(each, contender, source)
        for each in asked
        if (source := sources[each.name])
        for contender in each.contenders
        if (not only or any(f"{contender.name}/".startswith(f"{name}/") for name in only))
        and role in ("", contender.role)
        and profile in ("", contender.profile)
    ]
    if not chosen and absent:
        raise Problem(
            "Nothing that was asked for is to be had.",
            known="\n".join(f"{e.name}: {e.why_unavailable(system, versions)}" for e in absent),
            advice="./inv list shows what is; --overlay=NAME=DIR takes a build of your own.",
            usage=True,
        )
    if not chosen:
        raise Problem(
            "Nothing that was asked for is both of that name, that role and that profile.",
            known=f"only={','.join(only) or 'all'} role={role or 'any'} profile={profile or 'any'}",
            advice="./inv list shows the contenders.",
            usage=True,
        )
    return _with_floor(chosen), absent


def _had(supervisor: Supervisor, system: System, versions: str) -> Source | None:
    missing = supervisor.why_unavailable(system, versions)
    return None if missing else supervisor.source(system, versions)


def _with_floor(chosen: list[SelectedContender]) -> list[SelectedContender]:
    floor = supervisors()[FLOOR]
    places = {entry.contender.pid1 for entry in chosen}
    present = {entry.name for entry in chosen}
    added = [
        SelectedContender(floor, contender, Present())
        for contender in floor.contenders
        if contender.pid1 in places and contender.name not in present
    ]
    return [*chosen, *added]


def _asks(name: str, supervisor: Supervisor) -> bool:
    return name.split("/")[0] == supervisor.name


def _check_names(only: tuple[str, ...], every: list[Supervisor]) -> None:
    for name in only:
        if name.split("/")[0] not in {each.name for each in every}:
            raise unknown("supervisor", name, [each.name for each in every])
        known = [contender.name for each in every for contender in each.contenders]
        if not any(f"{contender}/".startswith(f"{name}/") for contender in known):
            raise unknown("contender", name, known)


def _check(kind: str, value: str, known: list[str]) -> None:
    if value and value not in known:
        raise unknown(kind, value, known)
