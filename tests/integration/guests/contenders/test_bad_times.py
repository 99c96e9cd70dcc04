"""Scenarios of bad times, strict profiles, and files of one's own, in real guests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

RUNIT, SYSTEMD = "runit/runner/default/hosted", "systemd/runner/default/pid1"
STRICT = "s6/runner/strict/hosted"


def answers(suite: Suite) -> dict[str, dict[str, str]]:
    """Return the answers by contender and behaviour; each has samples that show it."""
    given: dict[str, dict[str, str]] = {}
    for contender in suite.record()["contenders"]:
        verdicts = [
            verdict
            for scenario in contender["scenarios"].values()
            for verdict in scenario["verdicts"]
        ]
        judged = [verdict for verdict in verdicts if verdict["answer"] in ("yes", "no", "partly")]
        assert all(verdict["evidence"] for verdict in judged), verdicts
        given[contender["name"]] = {verdict["behaviour"]: verdict["answer"] for verdict in verdicts}
    return given


def test_a_missing_program(suite: Suite) -> None:
    done = suite.bench(f"--only={RUNIT},{SYSTEMD}", "--scenario=missing", "--quick")
    assert done.code == 0, done.output
    given = answers(suite)
    assert given[RUNIT]["comes back with the program"] == "yes"
    assert given[SYSTEMD]["comes back with the program"] == "no"


def test_commands_in_a_hold_off_of_own_files(suite: Suite, tmp_path: Path) -> None:
    run = tmp_path / "mine/etc/sv/SERVICE/run"
    # By default systemd holds off for 100 ms: on a busy host a command comes after that.
    later = tmp_path / "mine/etc/systemd/system/SERVICE.service.d/later.conf"
    for file, text in (
        (run, "#!/bin/sh\nexec nice -n 5 {{ service.command }}\n"),
        (later, "[Service]\nRestartSec=1\n"),
    ):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    own = [f"--config={name}={tmp_path}/mine" for name in ("runit", "systemd")]
    done = suite.bench(f"--only={RUNIT},{SYSTEMD}", "--scenario=holdoff", *own, "--quick")
    assert done.code == 0, done.output
    given = answers(suite)
    assert given[RUNIT]["obeys a stop"] == given[SYSTEMD]["obeys a stop"] == "yes"
    # sv(8) reads what runsv was last asked for from a file, and sends no second request.
    assert given[RUNIT]["runs after a stop and a start"] == "no"
    assert given["floor/runner/default/hosted"] == {}
    runit = next(
        contender for contender in suite.record()["contenders"] if contender["name"] == RUNIT
    )
    assert runit["own_files"]["folder"] == f"{tmp_path}/mine"
    assert "(config " in done.output


def test_a_strict_profile_leaves_nothing_of_the_group_behind(suite: Suite) -> None:
    done = suite.bench(f"--only={STRICT}", "--scenario=children,stop")
    assert done.code == 0, done.output
    strict = answers(suite)[STRICT]
    ended = (
        "cleans up after a dead daemon",
        "frees the port of a dead daemon",
        "no stray child",
        "frees its port",
        "kills what ignores SIGTERM",
    )
    for behaviour in ended:
        assert strict[behaviour] == "yes", behaviour
    for behaviour in ("cleans up other sessions, too", "no stray child in another session"):
        assert strict[behaviour] == "no", behaviour
