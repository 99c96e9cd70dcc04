"""Containers' PID 1s in real guests: who gets signals, what the engine is told, who is left."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.suite import Suite

TINI, GROUP = "tini/init/default/pid1", "tini/init/group/pid1"
NONE, BASH, TRAP = "none/init/default/pid1", "bash/init/default/pid1", "bash/init/command/pid1"
HANDLER, PLAIN = (f"ends in time, a program {word} a handler" for word in ("with", "without"))


def answers(suite: Suite, *words: str) -> dict[str, dict[str, str]]:
    """Measure, and return the answers by behaviour of each contender but the floor."""
    done = suite.bench(*words)
    assert done.code == 0, done.output
    return {
        contender["name"]: {
            verdict["behaviour"]: verdict["answer"]
            for scenario in contender["scenarios"].values()
            for verdict in scenario["verdicts"]
        }
        for contender in suite.record()["contenders"]
    }


def test_the_program_gets_the_signals_that_are_sent_to_its_pid_1(suite: Suite) -> None:
    found = answers(suite, f"--only={TINI},{GROUP}", "--scenario=signals", "--quick")
    for name, group in ((TINI, "no"), (GROUP, "yes")):
        told = found[name]
        assert {told["TERM"], told["HUP"], told["USR1"], told["real-time"]} == {"yes"}
        assert (told["KILL"], told["SEGV"]) == ("not applicable", "no")
        assert (told["its group gets them"], told["a session apart gets them"]) == (group, "no")


@pytest.mark.slow
def test_what_passes_nothing_on_is_killed_and_a_program_needs_a_handler(suite: Suite) -> None:
    names = ",".join((TINI, NONE, BASH, TRAP))
    scenarios = "--scenario=engine-stop,descendants,zombies,exit-status"
    found = answers(suite, f"--only={names}", scenarios, "--quick")
    stops = {name: (told.get(HANDLER), told.get(PLAIN)) for name, told in found.items()}
    assert stops[TINI] == ("yes", "yes")
    assert stops[BASH] == ("no", "no")
    assert stops[NONE] == stops[TRAP] == ("yes", "no")
    told = found[TINI]
    assert told["reaps zombies that it inherits"] == "yes"
    assert {told["tells 0"], told["tells 3"], told["tells which signal"]} == {"yes"}
    assert found[NONE]["tells which signal"] == "no"
    assert found[NONE]["reaps orphans that end"] == "no"
    assert {told.get("the container ends", "yes") for told in found.values()} == {"yes"}


@pytest.mark.slow
def test_every_init_is_measured_in_every_scenario(suite: Suite) -> None:
    folders = [path.parent.name for path in (suite.checkout / "inits").glob("*/__init__.py")]
    names = ",".join(folder.replace("_", "-") for folder in folders)
    done = suite.bench(f"--only={names}", "--quick")
    contenders: list[dict[str, Any]] = suite.record()["contenders"]
    # The output has a reason's first line alone.
    reasons = [contender["reason"] for contender in contenders if contender["status"] == "failed"]
    assert done.code == 0, "\n".join([done.output, *reasons])
    inits = [contender for contender in contenders if contender["role"] == "init"]
    assert len({contender["supervisor"] for contender in inits}) == len(folders)
    for contender in inits:
        statuses = {name: result["status"] for name, result in contender["scenarios"].items()}
        assert set(statuses.values()) <= {"measured", "not applicable"}, statuses
