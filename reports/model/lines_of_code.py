"""The figure of lines of code that a table shows of a supervisor, and where it comes from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bench.model.run_file import RecordedCount, SupervisorFacts


@dataclass(frozen=True)
class LinesOfCode:
    """Lines of one version. lines: None where there is no figure.

    source: where the figure comes from, or why there is none; a sentence.
    """

    lines: int | None
    source: str


def lines_of_code(facts: SupervisorFacts, versions: Collection[str]) -> LinesOfCode:
    """Return the count of the measured version, else a recorded one, else why there is none.

    versions: those that were measured.
    """
    today = facts["loc"]["today"] if facts["loc"] else None
    if today and today["lines"] is not None:
        return LinesOfCode(today["lines"], f"Counted by ./inv loc in version {today['version']}.")
    if facts.get("loc_recorded"):
        count = _closest(facts["loc_recorded"], versions)
        return LinesOfCode(count["lines"], _describe(count))
    if today:
        return LinesOfCode(None, f"Not counted: {today['lack']}.")
    if facts["article"]:
        return LinesOfCode(None, "Not counted: ./inv loc, then ./inv bench --resume, counts it.")
    return LinesOfCode(None, "Not counted: the article of 2012 has no rule for it.")


def _closest(counts: list[RecordedCount], versions: Collection[str]) -> RecordedCount:
    """Return the newest count of a measured version, else the newest of all."""
    return next((one for one in reversed(counts) if one["version"] in versions), counts[-1])


def _describe(count: RecordedCount) -> str:
    note = f", {count['note']}" if count.get("note") else ""
    return (
        f"Recorded with the suite: version {count['version']}, commit {count['commit'][:12]} of "
        f"{count['repository']}{note}; cloc {count['cloc']}, {count['date']}."
    )
