"""What this host can do and what to do about the rest, for `./inv doctor`."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace

import psutil
from rich.table import Table

from bench.cli.commands.floor_restart import NoImage, restart_floor
from provision.errors import Problem
from provision.host.surroundings import surroundings
from provision.lxc import limits
from provision.lxc.host_check.abilities import Trial, try_all
from provision.provider import Provider
from provision.registry import get_provider
from provision.systems import SYSTEMS

# MiB of memory for all guests of a run.
_MEMORY_MIB = 2048
_DEFAULT_SYSTEM = SYSTEMS["debian"]


@dataclass(frozen=True)
class Diagnosis:
    """One line of the doctor's: what was tried, what came of it, and what to do.

    works: false where the default run cannot be made. doubt: it can, with something missing.
    tried: false where something else has to be mended first.
    """

    name: str
    state: str
    remedy: str = ""
    works: bool = True
    doubt: bool = False
    tried: bool = True


def diagnosis_table(diagnoses: list[Diagnosis]) -> Table:
    """Return the table of those diagnoses, narrow enough for 80 columns."""
    uname = platform.uname()
    title = f"{uname.system} {uname.release}, {uname.machine}, {psutil.cpu_count()} processors"
    inside = surroundings() if platform.system() == "Linux" else ""
    table = Table(
        title=f"{title}, in {inside}" if inside else title,
        title_justify="left",
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
    )
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for diagnosis in diagnoses:
        lines = [diagnosis.state, *([f"→ {diagnosis.remedy}"] if diagnosis.remedy else [])]
        table.add_row(_mark(diagnosis), diagnosis.name, "\n".join(lines))
    return table


def _mark(diagnosis: Diagnosis) -> str:
    if not diagnosis.tried:
        return "-"
    if not diagnosis.works:
        return "✗"
    return "!" if diagnosis.doubt else "✓"


def examine(provider: str) -> list[Diagnosis]:
    """Say what that provider can do here. Raises Problem for an unknown name."""
    chosen = get_provider(provider)
    return list(_embedded(chosen) if provider == "lxc" else _systems(chosen))


def _embedded(lxc: Provider) -> Iterator[Diagnosis]:
    """Try what the default run needs: embedded guests of Debian 12, and a restart in one."""
    works = True
    for trial in try_all():
        diagnosis = _ability(trial)
        works = works and diagnosis.works
        yield diagnosis
    yield _memory()
    if platform.system() == "Linux":
        yield _limits()
    if works:
        yield _restart(lxc)
        missing = (diagnosis for diagnosis in _systems(lxc) if not diagnosis.works)
        yield from (replace(diagnosis, works=True, doubt=True) for diagnosis in missing)


def _ability(trial: Trial) -> Diagnosis:
    name, optional = trial.ability.name, bool(trial.ability.without)
    if trial.untried:
        return Diagnosis(
            name, f"not tried: {trial.untried} is missing", works=optional, tried=False
        )
    if trial.missing is None:
        return Diagnosis(name, "works")
    state = f"{trial.missing.why} {trial.ability.without}".rstrip()
    return Diagnosis(name, state, trial.missing.advice, works=optional, doubt=optional)


def _memory() -> Diagnosis:
    free = psutil.virtual_memory().available >> 20
    enough = free >= _MEMORY_MIB
    remedy = "" if enough else "Measure fewer contenders at once: ./inv bench --only=NAME"
    return Diagnosis("memory", f"{free} MiB available", remedy, doubt=not enough)


def _limits() -> Diagnosis:
    missing = limits.missing_limits()
    state = f"this host cannot limit {', '.join(missing)}" if missing else "all can be set"
    return Diagnosis("limits of guests", state, doubt=bool(missing))


def _restart(lxc: Provider) -> Diagnosis:
    name = "a restart"
    try:
        latency = restart_floor(lxc, _DEFAULT_SYSTEM)
        return Diagnosis(
            name, f"{latency:.3g} ms, the floor's in a guest of {_DEFAULT_SYSTEM.title}"
        )
    except NoImage as missing:
        return Diagnosis(name, f"not tried: {missing.what}", tried=False)
    except Problem as problem:
        state = "\n".join(part for part in (problem.what, problem.known) if part)
        return Diagnosis(name, state, problem.advice, works=False)


def _systems(provider: Provider) -> Iterator[Diagnosis]:
    for system in SYSTEMS.values():
        reason = provider.why_unavailable(system)
        label = f"--os={system.name}"
        if reason is None:
            yield Diagnosis(label, "available")
        else:
            yield Diagnosis(label, reason.why, reason.advice, works=False)
