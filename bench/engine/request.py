"""What a person asked `bench` for: parsed, validated and resolved before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from bench.model.overlays import overlays_of_run, parse_overlays
from bench.model.scenario import Scenario
from bench.model.selection import (
    AbsentSupervisor,
    SelectedContender,
    Selection,
    select_contenders,
    with_floor,
)
from bench.recording.store import find, read_run
from bench.scenarios import scenarios
from provision.errors import Problem
from provision.sources.overlay import Overlay
from provision.systems import Mirror, System, get_system, unknown_name_error
from supervisors.base import ARTICLE_YEAR

DEFAULT_SCENARIOS = ("restart", "footprint")
ALL = "all"
UNSTABLE = "unstable"
Continuation = Literal["", "resume", "redo"]
# Command-line names of the recorded options that have another name there.
_FLAGS = {"system": "os", "scenarios": "scenario", "overlays": "overlay"}


@dataclass(frozen=True)
class SystemOptions:
    """What runs in the guests and what makes them, as typed on the command line.

    versions: `2012` for the article's versions where a source has them. overlay: NAME=DIR or DIR,
    a build of one's own that is laid over the guests.
    """

    os: str = "debian"
    provider: str = "auto"
    box: str = ""
    versions: str = ""
    mirror: str = ""
    snapshot: str = ""
    keyring: str = ""
    aur: str = ""
    overlay: Sequence[str] = ()

    def system(self) -> System:
        """Look up the system and attach the mirror. Raises Problem."""
        if self.versions not in ("", ARTICLE_YEAR):
            raise unknown_name_error("set of versions", self.versions, [ARTICLE_YEAR])
        mirror = Mirror.from_options(self.mirror, self.snapshot, self.keyring, self.aur)
        return get_system(self.os, mirror)

    def overlays(self) -> dict[str, Overlay]:
        """Read the overlay folders, by supervisor. Raises Problem."""
        return parse_overlays(self.overlay, self.system())


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
    """The options of a run as run.json keeps them: what a resumed run must have in common.

    trials: 0 for the default number. overlays: the digest of each build, by supervisor.
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
    overlays: Mapping[str, str] = field(default_factory=dict)
    trace: bool = False
    redo: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the options as run.json holds them, without how the run was continued."""
        neutral = replace(self, resume=False, keep=False, redo="")
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(neutral).items()
        }

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> RunOptions:
        """Read the options of an earlier run. Raises Problem if it has other ones than today."""
        recorded: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in run["options"].items()
        }
        try:
            return cls(**{**recorded, "mirror": Mirror(**recorded["mirror"])})
        except (KeyError, TypeError) as failure:
            raise Problem(
                f"Cannot repeat {run['id']}: it was made with other options than there are now.",
                known=str(failure),
                advice="Start a new run without --redo.",
                usage=True,
            ) from failure


@dataclass(frozen=True)
class BenchRequest:
    """What to measure, with everything resolved: all that the engine is given.

    contenders: the floor included. absent: selected supervisors that this system does not get.
    continuation: whether and how the latest run goes on. options: what the person chose.
    """

    system: System
    contenders: tuple[SelectedContender, ...]
    absent: tuple[AbsentSupervisor, ...]
    scenarios: tuple[Scenario, ...]
    continuation: Continuation
    options: RunOptions

    def only(self, contender: str) -> BenchRequest:
        """Ask for one contender, and the floor beside it."""
        chosen = [selected for selected in self.contenders if selected.name == contender]
        return replace(
            self,
            contenders=tuple(with_floor(chosen)),
            absent=(),
            options=replace(self.options, only=(contender,)),
        )


def parse_request(
    system: SystemOptions = SystemOptions(),
    selection: SelectionOptions = SelectionOptions(),
    effort: EffortOptions = EffortOptions(),
    mode: ModeOptions = ModeOptions(),
) -> BenchRequest:
    """Validate the options of the command line and resolve what they name. Raises Problem."""
    _check_continuation(mode)
    overlays = system.overlays()
    options = RunOptions(
        system=system.os,
        provider=system.provider,
        only=_split(selection.only),
        scenarios=_scenario_names(_split(selection.scenario)),
        role=selection.role,
        profile=selection.profile,
        trials=_whole_number("trials", effort.trials, least=1) if effort.trials else 0,
        seed=_whole_number("seed", effort.seed, least=0),
        quick=effort.quick,
        keep=mode.keep,
        box=system.box,
        versions=system.versions,
        mirror=system.system().mirror,
        overlays={name: overlay.digest for name, overlay in overlays.items()},
        trace=mode.trace,
    )
    if mode.redo:
        return _repeat_latest(options)
    return _resolve(options, overlays, "resume" if mode.resume else "")


def _repeat_latest(options: RunOptions) -> BenchRequest:
    """Ask again what the latest run was asked. Raises Problem where other options are given."""
    _check_no_other_options(options)
    run = read_run(find())
    repeated = RunOptions.of_run(run)
    return _resolve(repeated, overlays_of_run(run, _system(repeated)), "redo")


def _system(options: RunOptions) -> System:
    return get_system(options.system, options.mirror)


def _resolve(
    options: RunOptions, overlays: Mapping[str, Overlay], continuation: Continuation
) -> BenchRequest:
    system = _system(options)
    chosen = select_contenders(
        system,
        Selection(options.only, options.role, options.profile),
        versions=options.versions,
        overlays=overlays,
    )
    return BenchRequest(
        system=system,
        contenders=chosen.contenders,
        absent=chosen.absent,
        scenarios=tuple(scenarios()[name] for name in options.scenarios),
        continuation=continuation,
        options=options,
    )


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


def _whole_number(name: str, text: str, *, least: int) -> int:
    """Parse a number here, since invoke's own parser ends in a traceback."""
    if text.isascii() and text.isdigit() and int(text) >= least:
        return int(text)
    raise Problem(
        f"--{name}={text} is not a whole number of at least {least}.",
        advice=f"Give a whole number, {least} or more, or leave --{name} out.",
        usage=True,
    )


def _split(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for value in values for name in value.split(",") if name)


def _scenario_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return DEFAULT_SCENARIOS
    if ALL in names:
        return tuple(scenarios())
    for name in names:
        if name not in scenarios():
            raise unknown_name_error("scenario", name, [*scenarios(), ALL])
    return names
