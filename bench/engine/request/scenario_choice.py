"""Chooses the scenarios of a run: the named ones, or those that its contenders need."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bench.model.selection.contenders import EVERY_ROLE
from bench.model.selection.scenario_names import current_name
from bench.scenarios import scenarios, usual_scenarios
from provision.errors import Problem
from provision.systems import unknown_name_error
from supervisors import supervisors
from supervisors.own_daemon import OwnDaemon

DEFAULT_SCENARIOS = ("restart", "footprint")
ALL = "all"


def kinds_of(role: str, only: Sequence[str]) -> set[bool]:
    """Return whether a selection asks for inits, for supervisors, or for both.

    By the role; without one, by the names: inits where nothing else is named.
    """
    if role == EVERY_ROLE:
        return {True, False}
    if role or not only:
        return {role == "init"}
    names = (name.partition("/")[0].partition("@")[0] for name in only)
    found = supervisors()
    return {all(name in found and not found[name].keeps_services for name in names)}


def choose_scenarios(
    names: tuple[str, ...], kinds: Collection[bool], *, own_daemon: bool
) -> tuple[str, ...]:
    """Return the scenarios of those names, or else those that these kinds have.

    own_daemon: whether a person's own program is measured, which few scenarios take. Raises Problem
    for an unknown name.
    """
    if names and ALL not in names:
        return _known_names(names)
    if own_daemon and not names:
        return tuple(name for name in DEFAULT_SCENARIOS if scenarios()[name].takes_own_daemon)
    every = tuple(
        name
        for name in usual_scenarios(scenarios())
        if scenarios()[name].of_inits is None or scenarios()[name].of_inits in kinds
    )
    if names:
        return every
    of_inits = (name for name in every if True in kinds and scenarios()[name].of_inits)
    return (*DEFAULT_SCENARIOS, *of_inits) if False in kinds else every


def check_own_daemon(daemon: OwnDaemon | None, names: Sequence[str], *, trace: bool) -> None:
    """Raise Problem for what a person's own program does not go with. names: of the scenarios."""
    if daemon is None:
        return
    if trace:
        raise Problem(
            "--trace and --daemon contradict each other.",
            known="In the kernel's trace, a start is known by the name of the suite's own daemon.",
            advice="Leave one of them out.",
            usage=True,
        )
    takers = [name for name, scenario in scenarios().items() if scenario.takes_own_daemon]
    if not set(takers) & set(names):
        raise Problem(
            f"--scenario={','.join(names)} cannot measure a program of your own.",
            known="It needs the suite's own daemon, which behaves as the scenario asks.",
            advice=f"Leave --daemon out, or name a scenario that takes it: {', '.join(takers)}.",
            usage=True,
        )


def _known_names(names: tuple[str, ...]) -> tuple[str, ...]:
    current = tuple(current_name(name) for name in names)
    for name in current:
        if name not in scenarios():
            raise unknown_name_error("scenario", name, [*scenarios(), ALL])
    return current
