"""What is known of a supervisor to have changed from one system of a run to the next."""

from __future__ import annotations

from dataclasses import dataclass

from bench.model.run_file import Run
from bench.model.run_file.run_systems import list_systems


@dataclass(frozen=True)
class _SystemsFinding:
    """A finding that holds for some systems of a run only. systems: their titles."""

    systems: frozenset[str]
    sentence: str


def known_changes(run: Run, supervisor: str, before: str, after: str) -> list[str]:
    """Return the sentences on what a supervisor does otherwise on a system than on another.

    before, after: titles of systems. They are the findings that begin with the later one; where
    there are none, those that end with the earlier one.
    """
    findings = _findings(run, supervisor)
    begun = [one for one in findings if after in one.systems and before not in one.systems]
    ended = [one for one in findings if before in one.systems and after not in one.systems]
    return [one.sentence for one in begun or ended]


def _findings(run: Run, supervisor: str) -> list[_SystemsFinding]:
    """Return the findings that do not hold for all systems; run.json has their titles in front."""
    titles = {system["title"] for system in list_systems(run)}
    findings = []
    for text in run["supervisors"][supervisor].get("findings", []):
        front, _, sentence = text.partition(": ")
        systems = frozenset(front.split(", "))
        if sentence and systems <= titles:
            findings.append(_SystemsFinding(systems, sentence))
    return findings
