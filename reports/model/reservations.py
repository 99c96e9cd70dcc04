"""What readers must know beside one restart figure: footnotes, the same in every table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.model.run_file import ContenderResult, QualityIssue
from reports.model.metrics import find_metric, is_same_phase

_LONG = "restart_long"
# What each kind of doubt means; `neighbour` is of all trials, the others are of the long ones.
KIND_MEANINGS = {
    "neighbour": "Other load: the host was busy during these trials, so that restarts may have "
    "taken longer than they do on an idle host.",
    "modes": "Several modes: the restarts fall into groups of different lengths, of which the "
    "median shows one at most.",
    "few": "Few trials: the 95 % interval of the median is wide, or some restarts never came.",
    "outliers": "Outliers: more than a tenth of the restarts lie far away from the rest.",
}
_SAME_PHASE = (
    "It acts once a period, and kills at this uptime fall into the same phase of it: the figure is "
    "of that phase, and not ranked."
)
# An issue is the finding with its bound, and then what those who measure do about it.
_FINDING = re.compile(r".*?bound[^)]*\)")


def restart_footnote(contender: ContenderResult, name: str) -> str:
    """Return what a reader must know of a restart figure; empty of one without reservations.

    name: of the metric. Figures with the same reservations have the same text.
    """
    return " ".join(_sentences(contender, name))


def restart_hint(contender: ContenderResult, name: str) -> str:
    """Return the findings behind the doubts about a restart figure, with their bounds."""
    return " ".join(_finding(issue) for issue in _issues(contender, name))


def _sentences(contender: ContenderResult, name: str) -> Iterator[str]:
    if not name.startswith("restart_") or find_metric(contender, "restart", name) is None:
        return
    if is_same_phase(contender, name):
        yield _SAME_PHASE
    kinds = {issue["kind"] for issue in _issues(contender, name)}
    yield from (meaning for kind, meaning in KIND_MEANINGS.items() if kind in kinds)


def _issues(contender: ContenderResult, name: str) -> list[QualityIssue]:
    """Return the doubts about a figure: those about long trials are not about short ones."""
    issues = contender.get("doubts", [])
    if name == _LONG:
        return issues
    of_all_trials = name.startswith("restart_")
    return [issue for issue in issues if of_all_trials and issue["kind"] == "neighbour"]


def _finding(issue: QualityIssue) -> str:
    match = _FINDING.match(issue["text"])
    return f"{match.group().rstrip('.')}." if match else issue["text"]
