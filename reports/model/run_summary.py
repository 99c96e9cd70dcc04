"""What holds for a run as a whole: its outcome, its hosts, and whether a ranking makes sense."""

from __future__ import annotations

from datetime import datetime

from bench.model.rejections import describe_rejections
from bench.model.run_file import HostFacts, Run, SupervisorFacts, is_too_noisy_warning
from bench.recording.validity.samples_check import UNSEALED
from reports.model.contenders import has_measurements


def count_outcomes(run: Run) -> str:
    """Return in one line how many contenders were measured, failed, unfinished or unavailable."""
    contenders = run["contenders"]
    measured = sum(
        contender["status"] == "measured" and has_measurements(contender)
        for contender in contenders
    )
    failed = sum(contender["status"] == "failed" for contender in contenders)
    unfinished = sum(contender["status"] == "unfinished" for contender in contenders)
    skipped = len(contenders) - measured - failed - unfinished
    parts = [f"{measured} measured", f"{failed} failed"]
    if unfinished:
        parts.append(f"{unfinished} unfinished")
    if skipped:
        parts.append(f"{skipped} not measured")
    if run["absent"]:
        parts.append(f"{len(run['absent'])} not available on {run['system']['name']}")
    return ", ".join(parts)


def failure_lines(run: Run) -> list[str]:
    """Return a line for each failed contender: its name, the reason and the log file."""
    return [
        f"{contender['name']} failed {contender['reason'].splitlines()[0]} "
        f"({contender.get('log', 'no log')})"
        for contender in run["contenders"]
        if contender["status"] == "failed"
    ]


def rejection_lines(run: Run) -> list[str]:
    """Return a line for each contender's scenario of which lines of a guest were rejected."""
    return [
        f"{contender['name']} {scenario}: {describe_rejections('line', rejected)}"
        for contender in run["contenders"]
        for scenario, result in contender["scenarios"].items()
        if (rejected := result.get("rejected"))
    ]


def absence_reason(run: Run, supervisor: str) -> str:
    """Return why the system lacks a supervisor; empty where it has it."""
    reasons = (absent["reason"] for absent in run["absent"] if absent["supervisor"] == supervisor)
    return next(reasons, "")


def damage_lines(run: Run) -> list[str]:
    """Return a line for each way in which a run's figures and samples do not fit together."""
    return [f"This run is damaged: {damage}" for damage in run.get("damage", [])]


def describe_seal(run: Run) -> str:
    """Return in a sentence what shows that the samples are those of the run."""
    seal = run.get("samples")
    if run.get("damage"):
        return "they do not belong to the figures."
    if seal is None:
        return UNSEALED
    return f"{seal['lines']:,} lines, SHA-256 {seal['sha256'][:16]}..., as sealed in run.json."


def ranking_obstacle(run: Run) -> str:
    """Return why a ranking of this run would mean nothing; empty where it means something."""
    if run.get("damage"):
        return "its figures and its samples do not belong together"
    if has_separate_hosts(run):
        return f"its {len(run['hosts'])} hosts are not ranked together"
    noisy = any(map(is_too_noisy_warning, run["warnings"]))
    return "the host was too noisy for a ranking" if noisy else ""


def describe_place(run: Run) -> str:
    """Return in a line what was measured, where and when."""
    effort = ", quick: few trials" if run["quick"] else ""
    began = datetime.fromisoformat(run["started"])
    return (
        f"Measured on {began.day} {began:%B %Y}: {run['system']['title']} in guests by "
        f"{run['provider']['name']}{effort}, on {describe_hosts(run)}. Run {run['id']}."
    )


def run_warnings(run: Run) -> tuple[str, ...]:
    """Return what a reader must know before believing the figures."""
    unended = () if run["ended"] else ("This run has not ended.",)
    return (*damage_lines(run), *run["warnings"], *unended)


def has_separate_hosts(run: Run) -> bool:
    """Tell whether the run has several hosts that may not be compared with each other."""
    return len(run.get("hosts", ())) > 1 and not run["mixed"]


def describe_hosts(run: Run) -> str:
    """Return the host's facts in one line; of several hosts each with its name."""
    hosts = run.get("hosts") or {}
    if len(hosts) < 2:
        return _describe_host(run["host"])
    named = "; ".join(f"{name}: {_describe_host(host)}" for name, host in hosts.items())
    return f"{len(hosts)} hosts ({named})"


def _describe_host(host: HostFacts) -> str:
    return f"{host['processor']}, {host['cores']} cores, Linux {host['kernel']}"


def sort_supervisors(run: Run) -> dict[str, SupervisorFacts]:
    """Return the facts of each supervisor by name, in the article's order."""
    supervisors: dict[str, SupervisorFacts] = run["supervisors"]
    return dict(sorted(supervisors.items(), key=lambda item: (item[1]["rank"], item[0])))
