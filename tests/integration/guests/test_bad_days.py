"""What can go wrong with a supervisor, the disk, the network or the caller's rights."""

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
from tests.support import doubles
from tests.support.mirror import Mirror
from tests.support.suite import Done, Suite, descendants, eventually

FLOOR = "floor/runner/default/hosted"
ASKED = (f"--only={FLOOR}", "--trials=3", "--scenario=restart")
NOBODY = 65534


def fine(done: Done, code: int) -> None:
    """It ended as it should, in words, and left nothing running."""
    assert done.code == code, done.output
    assert "Traceback" not in done.output
    eventually(lambda: not descendants(), "the end of all that was started")


# ---- supervisors that fail


def double(suite: Suite, name: str, code: int) -> dict[str, Any]:
    """What run.json says of that double."""
    done = suite.start(name, program=suite.checkout / "tests/support/doubles.py").end()
    fine(done, code)
    assert suite.guests() == []
    found = {each["name"]: each for each in suite.record()["contenders"]}
    assert (
        found[FLOOR if "hosted" in "".join(found) else "floor/runner/default/pid1"]["status"]
        == "measured"
    )
    return next(each for name, each in found.items() if name.startswith("double"))


@pytest.mark.slow
def test_a_supervisor_that_never_restarts(suite: Suite) -> None:
    found = double(suite, "never-restarts", 0)
    (metric,) = [
        each
        for each in found["scenarios"]["restart"]["metrics"]
        if each["metric"] == "restart_long"
    ]
    assert metric["censored"] == metric["n"] >= 1
    assert (metric["median"], metric["max"]) == (None, None)
    kept = [each for each in suite.samples() if each["contender"].startswith("double")]
    assert [each for each in kept if each["event"] == "sample" and each["censored"]]


@pytest.mark.parametrize(
    "name", ["never-starts", pytest.param("crashes-at-once", marks=pytest.mark.slow)]
)
def test_a_service_that_never_starts(suite: Suite, name: str) -> None:
    found = double(suite, name, 1)
    assert found["status"] == "failed"
    assert "in phase verify: double/runner/default/hosted did not start s1" in found["reason"]
    assert (suite.results / "latest" / found["log"]).read_text()


def test_a_supervisor_that_crashes_as_pid_1(suite: Suite) -> None:
    found = double(suite, "crashes", 1)
    assert found["status"] == "failed"
    assert "in phase measure restart" in found["reason"]


@pytest.mark.slow
def test_one_scenario_that_fails_leaves_the_others(suite: Suite) -> None:
    """What was measured before it is kept; what comes after it is measured in a further guest."""
    found = double(suite, "never-reloads", 1)
    assert found["status"] == "failed"
    assert found["reason"].startswith("in phase measure footprint: ")
    parts = found["scenarios"]
    assert {name: part["status"] for name, part in parts.items()} == {
        "restart": "measured", "footprint": "failed", "idle": "measured"
    }  # fmt: skip
    assert found["reason"].startswith(parts["footprint"]["note"])
    assert parts["footprint"]["metrics"] == []
    first, second = found["guests"]
    assert "measure restart" in first["phases"] and "measure idle" in second["phases"]
    own = {each["scenario"] for each in suite.samples() if each["contender"] == found["name"]}
    assert own == {"restart", "idle"}
    shown = suite.run("report", "--format=csv").output.splitlines()
    rows = [row for row in shown if ",double," in row]
    assert [row for row in rows if ",restart,restart_long,ms," in row]
    assert [row for row in rows if ",footprint," in row and ",failed," in row]


def test_every_double_is_told_of() -> None:
    assert set(doubles.SCRIPTS) == {
        "never-restarts", "never-starts", "crashes", "crashes-at-once", "never-reloads"
    }  # fmt: skip


# ---- the disk


def small(folder: Path, size: str, saved: Path) -> tuple[str, ...]:
    """A small file system there, for the suite alone; saved: what it held in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    script = (
        f"mount -t tmpfs -o size={size} tmpfs '{folder}' || exit 99\n"
        f"\"$@\"\ncode=$?\ncp -a '{folder}' '{saved}'\nexit $code"
    )
    return ("unshare", "--mount", "sh", "-c", script, "sh")


@pytest.mark.parametrize(
    "size", ["16k", *(pytest.param(each, marks=pytest.mark.slow) for each in ("8k", "24k"))]
)
def test_a_full_disk_under_the_results(suite: Suite, size: str) -> None:
    saved = suite.base / "saved"
    done = suite.bench(ASKED[0], ASKED[2], "--trials=30", before=small(suite.results, size, saved))
    fine(done, 1)
    assert "cannot be written: No space left on device" in done.output
    assert "Free some space" in done.output
    assert suite.guests() == []
    for path in saved.glob("*/run.json"):
        json.loads(path.read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "size", "words"),
    [
        ("guests", "64k", "0 MiB are free where it writes"),
        ("guests", "8k", "cannot be written: No space left on device"),
        ("layers", "64k", "cannot be written: No space left on device"),
    ],
)
def test_a_full_disk_under_the_guests(suite: Suite, folder: str, size: str, words: str) -> None:
    """It is full for the guest's first files, for its lock, for what all guests are given."""
    fine(suite.bench(*ASKED), 0)  # the floor's layer is there, whatever ran before
    done = suite.bench(*ASKED, before=small(suite.cache / folder, size, suite.base / "saved"))
    fine(done, 1)
    assert words in done.output


@pytest.mark.slow
@pytest.mark.parametrize("size", ["4k", "30m", "300m"])
def test_a_full_disk_under_the_cache_at_first_run(bare_suite: Suite, size: str) -> None:
    """It is full for the daemon, for the packages' lists, for the packages' files."""
    done = bare_suite.bench(*ASKED, before=small(bare_suite.cache, size, bare_suite.base / "saved"))
    fine(done, 1)
    assert re.search("does not compile|failed with exit code", done.output)
    assert re.search(rf"^\d+ MiB are free in {bare_suite.cache}", done.output, re.MULTILINE)
    assert not list((bare_suite.base / "saved" / "images").glob("build-*"))


# ---- the network


def test_no_network_at_first_run(bare_suite: Suite) -> None:
    done = bare_suite.bench(*ASKED, before=("unshare", "--net"))
    fine(done, 1)
    assert "mmdebstrap failed" in done.output
    assert "Run the same command again" in done.output
    assert not [path for path in (bare_suite.cache / "images").iterdir() if path.is_dir()]


@pytest.mark.slow
def test_no_network_for_a_supervisor(suite: Suite) -> None:
    """Its contenders fail in words; what needs no network is measured."""
    for layer in (suite.cache / "layers").glob("debian-runit-*"):
        shutil.rmtree(layer) if layer.is_dir() else layer.unlink()
    done = suite.bench("--only=runit/runner/default/hosted", *ASKED, before=("unshare", "--net"))
    fine(done, 1)
    found = {each["name"]: each for each in suite.record()["contenders"]}
    assert found[FLOOR]["status"] == "measured"
    assert "in phase install" in found["runit/runner/default/hosted"]["reason"]
    assert not list((suite.cache / "layers").glob("debian-runit-*[!k]"))


@pytest.mark.slow
def test_a_mirror_that_fails_midway(bare_suite: Suite) -> None:
    """What it gave whole before it failed is not asked for again, neither lists nor packages."""
    with Mirror(cut_after=20 << 20) as mirror:
        proxy = {"http_proxy": mirror.address}
        done = bare_suite.bench(*ASKED, environment=proxy)
        fine(done, 1)
        assert mirror.cut
        assert "mmdebstrap failed" in done.output
        assert "Failed to fetch" in done.output
        assert "downloads are kept" in done.output
        assert not [path for path in (bare_suite.cache / "images").iterdir() if path.is_dir()]
        had = {path for path in mirror.whole if path.endswith(".deb") or "/by-hash/" in path}
        assert {path.endswith(".deb") for path in had} == {True, False}
        mirror.mend()
        before = len(mirror.asked)
        again = bare_suite.bench(*ASKED, environment=proxy)
    fine(again, 0)
    assert had & set(mirror.asked[before:]) == set()
    assert bare_suite.record()["contenders"][0]["status"] == "measured"
    assert not list((bare_suite.cache / "downloads").iterdir())


# ---- whose they are


def plain(suite: Suite) -> tuple[str, ...]:
    """A user without rights, but for reading: this interpreter may live in root's home."""
    for folder, _, names in os.walk(suite.base):
        for path in (Path(folder, name) for name in (".", *names)):
            # What the suite has written; guests' trees belong to none of the host's users.
            if path.lstat().st_uid == 0:
                os.lchown(path, NOBODY, NOBODY)
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
            "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
            "--bounding-set=-all,+dac_read_search")  # fmt: skip


def test_a_plain_user(bare_suite: Suite) -> None:
    before = plain(bare_suite)
    listed = bare_suite.run("list", before=before)
    fine(listed, 0)
    assert "runit/runner/default/pid1" in listed.output
    done = bare_suite.bench(*ASKED, before=before)
    assert done.code in (1, 2), done.output
    assert "LXC guests need root." in done.output
    assert "sudo" in done.output
    doctor = bare_suite.run("doctor", before=before)
    fine(doctor, 1)
    assert "run with sudo" in doctor.output
    fine(bare_suite.run("destroy", before=before), 0)


@pytest.mark.parametrize("interrupted", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_sudo_writes_belongs_to_its_caller(suite: Suite, interrupted: bool) -> None:
    plain(suite)
    sudo = {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY)}
    running = suite.start("bench", *ASKED, environment=sudo)
    if interrupted:
        running.until("] measure restart")
        running.interrupt()
    fine(running.end(), 130 if interrupted else 0)
    owners = {
        str(Path(folder, name)): os.lstat(Path(folder, name)).st_uid
        for top in (suite.checkout, suite.cache)
        for folder, _, names in os.walk(top)
        for name in (".", *names)
    }
    assert [path for path, uid in owners.items() if uid == 0] == []


@pytest.mark.slow
def test_a_plain_user_cannot_destroy_what_sudo_kept(suite: Suite) -> None:
    """It is said so, and what to type; with sudo the same command does it."""
    done = suite.bench(*ASKED, "--keep")
    assert done.code == 0, done.output
    before, kept = plain(suite), suite.guests()
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
    fine(destroyed, 0)
    assert all(f"removed {name}" in destroyed.output for name in kept)
    assert suite.guests() == []


@pytest.mark.slow
def test_a_plain_user_cannot_clear_the_images_of_sudo(suite: Suite) -> None:
    refused = suite.run("destroy", "--cache", before=plain(suite))
    fine(refused, 1)
    assert f"{suite.cache / 'images'} is left." in refused.output
    assert "Run the same command with sudo." in refused.output
    assert "cleared" not in refused.output.replace("is not cleared", "")
    cleared = suite.run("destroy", "--cache")
    fine(cleared, 0)
    assert "cleared the cache" in cleared.output
    assert [path.name for path in suite.cache.iterdir() if path.name != "guests"] == []


def test_a_cache_that_a_killed_sudo_left_to_root(bare_suite: Suite) -> None:
    before = plain(bare_suite)
    os.chown(bare_suite.cache, 0, 0)
    refused = bare_suite.run("destroy", before=before)
    fine(refused, 1)
    assert f"{bare_suite.cache}" in refused.output
    assert "Permission denied" in refused.output
    assert "Run the same command with sudo." in refused.output


def test_the_cache_is_not_cleared_under_a_living_guest(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`./inv try` has one, and holds no bench's lock."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(suite.cache.parent))
    guest = Lxc().up(f"try-{os.getpid()}", SYSTEMS["debian"])
    try:
        refused = suite.run("destroy", "--cache")
        assert refused.code == 2, refused.output
        assert f"Guests that run on it: {guest.name}." in refused.output
        guest.run("ls /bin/sh")
    finally:
        guest.destroy()
    fine(suite.run("destroy", "--cache"), 0)


def test_nobody_called_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert sudo_caller() is None
