"""What `invoke bench` can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.scenarios import scenarios
from provision.errors import Problem
from provision.systems import unknown

DEFAULT_SCENARIOS = ("restart", "footprint")
ALL = "all"


@dataclass(frozen=True)
class Options:
    """What was asked for; trials 0: as many as the depth says."""

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

    @classmethod
    def checked(
        cls,
        system: str,
        provider: str,
        only: Sequence[str] | None,
        scenario: Sequence[str] | None,
        role: str,
        profile: str,
        trials: int | None,
        seed: int,
        quick: bool,
        keep: bool,
        resume: bool,
    ) -> Options:
        """From the command line; a comma separates as a repetition does. Raises Problem."""
        if trials is not None and trials < 1:
            raise Problem(
                f"--trials={trials} makes no sense.",
                advice="Ask for 1 or more, or leave it out.",
                usage=True,
            )
        if keep and resume:
            raise Problem(
                "--keep and --resume contradict each other: guests kept would be measured twice.",
                advice="Leave one of them out.",
                usage=True,
            )
        return cls(
            system, provider, _split(only), _scenarios(_split(scenario)), role, profile,
            trials or 0, seed, quick, keep, resume,
        )  # fmt: skip

    def same_question(self) -> dict[str, Any]:
        """What must be equal for one run to be the other's continuation."""
        asked = {**self.__dict__, "resume": False, "keep": False}
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asked.items()
        }


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
