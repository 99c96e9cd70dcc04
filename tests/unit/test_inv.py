"""`./inv`: how it makes .venv, and how it becomes invoke.

pip and invoke are stand-ins that say how they were called: nothing is installed here. The real
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


class Door:
    """A checkout with nothing but what `inv` itself reads."""

    def __init__(self, base: Path) -> None:
        self.checkout = base / "checkout"
        self.bin = base / "bin"
        for folder in (self.checkout / ".venv" / "bin", self.bin):
            folder.mkdir(parents=True)
        for name in ("inv", *LOCKS):
            shutil.copy2(ROOT / name, self.checkout / name)
        for lock in LOCKS:
            shutil.copy2(ROOT / lock, self.checkout / ".venv" / lock)
        for program in ("invoke", "pip", "python"):
            self._stand_in(self.checkout / ".venv" / "bin" / program)
        self._stand_in(self.bin / "apt-get")

    def _stand_in(self, path: Path) -> None:
        path.write_text(f'#!/bin/sh\necho "{path.name} called:" "$@" >&2\n')
        path.chmod(0o755)

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
        ("compare A B --only s6 --metric pss", "compare --run=A --run=B --only s6 --metric pss"),
        ("compare --scenario stop A B", "compare --scenario stop --run=A --run=B"),
        ("report --output - --sort name RUN", "report --output - --sort name --run=RUN"),
        ("report --unit us RUN", "report --unit us --run=RUN"),
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


def test_a_venv_that_was_never_finished_is_made_anew(door: Door) -> None:
    """A first start that was killed leaves the mark, and a Python without pip perhaps."""
    (door.checkout / ".venv" / "unfinished").touch()
    (door.checkout / ".venv" / "remains").touch()
    for lock in LOCKS:
        (door.checkout / ".venv" / lock).unlink()
    python = door.bin / "python3"
    python.write_text(
        "#!/bin/sh\n"
        'case "$1" in -c) exit 0 ;; esac\n'  # it has ensurepip and venv
        'mkdir -p "$3/bin"\n'
        "for program in python pip invoke; do\n"
        '    printf \'#!/bin/sh\\necho new %s: "$@"\\n\' $program >"$3/bin/$program"\n'
        '    chmod +x "$3/bin/$program"\n'
        "done\n"
    )
    python.chmod(0o755)
    lines = door.open("list")
    assert lines[:2] == [
        "Removing a .venv that was never finished",
        f"Setting up .venv from {LOCKS[0]}",
    ]
    assert lines[-1] == "new invoke: list"
    assert not (door.checkout / ".venv" / "remains").exists()
    assert not (door.checkout / ".venv" / "unfinished").exists()
    assert door.open("list") == ["new invoke: list"]
