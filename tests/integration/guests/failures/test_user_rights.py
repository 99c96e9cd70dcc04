"""What a user may not do is an error that names the right command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.cache import sudo_caller
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS
from tests.integration.guests.failures.ends import OPTIONS, check_end
from tests.support.suite import Suite

NOBODY = 65534


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
