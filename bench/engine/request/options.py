"""The options of a run: as typed on the command line, validated, and as run.json keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bench.engine.request.purposes import without_other_purposes
from bench.engine.request.scenario_choice import (
    DEFAULT_SCENARIOS,
    check_own_daemon,
    choose_scenarios,
    kinds_of,
)
from bench.model.selection.contenders import (
    SelectedContenders,
    Selection,
    select_contenders,
)
from bench.model.selection.name_lists import split_names
from bench.model.selection.overlays import overlays_of_run, parse_overlays
from bench.model.selection.own_configurations import configurations_of_run, parse_configurations
from bench.model.selection.own_daemons import keep_own_daemon, own_daemon_of_run, parse_own_daemon
from bench.model.selection.version_choice import VersionChoice
from bench.recording.store import read_run, run_folder
from bench.scenarios import scenarios
from provision.errors import Problem
from provision.registry import check_provider_name
from provision.sources.overlay import Overlay
from provision.systems import Mirror, System, get_systems, main_system, unknown_name_error
from supervisors.own_daemon import OwnDaemon
from supervisors.own_files import OwnFiles

UNSTABLE = "unstable"
# A contender of 100,000 trials takes days; seeds beyond 32 bits are nobody's.
MOST_TRIALS, MOST_SEED = 100_000, 2**32 - 1
# Command-line names of the recorded options that have another name there.
_FLAGS = {
    "system": "os",
    "scenarios": "scenario",
    "overlays": "overlay",
    "configurations": "config",
    "url": "mirror",
    "expired": "accept-expired",
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
        check_provider_name(self.provider)
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
class DaemonOptions:
    """A person's own program in place of the suite's daemon, as typed.

    daemon: its command line. ready: `port:`, `socket:` or `line:` and a value. daemon_files: a
    folder that is laid over every guest.
    """

    daemon: str = ""
    ready: str = ""
    daemon_files: str = ""


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
    contenders' names. daemon: a person's own program in place of the suite's. redo: `unstable` or
    empty.
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
    daemon: OwnDaemon | None = None
    trace: bool = False
    redo: str = ""

    @property
    def guest_systems(self) -> tuple[System, ...]:
        """The systems of the guests, the oldest first, with their mirror. Raises Problem."""
        return get_systems(self.system, self.mirror)

    @property
    def folders(self) -> tuple[Overlay, ...]:
        """The folders that installations read: each host that measures has to have them."""
        files = self.daemon.files if self.daemon else None
        return (*self.overlays.values(), *([files] if files else []))

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
            "daemon": self.daemon.record() if self.daemon else None,
        }
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()
        }

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> RunOptions:
        """Read the options of an earlier run.

        Raises Problem if it has other options than there are today, or if an overlay, a
        configuration or the files of its daemon have changed.
        """
        recorded: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in run["options"].items()
        }
        try:
            folders: dict[str, Any] = {"overlays": {}, "configurations": {}, "daemon": None}
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
            daemon=own_daemon_of_run(run, options.guest_systems),
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
        kept = keep_own_daemon(selected, self.daemon)
        return without_other_purposes(kept, scenarios(), self.scenarios)


def parse_options(
    system: SystemOptions = SystemOptions(),
    selection: SelectionOptions = SelectionOptions(),
    effort: EffortOptions = EffortOptions(),
    mode: ModeOptions = ModeOptions(),
    daemon: DaemonOptions = DaemonOptions(),
) -> RunOptions:
    """Validate the options of the command line; with --redo, take those of the latest run.

    Raises Problem.
    """
    _check_continuation(mode)
    systems = system.systems()
    own = parse_own_daemon(daemon.daemon, daemon.ready, daemon.daemon_files, systems)
    options = RunOptions(
        system=",".join(chosen.name for chosen in systems),
        provider=system.provider,
        only=split_names("only", selection.only),
        scenarios=choose_scenarios(
            split_names("scenario", selection.scenario),
            kinds_of(selection.role, split_names("only", selection.only)),
            own_daemon=own is not None,
        ),
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
        daemon=own,
        trace=mode.trace,
    )
    check_own_daemon(options.daemon, options.scenarios, trace=options.trace)
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
    given = [
        *_differing(replace(options, mirror=Mirror()), RunOptions()),
        *_differing(options.mirror, Mirror()),
    ]
    if not given:
        return
    flags = ", ".join(f"--{_FLAGS.get(name, name)}" for name in given)
    raise Problem(
        f"--redo and {flags} contradict each other.",
        known="--redo measures with the options of the latest run.",
        advice=f"./inv bench --redo={UNSTABLE}",
        usage=True,
    )


def _differing(options: RunOptions | Mirror, default: RunOptions | Mirror) -> list[str]:
    """Return the names of the fields that have other values than the default ones."""
    return [name for name in vars(default) if getattr(options, name) != getattr(default, name)]


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
