"""Checks of the values in a plan: each returns the value, or raises PlanError."""

from __future__ import absolute_import, division, print_function

import re

from .stamps import INTEGER, SERVICE_NAME, TEXT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypedDict

    ReadinessPlan = TypedDict("ReadinessPlan", {"kind": str, "value": Any, "deadline": float})
    Slot = TypedDict("Slot", {"index": int, "count": int, "width": float})
    Group = TypedDict(
        "Group",
        {
            "name": str,
            "trials": int,
            "low": float,
            "high": float,
            "strata": list[list[float]],
            "fresh": bool,
        },
    )

FRESH_BELOW = 1.0  # s: groups whose upper uptime is below it need a fresh start


class PlanError(Exception):
    """The plan is malformed: where, what it must be, what it is."""


def require(condition, requirement):
    # type: (object, str) -> None
    """Raise PlanError("must be REQUIREMENT") unless the condition holds."""
    if not condition:
        raise PlanError("must be " + requirement)


def is_integer(value):
    # type: (object) -> bool
    """Return whether a value is a whole number, and no truth value."""
    return isinstance(value, INTEGER) and not isinstance(value, bool)


def seconds(value):
    # type: (Any) -> float
    """Check a length of time in seconds."""
    is_number = is_integer(value) or isinstance(value, float)
    require(is_number and 0 <= value < 1e6, "a number of seconds, 0 or more")
    return value  # type: ignore[no-any-return]


def whole(value):
    # type: (Any) -> int
    """Check a whole number that is not negative."""
    require(is_integer(value) and value >= 0, "a whole number, 0 or more")
    return int(value)


def signal_number(value):
    # type: (Any) -> int
    """Check the number of a signal."""
    require(1 <= whole(value) <= 64, "a signal's number, 1 to 64")
    return int(value)


def truth(value):
    # type: (Any) -> bool
    """Check a truth value."""
    require(isinstance(value, bool), "true or false")
    return bool(value)


def text(value):
    # type: (Any) -> str
    """Check a text, which may be empty."""
    require(isinstance(value, TEXT), "a text")
    return value  # type: ignore[no-any-return]


def service_name(value):
    # type: (Any) -> str
    """Check the name of a service."""
    good = isinstance(value, TEXT) and SERVICE_NAME.match(value)
    require(good, "a service name (1 to 64 of a-z A-Z 0-9 . _ @ -)")
    return value  # type: ignore[no-any-return]


def service_names(value):
    # type: (Any) -> list[str]
    """Check a list of services that is not empty."""
    require(isinstance(value, list) and value, "a list of service names")
    return [service_name(name) for name in value]


def process_roots(value):
    # type: (Any) -> list[str | int]
    """Check a list of process names and pids, which may be empty."""
    good = isinstance(value, list) and all(is_integer(v) or isinstance(v, TEXT) for v in value)
    require(good, "a list of process names and pids")
    return value  # type: ignore[no-any-return]


def signal_target(value):
    # type: (Any) -> str
    """Check what a signal goes to."""
    good = isinstance(value, TEXT) and re.match(r"^((service|comm):.+|pid:[0-9]+)$", value)
    require(good, "service:NAME, comm:NAME or pid:NUMBER")
    return value  # type: ignore[no-any-return]


def start_limit(value):
    # type: (Any) -> tuple[int, float] | None
    """Check a limit of starts: the count that is too many within a window of seconds."""
    if value is None:
        return None
    good = isinstance(value, list) and len(value) == 2
    require(good, "[count, window in seconds] or null")
    require(whole(value[0]) >= 3, "[count of 3 or more, window in seconds]")
    return value[0], seconds(value[1])


def time_slot(value):
    # type: (Any) -> Slot | None
    """Check which of how many slots of time the kills belong into."""
    if value is None:
        return None
    good = isinstance(value, dict) and sorted(value) == ["count", "index", "width"]
    require(good, '{"index": i, "count": n, "width": seconds} or null')
    require(whole(value["index"]) < whole(value["count"]), "a slot whose index is below its count")
    require(seconds(value["width"]) > 0, "a slot wider than 0 s")
    return value  # type: ignore[no-any-return]


def trial_groups(value):
    # type: (Any) -> list[Group]
    """Check a list of trial groups that is not empty."""
    require(isinstance(value, list) and value, "a list of groups")
    return [trial_group(group) for group in value]


def trial_group(value):
    # type: (Any) -> Group
    """Check one group of trials, and say whether they need a fresh start."""
    keys = set(value) - {"fresh", "strata"} if isinstance(value, dict) else set()
    good = keys == {"name", "trials", "uptime"}
    require(
        good, 'a list of {"name", "trials", "uptime": [low, high]} and perhaps "fresh" or "strata"'
    )
    low, high = uptime_range(value["uptime"])
    trials = whole(value["trials"])
    strata = value.get("strata", [[low, high]] * trials)
    good = isinstance(strata, list) and len(strata) == trials
    require(good, "groups with one [low, high] in strata for each trial")
    strata = [uptime_range(stratum) for stratum in strata]
    good = all(low <= stratum[0] and stratum[1] <= high for stratum in strata)
    require(good, "groups with strata within their uptime")
    return {
        "name": text(value["name"]),
        "trials": trials,
        "low": low,
        "high": high,
        "strata": strata,
        "fresh": truth(value.get("fresh", high < FRESH_BELOW)),
    }


def uptime_range(value):
    # type: (Any) -> list[float]
    """Check the shortest and the longest uptime in seconds."""
    good = isinstance(value, list) and len(value) == 2
    require(good, "groups with an uptime [low, high] in seconds")
    low, high = [seconds(uptime) for uptime in value]
    require(low <= high, "groups with an uptime [low, high], low first")
    return [low, high]


def list_of_steps(value):
    # type: (Any) -> list[Any]
    """Check that the steps are a list; each is checked by itself."""
    require(isinstance(value, list), "a list of steps")
    return value  # type: ignore[no-any-return]


def pidfile_paths(value):
    # type: (Any) -> dict[str, str]
    """Check the pid files by service."""
    good = isinstance(value, dict) and all(isinstance(v, TEXT) for v in value.values())
    require(good, "an object of service names and paths")
    return value  # type: ignore[no-any-return]


def readiness(value):
    # type: (Any) -> ReadinessPlan | None
    """Check how a program of a person's own shows that it is ready."""
    if value is None:
        return None
    good = isinstance(value, dict) and sorted(value) == ["deadline", "kind", "value"]
    require(good, '{"kind": "port", "socket" or "line", "value": v, "deadline": seconds} or null')
    seconds(value["deadline"])
    if value["kind"] == "port":
        require(is_integer(value["value"]) and 0 < value["value"] < 1 << 16, "a port, 1 to 65535")
    else:
        require(value["kind"] in ("socket", "line"), "of the kind port, socket or line")
        require(text(value["value"]), "a path or a text that is not empty")
    return value  # type: ignore[no-any-return]
