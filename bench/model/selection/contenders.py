"""Which contenders a run measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bench.model.run_file import FLOOR
from bench.model.selection.own_configurations import configure
from bench.model.selection.profile_names import FORMER_PROFILE, begins_with, has_profile
from bench.model.selection.version_choice import VersionChoice
from provision.errors import Problem
from provision.sources.packages import PackageSource, Present
from provision.systems import System, main_system, unknown_name_error
from supervisors import supervisors
from supervisors.base import Supervisor
from supervisors.contender import PROFILES, ROLES, Contender
from supervisors.own_files import OwnFiles
from supervisors.skeleton_marks import is_filled_in
from supervisors.versions import Edition

NO_CHOICE = VersionChoice()
# The value of --role that selects supervisors and inits.
EVERY_ROLE = "all"
# In --only, a part of a contender's name in place of which any may stand.
ANY = "*"


@dataclass(frozen=True)
class SelectedContender:
    """A contender with its supervisor, how guests get that one, and the guests' system."""

    supervisor: Supervisor
    contender: Contender
    source: PackageSource
    system: System

    @property
    def name(self) -> str:
        """The contender's name, e.g. runit/runner/default/pid1."""
        return self.contender.name


@dataclass(frozen=True)
class AbsentSupervisor:
    """A selected supervisor that a system does not get, and why."""

    supervisor: Supervisor
    reason: str


@dataclass(frozen=True)
class Selection:
    """Selection criteria; empty ones select everything.

    only: names of supervisors, or beginnings of contenders' names such as s6/runner/fast or
    */*/default; each may end with @ and the codename of a system, such as s6@trixie. role: "init"
    also selects the supervisors beside which inits are measured: as PID 1, in their default
    profile. Inits are selected by that role, by `all`, or by their names only.
    """

    only: tuple[str, ...] = ()
    role: str = ""
    profile: str = ""

    def on(self, system: System) -> Selection | None:
        """Return what it selects of one system's contenders; None where that is nothing."""
        parts = [name.partition("@") for name in self.only]
        names = tuple(name for name, _, release in parts if release in ("", system.release))
        return replace(self, only=names) if names or not self.only else None

    def has_supervisor(self, supervisor: Supervisor) -> bool:
        """Whether any contender of that supervisor may be selected."""
        if supervisor.name in self._supervisors:
            return True
        if self._supervisors and ANY not in self._supervisors:
            return False
        wanted = supervisor.keeps_services or self.role in ("init", EVERY_ROLE)
        return wanted and is_filled_in(supervisor.folder)

    @property
    def _supervisors(self) -> set[str]:
        """The supervisors that `only` names; ANY among them for all."""
        return {_supervisor_of(name) for name in self.only}

    def unfilled(self) -> tuple[str, ...]:
        """Return the supervisors that are left out because their folder is not filled in."""
        if self._supervisors and ANY not in self._supervisors:
            return ()
        every = supervisors().values()
        return tuple(supervisor.name for supervisor in every if not is_filled_in(supervisor.folder))

    def has_contender(self, contender: Contender) -> bool:
        """Whether that contender is selected, on whichever system."""
        return (
            (not self.only or any(_is_named(contender.name, name) for name in self.only))
            and self._has_role(contender)
            and (not self.profile or has_profile(contender.profile, self.profile))
        )

    def _has_role(self, contender: Contender) -> bool:
        if self.role == "init":
            beside = contender.pid1 and contender.profile == "default"
            return contender.role == "init" or beside
        return self.role in ("", EVERY_ROLE, contender.role)

    def __str__(self) -> str:
        return (
            f"--only={','.join(self.only) or '(all)'}"
            f" --role={self.role or '(any)'} --profile={self.profile or '(any)'}"
        )


@dataclass(frozen=True)
class SelectedContenders:
    """The contenders of a run, the floor included, and the supervisors that have no source.

    unfilled: names of supervisors whose folder has marks of `./inv new`, where none was named.
    """

    contenders: tuple[SelectedContender, ...]
    absent: tuple[AbsentSupervisor, ...]
    unfilled: tuple[str, ...] = ()


def select_contenders(
    systems: Sequence[System],
    selection: Selection,
    *,
    versions: VersionChoice = NO_CHOICE,
    overlays: Mapping[str, PackageSource] = {},
    configurations: Mapping[str, OwnFiles] = {},
) -> SelectedContenders:
    """Find the selected contenders and add the floor that they are compared with.

    Of several systems, the releases of each contender follow each other, and the floor is common:
    it runs on Debian 12 where that is one of them, else on the first. versions: those of choice,
    where not the system's own. overlays: by supervisor, used in place of any source, of several
    systems on that of the floor. configurations: by the beginning of contenders' names. Raises
    Problem for an unknown name, role or profile, for files that cannot be rendered, and where
    nothing is selected or available.
    """
    _check_selection(selection, systems)
    chosen: list[SelectedContender] = []
    absent: list[AbsentSupervisor] = []
    main = main_system(systems)
    for system in systems:
        if part := selection.on(system):
            builds = overlays if system == main else {}
            contenders, missing = _select_on(system, part, versions, builds)
            chosen += contenders
            absent += missing
    chosen = [
        replace(selected, contender=configure(selected.contender, configurations))
        for selected in chosen
    ]
    if not chosen:
        raise _nothing_selected(selection, absent)
    if len(systems) > 1:
        chosen = _with_releases(chosen)
    # A reason that several systems share is one; a build is measured, if only on one of them.
    absent = [
        absence for absence in dict.fromkeys(absent) if absence.supervisor.name not in overlays
    ]
    return SelectedContenders(tuple(_with_floor(chosen, main)), tuple(absent), selection.unfilled())


def _select_on(
    system: System,
    selection: Selection,
    versions: VersionChoice,
    overlays: Mapping[str, PackageSource],
) -> tuple[list[SelectedContender], list[AbsentSupervisor]]:
    """Return the contenders of one system, and the supervisors that it does not get."""
    chosen: list[SelectedContender] = []
    absent: list[AbsentSupervisor] = []
    for supervisor in supervisors().values():
        if not selection.has_supervisor(supervisor):
            continue
        source = overlays.get(supervisor.name) or _available_source(supervisor, system, versions)
        if source is None:
            reason = supervisor.why_unavailable(system, versions.version_of(supervisor, system))
            absent.append(AbsentSupervisor(supervisor, reason))
            continue
        version = versions.version_of(supervisor, system)
        edition = Edition(system, version, overlay=supervisor.name in overlays)
        chosen += [
            SelectedContender(supervisor, contender.at(edition), source, system)
            for contender in supervisor.contenders
            if selection.has_contender(contender)
        ]
    return chosen, absent


def _with_releases(chosen: Sequence[SelectedContender]) -> list[SelectedContender]:
    """Name each contender by its release, and put the releases of one beside each other.

    Without the floor, which all systems have in common.
    """
    order = list(dict.fromkeys(selected.name for selected in chosen))
    return [
        replace(selected, contender=replace(selected.contender, release=selected.system.release))
        for selected in sorted(chosen, key=lambda selected: order.index(selected.name))
        if selected.supervisor.name != FLOOR
    ]


def _with_floor(chosen: Sequence[SelectedContender], system: System) -> list[SelectedContender]:
    """Add the floor, hosted or as PID 1 as the chosen contenders are, where it is missing."""
    floor = supervisors()[FLOOR]
    places = {selected.contender.pid1 for selected in chosen} or {False, True}
    present = {selected.name for selected in chosen}
    added = [
        SelectedContender(floor, contender, Present(), system)
        for contender in floor.contenders
        if contender.pid1 in places and contender.name not in present
    ]
    return [*chosen, *added]


def _nothing_selected(selection: Selection, absent: Sequence[AbsentSupervisor]) -> Problem:
    if absent:
        return Problem(
            "None of the requested supervisors is available.",
            known="\n".join(f"{missing.supervisor.name}: {missing.reason}" for missing in absent),
            advice="./inv list shows what is; --overlay=NAME=DIR takes a build of your own.",
            usage=True,
        )
    return Problem(
        "No contender matches --only, --role and --profile together.",
        known=str(selection),
        advice="./inv list shows the contenders.",
        usage=True,
    )


def _available_source(
    supervisor: Supervisor, system: System, versions: VersionChoice
) -> PackageSource | None:
    version = versions.version_of(supervisor, system)
    if supervisor.why_unavailable(system, version):
        return None
    return supervisor.source(system, version)


def _supervisor_of(name: str) -> str:
    return name.split("/")[0]


def _is_named(contender: str, name: str) -> bool:
    """Return whether a contender's name begins with those parts, of which ANY stands for any."""
    parts, own = name.split("/"), contender.split("/")
    if len(parts) > len(own):
        return False
    filled = [mine if part == ANY else part for part, mine in zip(parts, own, strict=False)]
    return begins_with(contender, "/".join(filled))


def _check_selection(selection: Selection, systems: Sequence[System]) -> None:
    _check_choice("role", selection.role, (*ROLES, EVERY_ROLE))
    _check_choice("profile", selection.profile, (*PROFILES, FORMER_PROFILE))
    contenders = [
        contender.name
        for supervisor in supervisors().values()
        for contender in supervisor.contenders
    ]
    releases = [system.release for system in systems]
    for whole in selection.only:
        name, at, release = whole.partition("@")
        if at and release not in releases:
            raise unknown_name_error("release in this run", release, releases)
        if at and len(systems) > 1 and _supervisor_of(name) == FLOOR:
            raise Problem(
                f"--only={whole}: the floor is common to all systems of a run.",
                advice=f"Measure it on one system alone: --os={release} --only={FLOOR}",
                usage=True,
            )
        if _supervisor_of(name) not in (ANY, *supervisors()):
            raise unknown_name_error("supervisor", name, list(supervisors()))
        if not any(_is_named(contender, name) for contender in contenders):
            raise unknown_name_error("contender", name, contenders)


def _check_choice(kind: str, value: str, choices: Sequence[str]) -> None:
    if value and value not in choices:
        raise unknown_name_error(kind, value, list(choices))
