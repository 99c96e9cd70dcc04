"""Plans: what the steps are, and reading and checking a plan as a whole."""

from __future__ import absolute_import, division, print_function

import json
import sys

from . import checks
from .checks import PlanError
from .stamps import TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Keys = dict[str, tuple[Callable[[Any], Any], object]]  # key: its check, its default
    Run = Callable[..., None]  # a watcher, then each key's value by name

REQUIRED = object()
STEPS = {}  # type: dict[str, tuple[Run, Keys]]
PLAN_KEYS = {
    "dir": (checks.text, "/srv/testd"),
    "services": (checks.service_names, REQUIRED),
    "seed": (checks.whole, REQUIRED),
    "steps": (checks.list_of_steps, REQUIRED),
    "pidfiles": (checks.pidfile_paths, {}),
    "readiness": (checks.readiness, None),
}  # type: Keys


class StepFailed(Exception):
    """A step cannot do what it is for: what is missing, and what is there instead."""


class Step(object):
    """One step of a plan: its name, the function that runs it, and the values of its keys."""

    def __init__(self, name, function, values):
        # type: (str, Run, dict[str, Any]) -> None
        self.name, self.function, self.values = name, function, values


class Plan(object):
    """What the program is to do; every value is checked."""

    def __init__(self, values):
        # type: (dict[str, Any]) -> None
        """Take the checked values of PLAN_KEYS. Raises PlanError where a step is malformed."""
        self.directory = values["dir"]  # type: str
        self.services = values["services"]  # type: list[str]
        self.seed = values["seed"]  # type: int
        self.pidfiles = values["pidfiles"]  # type: dict[str, str]
        # Of a program of a person's own in the place of testd; None: testd itself runs.
        self.readiness = values["readiness"]  # type: checks.ReadinessPlan | None
        self.steps = [check_step(*numbered) for numbered in enumerate(values["steps"])]


def step(name, **keys):
    # type: (str, Any) -> Callable[[Run], Run]
    """Register the decorated function as a step.

    keys: each is a tuple (check,) where the plan must give the key, else (check, default).
    """

    def register(function):
        # type: (Run) -> Run
        complete = {key: value + (REQUIRED,) * (2 - len(value)) for key, value in keys.items()}
        STEPS[name] = (function, complete)
        return function

    return register


def load_plan(path):
    # type: (str) -> Plan
    """Read a plan from a file, or from standard input (-). Raises PlanError."""
    try:
        if path == "-":
            stdin = getattr(sys.stdin, "buffer", sys.stdin)  # type: Any
            content = stdin.read()
        else:
            with open(path, "rb") as f:
                content = f.read()
    except (IOError, OSError) as e:
        raise PlanError("%s: %s" % (path, e.strerror))
    try:
        given = json.loads(content.decode("utf-8"))
    except ValueError as e:
        raise PlanError("%s is not JSON: %s" % (path, e))
    if not isinstance(given, dict):
        raise PlanError("plan: must be an object")
    return Plan(check_keys("plan", given, PLAN_KEYS))


def check_step(index, given):
    # type: (int, Any) -> Step
    """Check one step. Raises PlanError."""
    where = "steps[%d]" % index
    name = given.get("do") if isinstance(given, dict) else None
    if not isinstance(name, TEXT) or name not in STEPS:
        names = " ".join(sorted(STEPS))
        raise PlanError('%s: "do" must be one of %s, not %s' % (where, names, json.dumps(name)))
    function, keys = STEPS[name]
    values = {key: value for key, value in given.items() if key != "do"}
    return Step(name, function, check_keys("%s (%s)" % (where, name), values, keys))


def check_keys(where, given, keys):
    # type: (str, dict[str, Any], Keys) -> dict[str, Any]
    """Return the value of each key, checked, or its default. Raises PlanError."""
    for key in sorted(given):
        if key not in keys:
            allowed = " ".join(sorted(keys))
            raise PlanError("%s: unknown key %s; allowed: %s" % (where, json.dumps(key), allowed))
    values = {}
    for key, (check, default) in keys.items():
        if key not in given:
            if default is REQUIRED:
                raise PlanError("%s: %s is missing" % (where, json.dumps(key)))
            values[key] = default
            continue
        try:
            values[key] = check(given[key])
        except PlanError as e:
            value = json.dumps(given[key])[:200]
            raise PlanError("%s: %s %s, not %s" % (where, json.dumps(key), e, value))
    return values
