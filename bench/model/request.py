"""What `invoke bench` can be asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bench.model.overlays import overlays, overlays_of_run
from bench.scenarios import scenarios
from provision.errors import Problem
from provision.sources.overlay import Overlay
from provision.systems import Mirror, System, named, unknown
from supervisors.base import ARTICLE_YEAR

DEFAULT_SCENARIOS = ("restart", "footprint")
ALL = "all"
UNSTABLE = "unstable"
# What an option is called on the command line, where that is another name.
_FLAGS = {"system": "os", "scenarios": "scenario", "overlays": "overlay"}


@dataclass(frozen=True)
class BenchRequest:
    """What was asked for.

    trials 0: as many as the depth says; versions: `2012` for the article's, where a source has
    them; overlays: by supervisor; trace: the kernel's tracepoints as a witness; redo: which
    contenders of the latest run to repeat, with its options.
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
    trace: bool = False
    redo: str = ""

    @classmethod
    def checked(
        cls,
        system: str,
        provider: str,
        only: Sequence[str] | None,
        scenario: Sequence[str] | None,
        role: str,
        profile: str,
        trials: str,
        seed: str,
        quick: bool,
        keep: bool,
        resume: bool,
        box: str = "",
        versions: str = "",
        mirror: Mirror | None = None,
        overlay: Sequence[str] | None = None,
        trace: bool = False,
        redo: str = "",
    ) -> BenchRequest:
        """From the command line; a comma separates as a repetition does. Raises Problem."""
        if keep and resume:
            raise Problem(
                "--keep and --resume contradict each other: guests kept would be measured twice.",
                advice="Leave one of them out.",
                usage=True,
            )
        if versions not in ("", ARTICLE_YEAR):
            raise unknown("set of versions", versions, [ARTICLE_YEAR])
        if redo and redo != UNSTABLE:
            raise unknown("kind of contender to repeat", redo, [UNSTABLE])
        if redo and resume:
            raise Problem(
                "--redo and --resume contradict each other.",
                known="--resume measures what is missing, --redo what is there already.",
                advice="Resume first, then repeat.",
                usage=True,
            )
        where = mirror or Mirror()
        asked = cls(
            system, provider, _split(only), _scenarios(_split(scenario)), role, profile,
            _number("trials", trials, least=1) if trials else 0, _number("seed", seed, least=0),
            quick, keep, resume, box, versions, where,
            overlays(overlay or (), named(system, where)), trace, redo,
        )  # fmt: skip
        _check_redone(asked)
        return asked

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> BenchRequest:
        """The options that a run was made with.

        Raises Problem for a run of other options than there are now, and for an overlay that has
        changed.
        """
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in run["options"].items()
        }
        try:
            asked = cls(**{**given, "mirror": Mirror(**given["mirror"]), "overlays": {}})
        except (KeyError, TypeError) as failure:
            raise Problem(
                f"{run['id']} was made with other options than there are now.",
                known=str(failure),
                advice="Measure anew, without --redo.",
                usage=True,
            ) from failure
        return replace(asked, overlays=overlays_of_run(run, asked.guests))

    @property
    def guests(self) -> System:
        """The system of the guests, from the mirror asked for. Raises Problem."""
        return named(self.system, self.mirror)

    def same_question(self) -> dict[str, Any]:
        """What must be equal for one run to be the other's continuation."""
        asked = {
            **self.__dict__,
            "resume": False,
            "keep": False,
            "redo": "",
            "mirror": asdict(self.mirror),
            "overlays": {name: overlay.digest for name, overlay in self.overlays.items()},
        }
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asked.items()
        }


def _check_redone(asked: BenchRequest) -> None:
    """Raises Problem where it is asked to repeat, and otherwise than it was measured."""
    plain = BenchRequest(redo=asked.redo)
    given = [name for name in vars(plain) if getattr(asked, name) != getattr(plain, name)]
    if not asked.redo or not given:
        return
    flags = ", ".join(f"--{_FLAGS.get(name, name)}" for name in given)
    raise Problem(
        f"--redo and {flags} contradict each other.",
        known="--redo measures with the options of the latest run.",
        advice=f"./inv bench --redo={asked.redo}",
        usage=True,
    )


def _number(name: str, text: str, *, least: int) -> int:
    """A whole number from the command line, where a parser of its own would end in a traceback."""
    if text.isascii() and text.isdigit() and int(text) >= least:
        return int(text)
    raise Problem(
        f"--{name}={text} makes no sense.",
        advice=f"Ask for a whole number, {least} or more, or leave it out.",
        usage=True,
    )


def _split(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(name for value in values or () for name in value.split(",") if name)


def _scenarios(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return DEFAULT_SCENARIOS
    if ALL in names:
        return tuple(scenarios())
    for name in names:
        if name not in scenarios():
            raise unknown("scenario", name, [*scenarios(), ALL])
    return names
