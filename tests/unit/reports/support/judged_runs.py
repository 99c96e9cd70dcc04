"""Runs with verdicts, for tests of the behaviour matrix and its evidence."""

from __future__ import annotations

from typing import Literal, cast

from bench.model.run_file import ContenderResult, Run, ScenarioResult, VerdictResult
from tests.support.samples import sample_runs

Answer = Literal["yes", "no", "partly", "not applicable", "not measured"]


def verdict(behaviour: str, answer: Answer, evidence: tuple[int, ...] = ()) -> VerdictResult:
    """Return a verdict with a sentence; evidence: the numbers of its samples."""
    sentence = f"{behaviour} was seen to be {answer}."
    return {
        "behaviour": behaviour, "answer": answer, "sentence": sentence, "evidence": list(evidence)
    }  # fmt: skip


def judged(*verdicts: VerdictResult) -> ScenarioResult:
    """Return the result of a scenario with those verdicts."""
    return {"status": "measured", "note": "", "metrics": [], "verdicts": list(verdicts)}


def unjudged(status: str) -> ScenarioResult:
    """Return the result of a scenario that was not measured."""
    return {"status": status, "note": "its design has none", "metrics": [], "verdicts": []}


def judged_contender(name: str, rank: int, **scenarios: ScenarioResult) -> ContenderResult:
    """Return a contender with those scenarios alone."""
    contender = sample_runs.contender(name, [], rank=rank)
    return cast(ContenderResult, {**contender, "setting": "as packaged", "scenarios": scenarios})


def judged_run() -> Run:
    """Return a run of two contenders, the second of which comes first in the article."""
    return sample_runs.run(
        judged_contender(
            "b/runner/default/hosted",
            2,
            restart=judged(),
            deaths=judged(verdict("exit 0", "no")),
            stop=unjudged("not applicable"),
        ),
        judged_contender(
            "a/runner/default/hosted",
            1,
            restart=judged(),
            deaths=judged(verdict("exit 0", "yes", (1,)), verdict("memory limit", "not measured")),
            stop=judged(verdict("stays down", "partly")),
        ),
    )
