"""Failures of a supervisor, the disk, the network and the user's rights end in a plain error."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from provision.cache import sudo_caller
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from tests.support.stand_ins import doubles
from tests.support.stand_ins.mirror import FailingMirror
from tests.support.suite import Finished, Suite, descendants, eventually

FLOOR = "floor/runner/default/hosted"
OPTIONS = (f"--only={FLOOR}", "--trials=3", "--scenario=restart")
NOBODY = 65534


def check_end(done: Finished, code: int) -> None:
    """Check the exit code, that no traceback is shown, and that nothing is left running."""
    assert done.code == code, done.output
    assert "Traceback" not in done.output
    eventually(lambda: not descendants(), "the end of all processes")


# ---- supervisors that fail


def rows_by_name(suite: Suite) -> dict[str, dict[str, Any]]:
    """The contenders of the latest run, by name."""
    return {row["name"]: row for row in suite.record()["contenders"]}


def measure_double(suite: Suite, name: str, code: int) -> dict[str, Any]:
    """Measure that double; returns its row in run.json."""
    done = suite.start(name, program=suite.checkout / "tests/support/stand_ins/doubles.py").end()
    check_end(done, code)
    assert suite.guests() == []
    rows = rows_by_name(suite)
    floor = FLOOR if "hosted" in "".join(rows) else "floor/runner/default/pid1"
    assert rows[floor]["status"] == "measured"
    return next(row for name, row in rows.items() if name.startswith("double"))


@pytest.mark.slow
def test_restarts_that_never_come_are_censored(suite: Suite) -> None:
    row = measure_double(suite, "never-restarts", 0)
    metrics = row["scenarios"]["restart"]["metrics"]
    (metric,) = (metric for metric in metrics if metric["metric"] == "restart_long")
    assert metric["censored"] == metric["n"] >= 1
    assert (metric["median"], metric["max"]) == (None, None)
    samples = [line for line in suite.samples() if line["contender"].startswith("double")]
    assert [line for line in samples if line["event"] == "sample" and line["censored"]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["never-starts", "crashes-at-once"])
def test_a_service_that_never_starts_fails_in_verify(suite: Suite, name: str) -> None:
    row = measure_double(suite, name, 1)
    assert row["status"] == "failed"
    assert "in phase verify: double/runner/default/hosted did not start s1" in row["reason"]
    assert (suite.results / "latest" / row["log"]).read_text()


def test_a_pid_1_that_crashes_fails_the_contender(suite: Suite) -> None:
    row = measure_double(suite, "crashes", 1)
    assert row["status"] == "failed"
    assert "in phase measure restart" in row["reason"]
    logs = suite.results / "latest" / "logs"
    assert "its one service has ended" in (suite.results / "latest" / row["log"]).read_text()
    console = (logs / "double-runner-default-pid1-0-console.log").read_text()
    assert console.startswith("===== PID 1: /sbin/init\n")
    assert console.endswith("===== PID 1: /etc/double\nKilled\nits one service has ended\n")


@pytest.mark.slow
def test_a_failed_scenario_leaves_the_others_measured(suite: Suite) -> None:
    """Earlier scenarios are kept; later ones are measured in another guest."""
    row = measure_double(suite, "never-reloads", 1)
    assert row["status"] == "failed"
    assert row["reason"].startswith("in phase measure footprint: ")
    parts = row["scenarios"]
    assert {name: part["status"] for name, part in parts.items()} == {
        "restart": "measured", "footprint": "failed", "idle": "measured"
    }  # fmt: skip
    assert row["reason"].startswith(parts["footprint"]["note"])
    assert parts["footprint"]["metrics"] == []
    phases = [set(guest["phases"]) for guest in row["guests"]]
    assert [guest for guest in phases if "measure restart" in guest]
    assert [guest for guest in phases if "measure idle" in guest and "measure restart" not in guest]
    scenarios = {line["scenario"] for line in suite.samples() if line["contender"] == row["name"]}
    # The guests that measured a part of the failed scenario have samples as well.
    assert scenarios >= {"restart", "idle"}
    table = suite.run("report", "--format=csv").output.splitlines()
    rows = [row for row in table if ",double," in row]
    assert [row for row in rows if ",restart,restart_long,ms," in row]
    assert [row for row in rows if ",footprint," in row and ",failed," in row]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("forges-results", "a start before its kill"),
        pytest.param("forges-stamps", "a stamp of the future", marks=pytest.mark.slow),
    ],
)
@pytest.mark.probe("hostile")
def test_a_guest_that_forges_stamps_is_named_and_fails(
    suite: Suite, name: str, reason: str
) -> None:
    row = measure_double(suite, name, 1)
    assert row["status"] == "failed"
    assert f"rejected: {reason} (" in row["reason"].splitlines()[0]
    restart = row["scenarios"]["restart"]
    assert (restart["status"], restart["metrics"]) == ("failed", [])
    assert restart["rejected"][reason] >= 1
    assert f"rejected, {reason}" in (suite.results / "latest" / row["log"]).read_text()
    done = suite.run("report")
    check_end(done, 1)
    assert reason in " ".join(done.output.split())


def test_every_double_is_tested_here() -> None:
    assert set(doubles.SCRIPTS) == {
        "never-restarts", "never-starts", "crashes", "crashes-at-once", "never-reloads",
        "forges-stamps", "forges-results",
    }  # fmt: skip


# ---- the disk


def with_small_disk(folder: Path, size: str, saved: Path) -> tuple[str, ...]:
    """The prefix of a command that has a small file system there; saved: a copy of its content."""
    folder.mkdir(parents=True, exist_ok=True)
    script = (
        f"mount -t tmpfs -o size={size} tmpfs '{folder}' || exit 99\n"
        f"\"$@\"\ncode=$?\ncp -a '{folder}' '{saved}'\nexit $code"
    )
    return ("unshare", "--mount", "sh", "-c", script, "sh")


@pytest.mark.slow
@pytest.mark.parametrize("size", ["8k", "16k", "24k"])
def test_a_full_disk_under_the_results_is_an_error(suite: Suite, size: str) -> None:
    saved = suite.base / "saved"
    done = suite.bench(
        OPTIONS[0], OPTIONS[2], "--trials=30", before=with_small_disk(suite.results, size, saved)
    )
    check_end(done, 1)
    assert "cannot be written: No space left on device" in done.output
    assert "Free some space" in done.output
    assert suite.guests() == []
    for path in saved.glob("*/run.json"):
        json.loads(path.read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "size", "message"),
    [
        ("guests", "32k", "0 MiB are free where it writes"),
        ("guests", "8k", "cannot be written: No space left on device"),
        ("layers", "64k", "cannot be written: No space left on device"),
    ],
)
def test_a_full_disk_under_the_guests_is_an_error(
    suite: Suite, folder: str, size: str, message: str
) -> None:
    """It is too small for a guest's first files, for its lock, or for the files of all guests."""
    check_end(suite.bench(*OPTIONS), 0)  # makes the floor's layer
    done = suite.bench(
        *OPTIONS, before=with_small_disk(suite.cache / folder, size, suite.base / "saved")
    )
    check_end(done, 1)
    assert message in done.output


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "30m", "300m"])
def test_a_full_disk_under_the_cache_at_first_run_is_an_error(bare_suite: Suite, size: str) -> None:
    """It is too small for the daemon, for apt's lists, or for the packages."""
    done = bare_suite.bench(
        *OPTIONS, before=with_small_disk(bare_suite.cache, size, bare_suite.base / "saved")
    )
    check_end(done, 1)
    assert re.search("does not compile|failed with exit code|cannot make a", done.output)
    assert re.search(rf"\b\d+ MiB are free in {bare_suite.cache}", done.output)
    assert not list((bare_suite.base / "saved" / "images").glob("build-*"))


# ---- the network


def test_no_network_at_first_run_is_an_error(bare_suite: Suite) -> None:
    done = bare_suite.bench(*OPTIONS, before=("unshare", "--net"))
    check_end(done, 1)
    assert "mmdebstrap failed" in done.output
    assert "Run the same command again" in done.output
    assert not [path for path in (bare_suite.cache / "images").iterdir() if path.is_dir()]


@pytest.mark.slow
def test_no_network_fails_only_what_must_be_installed(suite: Suite) -> None:
    for layer in (suite.cache / "layers").glob("debian-runit-*"):
        shutil.rmtree(layer) if layer.is_dir() else layer.unlink()
    done = suite.bench("--only=runit/runner/default/hosted", *OPTIONS, before=("unshare", "--net"))
    check_end(done, 1)
    rows = rows_by_name(suite)
    assert rows[FLOOR]["status"] == "measured"
    assert "in phase install" in rows["runit/runner/default/hosted"]["reason"]
    assert not list((suite.cache / "layers").glob("debian-runit-*[!k]"))


@pytest.mark.slow
def test_complete_downloads_are_not_fetched_again(bare_suite: Suite) -> None:
    """The mirror fails midway; the next run fetches neither its lists nor its packages again."""
    with FailingMirror(cut_after=20 << 20) as mirror:
        proxy = {"http_proxy": mirror.address}
        done = bare_suite.bench(*OPTIONS, environment=proxy)
        check_end(done, 1)
        assert mirror.cut
        assert "mmdebstrap failed" in done.output
        assert "Failed to fetch" in done.output
        assert "downloads are kept" in done.output
        assert not [path for path in (bare_suite.cache / "images").iterdir() if path.is_dir()]
        received = {
            path for path in mirror.completed if path.endswith(".deb") or "/by-hash/" in path
        }
        assert {path.endswith(".deb") for path in received} == {True, False}
        mirror.repair()
        before = len(mirror.requested)
        again = bare_suite.bench(*OPTIONS, environment=proxy)
    check_end(again, 0)
    assert received & set(mirror.requested[before:]) == set()
    assert bare_suite.record()["contenders"][0]["status"] == "measured"
    assert not list((bare_suite.cache / "downloads").iterdir())


# ---- the user's rights


def as_plain_user(suite: Suite) -> tuple[str, ...]:
    """The prefix of a command that runs as an unprivileged user, who owns the suite's files.

    The user may read everything: this interpreter may be in root's home.
    """
    for folder, _, names in os.walk(suite.base):
        for path in (Path(folder, name) for name in (".", *names)):
            # The suite's own files; guests' trees belong to no user of the host.
            if path.lstat().st_uid == 0:
                os.lchown(path, NOBODY, NOBODY)
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
            "--bounding-set=-all,+dac_read_search")  # fmt: skip


def test_a_plain_user_can_list_and_is_told_what_needs_root(bare_suite: Suite) -> None:
    before = as_plain_user(bare_suite)
    listed = bare_suite.run("list", before=before)
    check_end(listed, 0)
    assert "runit/runner/default/pid1" in listed.output
    done = bare_suite.bench(*OPTIONS, before=before)
    assert done.code in (1, 2), done.output
    assert "LXC guests need root." in done.output
    assert "sudo" in done.output
    doctor = bare_suite.run("doctor", before=before)
    check_end(doctor, 1)
    assert "sudo" in doctor.output, doctor.output
    check_end(bare_suite.run("destroy", before=before), 0)


@pytest.mark.slow
@pytest.mark.parametrize("interrupted", [False, True])
def test_files_written_by_sudo_belong_to_its_caller(suite: Suite, interrupted: bool) -> None:
    as_plain_user(suite)
    sudo = {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)}
    running = suite.start("bench", *OPTIONS, environment=sudo)
    if interrupted:
        running.wait_for("] measure restart")
        running.interrupt()
    check_end(running.end(), 130 if interrupted else 0)
    owners = {
        str(Path(folder, name)): os.lstat(Path(folder, name)).st_uid
        for top in (suite.checkout, suite.cache)
        for folder, _, names in os.walk(top)
        for name in (".", *names)
    }
    assert [path for path, uid in owners.items() if uid == 0] == []


@pytest.mark.slow
def test_a_plain_user_cannot_destroy_guests_kept_by_sudo(suite: Suite) -> None:
    """The error names the guests, and the command with sudo, which removes them."""
    done = suite.bench(*OPTIONS, "--keep")
    assert done.code == 0, done.output
    before, kept = as_plain_user(suite), suite.guests()
    assert kept
    refused = suite.run("destroy", before=before)
    assert refused.code == 1, refused.output
    assert "Traceback" not in refused.output
    assert "Run the same command with sudo." in refused.output
    for name in kept:
        assert f"Guest {name} is not removed." in refused.output
        assert f"removed {name}" not in refused.output
    assert suite.guests() == kept
    destroyed = suite.run("destroy")
    check_end(destroyed, 0)
    assert all(f"removed {name}" in destroyed.output for name in kept)
    assert suite.guests() == []


@pytest.mark.slow
def test_a_plain_user_cannot_clear_images_built_by_sudo(suite: Suite) -> None:
    refused = suite.run("destroy", "--cache", before=as_plain_user(suite))
    check_end(refused, 1)
    assert f"{suite.cache / 'images'} is left." in refused.output
    assert "Run the same command with sudo." in refused.output
    assert "cleared" not in refused.output.replace("is not cleared", "")
    cleared = suite.run("destroy", "--cache")
    check_end(cleared, 0)
    assert "cleared the cache" in cleared.output
    assert [path.name for path in suite.cache.iterdir() if path.name != "guests"] == []


def test_a_cache_owned_by_root_is_an_error_with_advice(bare_suite: Suite) -> None:
    before = as_plain_user(bare_suite)
    os.chown(bare_suite.cache, 0, 0)
    refused = bare_suite.run("destroy", before=before)
    check_end(refused, 1)
    assert f"{bare_suite.cache}" in refused.output
    assert "Permission denied" in refused.output
    assert "Run the same command with sudo." in refused.output


def test_the_cache_is_not_cleared_while_a_guest_runs(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest of `./inv try` holds no lock of a bench."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.cache.parent))
    guest = Lxc().up(f"try-{os.getpid()}", SYSTEMS["debian"])
    try:
        refused = suite.run("destroy", "--cache")
        assert refused.code == 2, refused.output
        assert f"Guests that run on it: {guest.name}." in refused.output
        guest.run("ls /bin/sh")
    finally:
        guest.destroy()
    check_end(suite.run("destroy", "--cache"), 0)


def test_without_sudo_there_is_no_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert sudo_caller() is None
