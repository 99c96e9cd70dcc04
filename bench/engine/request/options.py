"""The options of a run: as typed on the command line, validated, and as run.json keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bench.engine.request.purposes import without_other_purposes
from bench.model.name_lists import split_names
from bench.model.overlays import overlays_of_run, parse_overlays
from bench.model.own_configurations import configurations_of_run, parse_configurations
from bench.model.scenario_names import current_name
from bench.model.selection import (
    EVERY_ROLE,
    SelectedContenders,
    Selection,
    select_contenders,
)
from bench.model.version_choice import VersionChoice
from bench.recording.store import read_run, run_folder
from bench.scenarios import scenarios, usual_scenarios
from provision.errors import Problem
from provision.sources.overlay import Overlay
from provision.systems import Mirror, System, get_systems, main_system, unknown_name_error
from supervisors import supervisors
from supervisors.own_files import OwnFiles

DEFAULT_SCENARIOS = ("restart", "footprint")
ALL = "all"
UNSTABLE = "unstable"
# A contender of 100,000 trials takes days; seeds beyond 32 bits are nobody's.
MOST_TRIALS, MOST_SEED = 100_000, 2**32 - 1
# Command-line names of the recorded options that have another name there.
_FLAGS = {
    "system": "os",
    "scenarios": "scenario",
    "overlays": "overlay",
    "configurations": "config",
}


@dataclass(frozen=True)
class SystemOptions:
    """What runs in the guests and what makes them, as typed on the command line.

    os: a system, several with commas between them, or `debian-all`. versions: `2012` for the
    article's versions where a source has them, or NAME=VERSION. overlay: NAME=DIR or DIR, a build
    of one's own that is laid over the guests. config: NAME=DIR, files of one's own that are laid
    over the templates of a contender.
    """

    os: str = "debian"
    provider: str = "auto"
    box: str = ""
    versions: str = ""
    mirror: str = ""
    snapshot: str = ""
    keyring: str = ""
    aur: str = ""
    accept_expired: bool = False
    overlay: Sequence[str] = ()
    config: Sequence[str] = ()

    def systems(self) -> tuple[System, ...]:
        """Look up the systems, the oldest first, and attach the mirror. Raises Problem."""
        VersionChoice.parse(self.versions)
        mirror = Mirror.from_options(
            self.mirror, self.snapshot, self.keyring, self.aur, accept_expired=self.accept_expired
        )
        systems = get_systems(self.os, mirror)
        if len(systems) > 1:
            self._check_several(systems)
        return systems

    def _check_several(self, systems: Sequence[System]) -> None:
        """Refuse what makes sense for the guests of one system only. Raises Problem."""
        one_alone = {"box": self.box, "versions": self.versions}
        given = [f"--{name}" for name, value in one_alone.items() if value]
        if self.provider not in ("auto", "lxc"):
            given.append(f"--provider={self.provider}")
        if given:
            raise Problem(
                f"{' and '.join(given)} cannot be combined with several systems:"
                f" {', '.join(system.release for system in systems)}.",
                known="Guests of several systems run side by side, each embedded and as packaged.",
                advice="Name one system with --os.",
                usage=True,
            )

    def system(self) -> System:
        """Look up the only system. Raises Problem where several are named."""
        first, *others = self.systems()
        if others:
            raise Problem(f"--os={self.os} names several systems; this takes one.", usage=True)
        return first

    def overlays(self) -> dict[str, Overlay]:
        """Read the overlay folders, by supervisor. Raises Problem."""
        return parse_overlays(self.overlay, main_system(self.systems()))


@dataclass(frozen=True)
class SelectionOptions:
    """Which contenders and scenarios, as typed: repeated values or values separated by commas."""

    only: Sequence[str] = ()
    scenario: Sequence[str] = ()
    role: str = ""
    profile: str = ""


@dataclass(frozen=True)
class EffortOptions:
    """How much is measured, as typed. trials: empty for the default number."""

    trials: str = ""
    seed: str = "1"
    quick: bool = False


@dataclass(frozen=True)
class ModeOptions:
    """How the run goes about it, as typed. redo: `unstable` or empty."""

    keep: bool = False
    resume: bool = False
    redo: str = ""
    trace: bool = False


@dataclass(frozen=True)
class RunOptions:
    """The options of a run, validated; run.json keeps them, and a resumed run must repeat them.

    trials: 0 for the default number. overlays: by supervisor. configurations: by the beginning of
    contenders' names. redo: `unstable` or empty.
    """

    system: str = "debian"
    provider: str = "auto"
    only: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = DEFAULT_SCENARIOS
    role: str = ""
    profile: str = ""
    trials: int = 0
    seed: int = 1
    quick: bool = False
    keep: bool = False
    resume: bool = False
    box: str = ""
    versions: str = ""
    mirror: Mirror = field(default_factory=Mirror)
    overlays: Mapping[str, Overlay] = field(default_factory=dict)
    configurations: Mapping[str, OwnFiles] = field(default_factory=dict)
    trace: bool = False
    redo: str = ""

    @property
    def guest_systems(self) -> tuple[System, ...]:
        """The systems of the guests, the oldest first, with their mirror. Raises Problem."""
        return get_systems(self.system, self.mirror)

    @property
    def continues_latest(self) -> bool:
        """Whether the latest run goes on instead of a new one."""
        return self.resume or bool(self.redo)

    def as_json(self) -> dict[str, Any]:
        """Return the options as run.json holds them, without how the run was continued."""
        plain = {
            **vars(self),
            "resume": False,
            "keep": False,
            "redo": "",
            "mirror": asdict(self.mirror),
            "overlays": {name: overlay.digest for name, overlay in self.overlays.items()},
            "configurations": {name: own.digest for name, own in self.configurations.items()},
        }
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()
        }

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> RunOptions:
        """Read the options of an earlier run.

        Raises Problem if it has other options than there are today, or if an overlay or a
        configuration has changed.
        """
        recorded: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in run["options"].items()
        }
        try:
            folders: dict[str, Any] = {"overlays": {}, "configurations": {}}
            options = cls(**{**recorded, "mirror": Mirror(**recorded["mirror"]), **folders})
        except (KeyError, TypeError) as failure:
            raise Problem(
                f"Cannot repeat {run['id']}: it was made with other options than there are now.",
                known=str(failure),
                advice="Start a new run without --redo.",
                usage=True,
            ) from failure
        return replace(
            options,
            overlays=overlays_of_run(run, main_system(options.guest_systems)),
            configurations=configurations_of_run(run),
        )

    def select(self) -> SelectedContenders:
        """Find the contenders to which a scenario matters. Raises Problem."""
        selected = select_contenders(
            self.guest_systems,
            Selection(self.only, self.role, self.profile),
            versions=VersionChoice.parse(self.versions),
            overlays=self.overlays,
            configurations=self.configurations,
        )
        return without_other_purposes(selected, scenarios(), self.scenarios)


def parse_options(
    system: SystemOptions = SystemOptions(),
    selection: SelectionOptions = SelectionOptions(),
    effort: EffortOptions = EffortOptions(),
    mode: ModeOptions = ModeOptions(),
) -> RunOptions:
    """Validate the options of the command line; with --redo, take those of the latest run.

    Raises Problem.
    """
    _check_continuation(mode)
    systems = system.systems()
    options = RunOptions(
        system=",".join(each.name for each in systems),
        provider=system.provider,
        only=split_names("only", selection.only),
        scenarios=_scenario_names(split_names("scenario", selection.scenario), _kinds(selection)),
        role=selection.role,
        profile=selection.profile,
        trials=whole_number("trials", effort.trials, least=1, most=MOST_TRIALS)
        if effort.trials
        else 0,
        seed=whole_number("seed", effort.seed, least=0, most=MOST_SEED),
        quick=effort.quick,
        keep=mode.keep,
        resume=mode.resume,
        box=system.box,
        versions=system.versions,
        mirror=systems[0].mirror,
        overlays=system.overlays(),
        configurations=parse_configurations(system.config),
        trace=mode.trace,
    )
    if not mode.redo:
        return options
    _check_no_other_options(options)
    return replace(RunOptions.of_run(read_run(run_folder())), redo=mode.redo)


def _check_continuation(mode: ModeOptions) -> None:
    if mode.keep and mode.resume:
        raise Problem(
            "--keep and --resume contradict each other: kept guests would be measured twice.",
            advice="Leave one of them out.",
            usage=True,
        )
    if mode.redo not in ("", UNSTABLE):
        raise unknown_name_error("kind of contender to repeat", mode.redo, [UNSTABLE])
    if mode.redo and mode.resume:
        raise Problem(
            "--redo and --resume contradict each other.",
            known="--resume measures what is missing, --redo repeats what was measured.",
            advice="Resume first, then repeat.",
            usage=True,
        )


def _check_no_other_options(options: RunOptions) -> None:
    """Raise Problem if --redo comes with options that the latest run decides."""
    default = RunOptions()
    given = [name for name in vars(default) if getattr(options, name) != getattr(default, name)]
    if not given:
        return
    flags = ", ".join(f"--{_FLAGS.get(name, name)}" for name in given)
    raise Problem(
        f"--redo and {flags} contradict each other.",
        known="--redo measures with the options of the latest run.",
        advice=f"./inv bench --redo={UNSTABLE}",
        usage=True,
    )


def whole_number(name: str, text: str, *, least: int, most: int) -> int:
    """Parse an option here, since invoke's own parser ends in a traceback. Raises Problem."""
    # Its length first: Python refuses to parse thousands of digits.
    readable = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if readable and least <= int(text) <= most:
        return int(text)
    raise Problem(
        f"--{name}={text[:40]} is not a whole number from {least} to {most}.",
        advice=f"Give a whole number from {least} to {most}, or leave --{name} out.",
        usage=True,
    )


def _kinds(selection: SelectionOptions) -> set[bool]:
    """Return whether a selection asks for inits, for supervisors, or for both.

    By the role; without one, by the names: inits where nothing else is named.
    """
    if selection.role == EVERY_ROLE:
        return {True, False}
    if selection.role or not selection.only:
        return {selection.role == "init"}
    names = (
        name.partition("/")[0].partition("@")[0] for name in split_names("only", selection.only)
    )
    found = supervisors()
    return {all(name in found and not found[name].keeps_services for name in names)}


def _scenario_names(names: tuple[str, ...], kinds: set[bool]) -> tuple[str, ...]:
    """Return the scenarios of those names, or else those that these kinds have."""
    if names and ALL not in names:
        return _known_names(names)
    every = tuple(
        name
        for name in usual_scenarios(scenarios())
        if scenarios()[name].of_inits is None or scenarios()[name].of_inits in kinds
    )
    if names:
        return every
    of_inits = (name for name in every if True in kinds and scenarios()[name].of_inits)
    return (*DEFAULT_SCENARIOS, *of_inits) if False in kinds else every


def _known_names(names: tuple[str, ...]) -> tuple[str, ...]:
    current = tuple(current_name(name) for name in names)
    for name in current:
        if name not in scenarios():
            raise unknown_name_error("scenario", name, [*scenarios(), ALL])
    return current
