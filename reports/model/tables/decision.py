"""What tells contenders apart for a choice: three figures and the verdicts that matter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.model.run_file import ContenderResult, VerdictResult
from bench.model.selection.scenario_names import current_name

# What the anchors of all evidence begin with: page/evidence.js knows them by it.
_EVIDENCE = "e-"
# Answers of guests that could not be judged.
_UNJUDGED = ("not measured", "not applicable")


@dataclass(frozen=True)
class Figure:
    """A figure of the table of choices. hint: what it is; key: its name in an address."""

    key: str
    heading: str
    hint: str
    scenario: str
    metric: str


@dataclass(frozen=True)
class Question:
    """A verdict of the table of choices. hint: what a yes means."""

    heading: str
    hint: str
    scenario: str
    behaviour: str


FIGURES = (
    Figure(
        "restart",
        "Restart",
        "median time from the kill of a daemon that ran for long until its successor runs",
        "restart",
        "restart_long",
    ),
    Figure(
        "young",
        "Restart of a young daemon",
        "the same for a daemon that had run for 0.3 s only",
        "restart",
        "restart_short",
    ),
    Figure(
        "memory",
        "Memory",
        "private memory of all its processes together, with one service",
        "footprint",
        "private_dirty_1",
    ),
)
# The answer to the first of these decides who never gives up; to the last, who fits a container.
QUESTIONS = (
    Question(
        "Never gives up",
        "a daemon that ends at once is still being started at the end of a minute, or beyond the "
        "supervisor's own limit",
        "crashloop",
        "keeps trying",
    ),
    Question(
        "Spares the processor",
        "at most ten starts a second of a daemon that ends at once",
        "crashloop",
        "holds back",
    ),
    Question(
        "Recovers by itself",
        "once the daemon is mended, it runs again without a command",
        "crashloop",
        "comes back once mended",
    ),
    Question(
        "Kills the stubborn",
        "a daemon that ignores SIGTERM is gone within two minutes of a stop",
        "stop",
        "kills what ignores SIGTERM",
    ),
    Question(
        "Leaves no stray child",
        "a stopped daemon's children are gone as well",
        "stop",
        "no stray child",
    ),
    Question(
        "Notices a hang",
        "with its watchdog set up, a daemon that fell silent is replaced",
        "hang",
        "notices a hang",
    ),
    Question(
        "Survives its own death",
        "killed, it comes back and supervises its services again",
        "supervisor-killed",
        "services are supervised again",
    ),
    Question(
        "Tells all at power-off",
        "every service gets SIGTERM when the machine is switched off",
        "shutdown",
        "tells every service at power-off",
    ),
    Question(
        "Stops with its container",
        "as PID 1 of a container it ends within 10 s of SIGTERM, as an engine sends it",
        "engine-stop",
        "ends in time, a program with a handler",
    ),
)


def find_verdict(contender: ContenderResult, question: Question) -> VerdictResult | None:
    """Return what a contender did; None where the run does not tell. Older names are accepted."""
    for scenario, result in contender["scenarios"].items():
        if current_name(scenario) != question.scenario:
            continue
        for verdict in result.get("verdicts", []):
            if verdict["behaviour"] == question.behaviour:
                return verdict
    return None


def judged_answers(verdict: VerdictResult | None) -> dict[str, int]:
    """Return how many guests gave each answer, without those that could not be judged."""
    if verdict is None:
        return {}
    tally = verdict.get("tally") or {verdict["answer"]: 1}
    return {answer: count for answer, count in tally.items() if answer not in _UNJUDGED}


def evidence_anchor(contender: str, scenario: str, what: str) -> str:
    """Return the anchor of the evidence for a figure or a verdict; contender: its full name.

    A page has ten thousand of them: they are short, and leave out what most contenders are.
    """
    name = contender.replace("/runner/", "/").replace("/hosted", "")
    words = f"{name} {current_name(scenario)} {what}"
    return f"{_EVIDENCE}{re.sub(r'[^A-Za-z0-9.@_]+', '-', words)}"
