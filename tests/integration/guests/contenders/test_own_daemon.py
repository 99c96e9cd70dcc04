"""A person's own program in real guests: measured, marked, and refused with its cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.suite import Suite

pytestmark = pytest.mark.slow

RUNIT, SYSTEMD = "runit/runner/default/hosted", "systemd/runner/default/pid1"
SUPERVISORD, MONIT = "supervisord/runner/default/hosted", "monit/monitor/fast/hosted"
RESTARTD = "restartd/monitor/default/hosted"
PODMAN = "podman/runner/default/hosted"
FLOOR = "floor/runner/default/hosted"
SERVER = "python3 -m http.server 8080"
BUFFERED = "Serving HTTP"
RESTART_KINDS = ("restart", "ready")
SCRIPT = """#!/bin/sh
echo warming up
sleep 0.2
echo all is well >&2
exec sleep 100000
"""


def restarts(suite: Suite) -> dict[str, dict[str, Any]]:
    """Return the scenario `restart` of each contender, its metrics by their names."""
    results = {}
    for contender in suite.record()["contenders"]:
        result = contender["scenarios"]["restart"]
        metrics = {metric["metric"]: metric for metric in result["metrics"]}
        results[contender["name"]] = {**result, "metrics": metrics}
    return results


def test_a_server_is_ready_when_its_port_connects(suite: Suite) -> None:
    # Podman takes from a program what it needs to take the loopback interface up.
    only = f"--only={RUNIT},{SYSTEMD},{SUPERVISORD},{RESTARTD},{PODMAN}"
    done = suite.bench(only, "--quick", f"--daemon={SERVER}", "--ready=port:8080")
    assert done.code == 0, done.output
    found = restarts(suite)
    for name in (RUNIT, SYSTEMD, SUPERVISORD, PODMAN, FLOOR):
        for group in ("long", "short"):
            started, ready = (found[name]["metrics"][f"{kind}_{group}"] for kind in RESTART_KINDS)
            assert ready["censored"] == started["censored"] == 0
            assert ready["n"] == started["n"] > 0
            assert ready["median"] > started["median"]
    assert found[RESTARTD]["status"] == "not applicable"
    assert "command line" in found[RESTARTD]["note"]
    assert suite.record()["options"]["daemon"] == {
        "command": SERVER.split(), "ready": "port:8080", "look_ms": 1.0,
    }  # fmt: skip
    assert f"own program: {SERVER}, ready = first connect to port 8080" in done.output


def test_a_script_of_ones_own_is_ready_when_it_says_so(suite: Suite, tmp_path: Path) -> None:
    program = tmp_path / "mine/usr/local/bin/mine"
    program.parent.mkdir(parents=True)
    program.write_text(SCRIPT)
    program.chmod(0o755)
    files, daemon = f"--daemon-files={tmp_path}/mine", "--daemon=mine"
    # A monitor gets the program detached, with a pid file.
    done = suite.bench(
        f"--only={RUNIT},{MONIT}", "--quick", daemon, files, "--ready=line:all is well"
    )
    assert done.code == 0, done.output
    for name in (RUNIT, MONIT):
        metrics = restarts(suite)[name]["metrics"]
        assert metrics["ready_long"]["median"] > metrics["restart_long"]["median"]
        assert metrics["ready_long"]["censored"] == 0
    facts = suite.record()["options"]["daemon"]["files"]
    assert facts["folder"] == f"{tmp_path}/mine"


@pytest.mark.parametrize(
    ("daemon", "ready", "cause"),
    [
        ("nosuch --port 80", "port:80", "has no such program"),
        (SERVER, f"line:{BUFFERED}", f"wrote no '{BUFFERED}' within"),
        (SERVER, "port:8081", "nothing takes connections at port:8081"),
        # It ends before any server listens.
        ("sh -c 'python3 -m http.server 8080 & sleep 0.01'", "port:8080",
         "port:8080 is held by python3"),
        ("sh -c 'echo no configuration >&2; exit 3'", "port:8080", "ended 3 times"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_said_with_its_cause(
    suite: Suite, daemon: str, ready: str, cause: str
) -> None:
    done = suite.bench(f"--only={RUNIT}", "--quick", f"--daemon={daemon}", f"--ready={ready}")
    assert done.code == 1, done.output
    failed = next(
        contender for contender in suite.record()["contenders"] if contender["name"] == RUNIT
    )
    assert failed["status"] == "failed"
    assert cause in failed["reason"]
