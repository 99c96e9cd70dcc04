"""What every rendering shows of a run: the rows, and the words in their cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from reports.model.text import brief

FLOOR = "floor"
LATENCY_COLUMNS = ("contender", "uptime", "n", "median", "95 % interval", "p90", "p99", "min",
                   "max", "x floor")  # fmt: skip
NOISE_WORD = "too noisy for a ranking"
# Kills 0.3 s after a start always find who acts once a period at the same point of it.
SAME_PHASE = "periodic: same phase, not ranked"
MARK = "*"


@dataclass(frozen=True)
class Row:
    """One contender, each cell as text. order: the median that it is sorted by."""

    name: str
    label: str
    version: str
    process1: str
    runner: str
    monitor: str
    responsiveness: str
    vmpeak: str
    loc: str
    order: float
    latencies: tuple[tuple[str, ...], ...]


def rows(run: dict[str, Any]) -> list[Row]:
    """Every contender of a run, in the article's order."""
    return [_row(each, run["supervisors"][each["supervisor"]]) for each in ordered(run)]


def ordered(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Every contender, in the article's order; runner, default and hosted come first."""
    return sorted(
        run["contenders"],
        key=lambda each: (
            each["rank"],
            each["supervisor"],
            each["role"] != "runner",
            each["profile"] != "default",
            each["pid1"],
        ),
    )


def number(value: float | None) -> str:
    """A figure with three digits that matter."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def metric(contender: dict[str, Any], scenario: str, name: str) -> dict[str, Any] | None:
    """One metric of a contender, if it is there; a scenario that failed has none."""
    found = contender["scenarios"].get(scenario, {}).get("metrics", [])
    return next((each for each in found if each["metric"] == name), None)


def counts(run: dict[str, Any]) -> str:
    """One line: how many were measured, failed, cut short, or not to be had."""
    every = run["contenders"]
    measured = sum(1 for each in every if each["status"] == "measured" and has_figures(each))
    failed = sum(1 for each in every if each["status"] == "failed")
    unfinished = sum(1 for each in every if each["status"] == "unfinished")
    skipped = len(every) - measured - failed - unfinished
    parts = [f"{measured} measured", f"{failed} failed"]
    if unfinished:
        parts.append(f"{unfinished} unfinished")
    if skipped:
        parts.append(f"{skipped} not measured")
    if run["absent"]:
        parts.append(f"{len(run['absent'])} not available on {run['system']['name']}")
    return ", ".join(parts)


def failures(run: dict[str, Any]) -> list[str]:
    """Why each failed contender failed, in a line."""
    return [
        f"{each['name']} failed {each['reason'].splitlines()[0]} ({each.get('log', 'no log')})"
        for each in run["contenders"]
        if each["status"] == "failed"
    ]


def unranked(run: dict[str, Any]) -> str:
    """Why an order would mean nothing; empty where it means something."""
    if apart(run):
        return f"its {len(run['hosts'])} hosts are not ranked together"
    noisy = any(NOISE_WORD in warning for warning in run["warnings"])
    return "the host was too noisy for a ranking" if noisy else ""


def apart(run: dict[str, Any]) -> bool:
    """Whether its contenders ran on several hosts, and nobody asked to compare those."""
    return len(run.get("hosts", ())) > 1 and not run["mixed"]


def machines(run: dict[str, Any]) -> str:
    """Where it was measured, in words; each host by its name where there are several."""
    hosts = run.get("hosts") or {}
    if len(hosts) < 2:
        return _machine(run["host"])
    named = "; ".join(f"{name}: {_machine(facts)}" for name, facts in hosts.items())
    return f"{len(hosts)} hosts ({named})"


def _machine(host: dict[str, Any]) -> str:
    return f"{host['processor']}, {host['cores']} cores, Linux {host['kernel']}"


def about(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the run says of each supervisor, by name, in the article's order."""
    found: dict[str, dict[str, Any]] = run["supervisors"]
    return dict(sorted(found.items(), key=lambda pair: (pair[1]["rank"], pair[0])))


def same_phase(contender: dict[str, Any], name: str) -> bool:
    """Whether a metric says as much of its contender's period as of the contender itself."""
    return contender["period"] is not None and name.endswith("_short")


def has_figures(contender: dict[str, Any]) -> bool:
    """Whether any scenario was measured; of one that failed, others may have been."""
    return any(found["status"] == "measured" for found in contender["scenarios"].values())


def _row(contender: dict[str, Any], about: dict[str, Any]) -> Row:
    restart = metric(contender, "restart", "restart_long")
    return Row(
        name=contender["name"],
        label=label(contender),
        version=contender["version"] or "?",
        process1=_process1(contender),
        runner="yes" if contender["role"] == "runner" else "",
        monitor="yes" if contender["role"] == "monitor" else "",
        responsiveness=in_words(contender, "restart", "restart_long"),
        vmpeak=in_words(contender, "footprint", "vmpeak"),
        loc=_loc(about["loc"]),
        order=restart["median"] if restart and restart["median"] is not None else math.inf,
        latencies=tuple(
            _latency(found, group, same_phase(contender, found["metric"]))
            for group in ("long", "short")
            if (found := metric(contender, "restart", f"restart_{group}"))
        ),
    )


def label(contender: dict[str, Any]) -> str:
    """What a contender is called in a table: its title, and what sets it apart from its kin."""
    words = [contender["title"]]
    if len(contender["roles"]) > 1:
        words.append(contender["role"])
    if contender["profile"] == "tuned":
        words.append("tuned")
    if contender["pid1"] and not contender["needs_pid1"]:
        words.append("as PID 1")
    return brief(" ".join(words))


def in_mode(contender: dict[str, Any]) -> str:
    """What a contender that chooses its mode by itself was seen to do in this run's guests."""
    mode = contender["verified"].get("mode")
    return f" Verified here: {mode}." if mode else ""


def _loc(counted: dict[str, Any] | None) -> str:
    lines = counted["today"]["lines"] if counted else None
    return "" if lines is None else f"{lines:,}"


def _process1(contender: dict[str, Any]) -> str:
    if contender["needs_pid1"]:
        return "needed"
    return "possible" if contender["can_pid1"] else ""


def in_words(contender: dict[str, Any], scenario: str, name: str) -> str:
    """A metric with its unit, or why there is none."""
    part = contender["scenarios"].get(scenario)
    if part is None:
        return "not asked for"
    if part["status"] in ("failed", "unfinished"):
        return str(part["status"])
    if part["status"] != "measured":
        return f"{part['status']} ({part['note']})"
    found = metric(contender, scenario, name)
    if found is None or found["status"] != "measured":
        return f"not measured ({found['note'] if found else 'no samples'})"
    if found["median"] is None:
        return f"no restart seen ({found['censored']} of {found['n']})"
    return f"{number(found['median'])} {found['unit']}".strip()


def _latency(found: dict[str, Any], group: str, marked: bool) -> tuple[str, ...]:
    interval = f"{number(found['ci_low'])} to {number(found['ci_high'])}"
    return (
        group + (MARK if marked else ""),
        str(found["n"]) + (f" ({found['censored']} censored)" if found["censored"] else ""),
        number(found["median"]),
        interval if found["ci_low"] is not None and found["ci_high"] is not None else "",
        number(found["p90"]),
        number(found["p99"]),
        number(found["min"]),
        number(found["max"]),
        "" if marked else number(found["floor_ratio"]),
    )
