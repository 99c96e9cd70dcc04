"""What this host can do is tried out, and what fails names its cause and its remedy.

Each case makes a host that lacks one ability, in namespaces that only the tried program is in.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from provision.host.surroundings import surroundings
from provision.lxc.host_check import abilities, ability_checks

ROOT = Path(__file__).parents[5]
TRY = """
import sys
from provision.lxc.host_check.abilities import ABILITIES
(ability,) = (ability for ability in ABILITIES if ability.name == sys.argv[1])
missing = ability.check()
print(f"{missing.why}|{missing.advice}" if missing else "works")
"""
# Runs a command in a user namespace with that map.
NEST = """
import os, sys
from provision.lxc.programs import namespaces
namespaces.enter_user_namespace(sys.argv[1], namespaces.CLONE_NEWNS)
os.setresuid(0, 0, 0)
os.execvp(sys.argv[2], sys.argv[2:])
"""
ALL_USERS, SOME_USERS = "0 0 4294967295", "0 0 65536"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def attempt(ability: str, set_up: str, cache: Path, users: str = "") -> list[str]:
    """Try an ability on a host where those shell commands have run; return cause and remedy.

    users: the map of a user namespace around that host; empty: none.
    """
    script = f'set -e; mount --make-rprivate /; {set_up}; exec "$@"'
    nest = [sys.executable, "-c", NEST, users] if users else ["unshare", "--mount"]
    done = subprocess.run(
        [*nest, "sh", "-c", script, "sh", sys.executable, "-c", TRY, ability],
        cwd=ROOT, env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().split("|")


@pytest.mark.parametrize("ability", [ability.name for ability in abilities.ABILITIES])
def test_every_ability_of_a_usable_host_works(ability: str, tmp_path: Path) -> None:
    """Those of this host, which runs the tests of guests."""
    assert attempt(ability, "true", tmp_path) == ["works"]


@pytest.mark.parametrize(
    ("ability", "set_up", "cause", "remedy"),
    [
        ("cache folder", "mount -t tmpfs -o noexec cache FOLDER", "is mounted noexec",
         "mount -o remount,exec FOLDER"),
        ("cache folder", "mount -t tmpfs cache FOLDER; mkdir FOLDER/process-supervision;"
         " mount -o remount,ro FOLDER", "Read-only file system", "set XDG_CACHE_HOME"),
        ("cache folder", "mount -t tmpfs -o size=50m cache FOLDER", "50 MiB are free",
         "Free some space"),
        ("cache folder", "mount -t tmpfs -o ro cache FOLDER", "cannot be made",
         "set XDG_CACHE_HOME"),
        ("/proc and /sys", "mount -o remount,bind,ro /sys", "its own /proc and /sys",
         "mount -o remount,rw /sys"),
        ("/proc and /sys", "mount -o bind,ro /proc/sys /proc/sys", "covered in part",
         "umount /proc/sys"),
        ("network", "mount -t tmpfs none /dev/net", "/dev/net/tun does not exist", "modprobe tun"),
        ("control groups", "umount -R /sys/fs/cgroup", "No control groups are mounted",
         "mount -t cgroup2 cgroup2 /sys/fs/cgroup"),
        ("control groups", "for path in /sys/fs/cgroup /sys/fs/cgroup/*/; do"
         " mount -o remount,bind,ro ${path%/} || true; done", "are read-only",
         "mount -o remount,rw /sys/fs/cgroup"),
    ],
)  # fmt: skip
def test_a_missing_ability_names_cause_and_remedy(
    ability: str, set_up: str, cause: str, remedy: str, tmp_path: Path
) -> None:
    why, advice = attempt(ability, set_up.replace("FOLDER", str(tmp_path)), tmp_path)
    assert cause in why
    assert remedy.replace("FOLDER", str(tmp_path)) in advice


def test_a_cache_that_root_may_not_write_is_not_taken_for_noexec(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Such as a folder of another host, where root is nobody."""

    def refuse(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    unavailable = ability_checks.check_cache()
    assert unavailable is not None
    assert "Nothing can be written to" in unavailable.why
    assert "noexec" not in unavailable.why and "mount" not in unavailable.advice


@pytest.mark.parametrize("kind", ["user", "net"])
def test_a_host_that_allows_no_namespace_names_its_setting(tmp_path: Path, kind: str) -> None:
    """The limit of a namespace around it counts like the host's own."""
    set_up = f"echo 0 > /proc/sys/user/max_{kind}_namespaces"
    why, advice = attempt("namespaces", set_up, tmp_path, ALL_USERS)
    assert f"this host allows 0 of a kind (user.max_{kind}_namespaces)" in why
    assert advice == f"sysctl -w user.max_{kind}_namespaces=1000"


def test_root_of_a_namespace_with_few_users_is_told_where_it_is(tmp_path: Path) -> None:
    why, advice = attempt("namespaces", "true", tmp_path, SOME_USERS)
    assert "1100000000 to 1100065535 cannot be made" in why
    assert "a part of the host's users" in advice


def test_a_rule_of_the_host_against_user_namespaces_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ubuntu's kernel has this rule, and this host has not: files stand in for it."""
    rule = tmp_path / "kernel/apparmor_restrict_unprivileged_userns"
    rule.parent.mkdir()
    rule.write_text("1\n")
    monkeypatch.setattr(ability_checks, "_SYSCTL", tmp_path)
    monkeypatch.setattr(ability_checks, "_probe", lambda what, folder: 13)
    monkeypatch.setattr(ability_checks, "surroundings", lambda: "")
    missing = abilities.USERS.check()
    assert missing is not None
    assert "Permission denied" in missing.why
    assert missing.advice == "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"


@pytest.mark.parametrize(
    ("release", "namespace", "mark", "users", "expected"),
    [
        ("6.1.0-18-amd64", "4026531836", "", "0 0 4294967295", ""),
        ("6.1.0-18-amd64", "4026531836", ".dockerenv", "0 0 4294967295", ""),
        ("6.1.0-18-amd64", "4026532190", ".dockerenv", "0 0 4294967295", "a Docker container"),
        ("6.1.0-18-amd64", "4026532190", "", "0 0 4294967295", "a container"),
        ("6.1.0-18-amd64", "4026531836", "", "0 100000 65536", "with a part of the host's users"),
        ("5.15.90.1-microsoft-standard-WSL2", "4026532190", "", "0 0 4294967295", "WSL"),
    ],
)  # fmt: skip
def test_containers_and_wsl_are_recognised(
    tmp_path: Path, release: str, namespace: str, mark: str, users: str, expected: str
) -> None:
    """By the kernel's first PID namespace: a machine may be made of a container's root."""
    for folder in ("proc/sys/kernel", "proc/self/ns"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/osrelease").write_text(release + "\n")
    (tmp_path / "proc/self/ns/pid").symlink_to(f"pid:[{namespace}]")
    (tmp_path / "proc/self/uid_map").write_text("{:>10} {:>10} {:>10}\n".format(*users.split()))
    if mark:
        (tmp_path / mark).touch()
    assert expected in surroundings(tmp_path)
    assert bool(surroundings(tmp_path)) is bool(expected)
