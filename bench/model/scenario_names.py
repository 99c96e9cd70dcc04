"""Former names of scenarios: older runs have them, and --scenario still takes them."""

from __future__ import annotations

from typing import TypeVar

from bench.model.run_file import Run

# Former name -> name. The only place: what reads a name from a file or an option calls
# `current_name`, so that all other code knows the new name alone.
FORMER_NAMES = {"amnesia": "supervisor-killed"}
_MEASURE = "measure "  # the phase of a guest that measures a scenario, before its name
_V = TypeVar("_V")


def current_name(name: str) -> str:
    """Return the name that a scenario has today."""
    return FORMER_NAMES.get(name, name)


def update_names(run: Run) -> None:
    """Give the scenarios of a run that was read from a file the names that they have today."""
    options = run["options"]
    if "scenarios" in options:
        options["scenarios"] = [current_name(name) for name in options["scenarios"]]
    for contender in run["contenders"]:
        contender["scenarios"] = _with_current_keys(contender["scenarios"])
        for guest in contender["guests"]:
            if "load" in guest:
                guest["load"] = _with_current_keys(guest["load"])
            if "phases" in guest:
                guest["phases"] = _with_current_keys(guest["phases"], prefix=_MEASURE)


def _with_current_keys(values: dict[str, _V], prefix: str = "") -> dict[str, _V]:
    former = {f"{prefix}{old}": f"{prefix}{new}" for old, new in FORMER_NAMES.items()}
    return {former.get(key, key): value for key, value in values.items()}
