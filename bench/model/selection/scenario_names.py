"""Former names of scenarios and behaviours: older runs have them.

--scenario still takes those of scenarios.
"""

from __future__ import annotations

from typing import TypeVar

from bench.model.run_file import Run

# Former name -> name. The only place: what reads a name from a file or an option calls
# `current_name`, so that all other code knows the new name alone.
FORMER_NAMES = {"amnesia": "supervisor-killed"}
# By the scenario's name: former name of a behaviour -> name.
FORMER_BEHAVIOURS = {
    "holdoff": {
        "obeys a start": "runs after a start",
        "obeys a stop and a start": "runs after a stop and a start",
    },
}
_MEASURE = "measure "  # the phase of a guest that measures a scenario, before its name
_V = TypeVar("_V")


def current_name(name: str) -> str:
    """Return the name that a scenario has today."""
    return FORMER_NAMES.get(name, name)


def update_names(run: Run) -> None:
    """Give the scenarios and behaviours of a run from a file the names that they have today."""
    options = run["options"]
    if "scenarios" in options:
        options["scenarios"] = [current_name(name) for name in options["scenarios"]]
    for contender in run["contenders"]:
        contender["scenarios"] = _with_current_keys(contender["scenarios"])
        for scenario, result in contender["scenarios"].items():
            former = FORMER_BEHAVIOURS.get(scenario, {})
            for verdict in result.get("verdicts", ()):
                verdict["behaviour"] = former.get(verdict["behaviour"], verdict["behaviour"])
        for guest in contender["guests"]:
            if "load" in guest:
                guest["load"] = _with_current_keys(guest["load"])
            if "phases" in guest:
                guest["phases"] = _with_current_keys(guest["phases"], prefix=_MEASURE)


def _with_current_keys(values: dict[str, _V], prefix: str = "") -> dict[str, _V]:
    former = {f"{prefix}{old}": f"{prefix}{new}" for old, new in FORMER_NAMES.items()}
    return {former.get(key, key): value for key, value in values.items()}
