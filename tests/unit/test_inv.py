"""The front door: what it installs, what it says before, and what it becomes.

apt, pip and invoke are stand-ins that say how they were called: nothing is installed here. The real
ones are behind every run from a fresh clone, .ci/run's for one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-test.lock")
ABSENT = "loc no-such-program-anywhere counts-lines\n"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")


class Door:
    """A checkout with nothing but what `inv` itself reads."""

    def __init__(self, base: Path) -> None:
        self.checkout = base / "checkout"
        self.bin = base / "bin"
        for folder in (self.checkout / "provision", self.checkout / ".venv" / "bin", self.bin):
            folder.mkdir(parents=True)
        for name in ("inv", "provision/host-packages", *LOCKS):
            shutil.copy2(ROOT / name, self.checkout / name)
        for lock in LOCKS:
            shutil.copy2(ROOT / lock, self.checkout / ".venv" / lock)
        for program in ("invoke", "pip", "python"):
            self._stand_in(self.checkout / ".venv" / "bin" / program)
        self._stand_in(self.bin / "apt-get")

    def _stand_in(self, path: Path) -> None:
        path.write_text(f'#!/bin/sh\necho "{path.name} called:" "$@" >&2\n')
        path.chmod(0o755)

    def want(self, line: str) -> None:
        """One more line of host-packages."""
        with (self.checkout / "provision" / "host-packages").open("a") as file:
            file.write(line)

    def open(self, *words: str) -> list[str]:
        """Everything it says, line by line, when called with those words."""
        done = subprocess.run(
            [self.checkout / "inv", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            cwd="/",
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.bin)},
        )
        return done.stdout.splitlines()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_no_argument_lists_the_tasks(door: Door) -> None:
    assert door.open() == ["invoke called: --list"]


@pytest.mark.parametrize(
    ("words", "become"),
    [
        ("list", "list"),
        ("report RUN", "report --run=RUN"),
        ("report --format csv RUN", "report --format csv --run=RUN"),
        ("report --why runit/crashloop RUN", "report --why runit/crashloop --run=RUN"),
        ("compare A B --fail-on regression:5", "compare --run=A --run=B --fail-on regression:5"),
        ("merge A B", "merge --run=A --run=B"),
        ("usage runit", "usage runit"),
    ],
)
def test_it_becomes_invoke(door: Door, words: str, become: str) -> None:
    assert door.open(*words.split()) == [f"invoke called: {become}"]


def test_words_with_spaces_stay_words(door: Door) -> None:
    (door.checkout / ".venv" / "bin" / "invoke").write_text(
        '#!/bin/sh\nfor word; do echo "[$word]"; done\n'
    )
    assert door.open("report", "a run", "--format", "md") == [
        "[report]",
        "[--run=a run]",
        "[--format]",
        "[md]",
    ]


@as_root
def test_a_missing_package_is_named_before_apt_installs_it(door: Door) -> None:
    door.want(ABSENT)
    said = door.open("loc")
    assert said[0].startswith("Installing with apt: ")
    assert "counts-lines" in said[0].split()
    assert said[1] == "apt-get called: -q update"
    assert said[2].startswith("apt-get called: -q install -y --no-install-recommends ")
    assert "counts-lines" in said[2].split()
    assert said[3] == "invoke called: loc"


def test_what_a_task_does_not_need_is_not_installed(door: Door) -> None:
    door.want(ABSENT)
    assert door.open("list") == ["invoke called: list"]


@as_root
@pytest.mark.parametrize("option", ["--os=some", "--os some", "-o some"])
def test_the_system_asked_for_says_what_is_needed(door: Door, option: str) -> None:
    # Only these are asked for, whatever this host has.
    (door.checkout / "provision" / "host-packages").write_text(
        "image-some no-such-program-anywhere makes-some\nimage-debian no-such-either makes-debian\n"
    )
    assert door.open("bench", *option.split())[0] == "Installing with apt: makes-some "
    assert door.open("bench")[0] == "Installing with apt: makes-debian "


def test_a_changed_lock_file_is_installed_once(door: Door) -> None:
    lock = door.checkout / LOCKS[0]
    lock.write_text(f"{lock.read_text()}# changed\n")
    said = door.open("list")
    assert said[0] == f"Setting up .venv from {LOCKS[0]}"
    assert said[1].startswith("pip called: install ")
    assert said[1].endswith(f"--require-hashes -r {lock}")
    assert said[2] == "invoke called: list"
    assert door.open("list") == ["invoke called: list"]


def test_the_tests_packages_cover_the_others(door: Door) -> None:
    """After `./inv test` nothing has to be installed for `./inv list`, and not the other way."""
    for lock in LOCKS:
        (door.checkout / ".venv" / lock).unlink()
    assert f"-r {door.checkout / LOCKS[0]}" in door.open("list")[1]
    assert f"-r {door.checkout / LOCKS[1]}" in door.open("test", "--help")[1]
    assert door.open("list") == ["invoke called: list"]
