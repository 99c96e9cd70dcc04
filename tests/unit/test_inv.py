"""`./inv`: how it makes .venv, and how it becomes the program of the tasks.

pip and Python are stand-ins that say how they were called: nothing is installed here. The real
ones are behind every run from a fresh clone, .ci/run's for one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
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
        for program in ("pip", "python"):
            self._stand_in(self.checkout / ".venv" / "bin" / program)
        self._stand_in(self.bin / "apt-get")

    def _stand_in(self, path: Path) -> None:
        path.write_text(f'#!/bin/sh\necho "{path.name} called:" "$@" >&2\n')
        path.chmod(0o755)

    def have_python(self) -> None:
        """Have a python3 of the host that makes a new environment of stand-ins."""
        python = self.bin / "python3"
        python.write_text(
            "#!/bin/sh\n"
            'case "$2" in -c) exit 0 ;; esac\n'  # it has ensurepip and venv
            'mkdir -p "$4/bin"\n'
            "for program in python pip; do\n"
            '    printf \'#!/bin/sh\\necho new %s: "$@"\\n\' $program >"$4/bin/$program"\n'
            '    chmod +x "$4/bin/$program"\n'
            "done\n"
        )
        python.chmod(0o755)

    @property
    def program(self) -> str:
        """How .venv's Python is called, before the words."""
        return f"-I -B {self.checkout}/bench/cli/main.py"

    def open(self, *words: str, before: Sequence[str] = (), **variables: str) -> list[str]:
        """Everything it says, line by line, when called with those words and variables."""
        done = subprocess.run(
            [*before, self.checkout / "inv", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            cwd="/",
            env={"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.bin), **variables},
        )
        return done.stdout.splitlines()

    def become(self, words: str) -> str:
        """What it says when it becomes the program with those words."""
        return f"python called: {self.program} {words}"


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_no_argument_lists_the_tasks(door: Door) -> None:
    assert door.open() == [door.become("--list")]


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
def test_it_becomes_the_program(door: Door, words: str, become: str) -> None:
    assert door.open(*words.split()) == [door.become(become)]


def test_compiled_modules_are_kept_in_the_cache_where_there_is_one(door: Door) -> None:
    cache = door.bin / "cache of mine"
    (cache / "process-supervision").mkdir(parents=True)
    (said,) = door.open("list", XDG_CACHE_HOME=str(cache))
    kept = f"-X pycache_prefix={cache}/process-supervision/bytecode"
    assert said == f"python called: -I {kept} {door.checkout}/bench/cli/main.py list"


def test_compiled_modules_are_kept_nowhere_by_what_sudo_runs(door: Door) -> None:
    (door.bin / ".cache" / "process-supervision").mkdir(parents=True)
    said = door.open("list", SUDO_UID="0", XDG_CACHE_HOME=str(door.bin / ".cache"))
    assert said == [door.become("list")]


def test_words_with_spaces_stay_words(door: Door) -> None:
    (door.checkout / ".venv" / "bin" / "python").write_text(
        '#!/bin/sh\nshift 3; for word; do echo "[$word]"; done\n'
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
    assert said[2] == door.become("list")
    assert door.open("list") == [door.become("list")]


def test_the_tests_packages_cover_the_others(door: Door) -> None:
    """After `./inv test` nothing has to be installed for `./inv list`, and not the other way."""
    for lock in LOCKS:
        (door.checkout / ".venv" / lock).unlink()
    assert f"-r {door.checkout / LOCKS[0]}" in door.open("list")[1]
    assert f"-r {door.checkout / LOCKS[1]}" in door.open("test", "--help")[1]
    assert door.open("list") == [door.become("list")]


def test_a_venv_that_was_never_finished_is_made_anew(door: Door) -> None:
    """A first start that was killed leaves the mark, and a Python without pip perhaps."""
    (door.checkout / ".venv" / "unfinished").touch()
    (door.checkout / ".venv" / "remains").touch()
    for lock in LOCKS:
        (door.checkout / ".venv" / lock).unlink()
    door.have_python()
    lines = door.open("list")
    assert lines[:2] == [
        "Removing a .venv that was never finished",
        f"Setting up .venv from {LOCKS[0]}",
    ]
    assert lines[-1] == f"new python: {door.program} list"
    assert not (door.checkout / ".venv" / "remains").exists()
    assert not (door.checkout / ".venv" / "unfinished").exists()
    assert door.open("list") == [f"new python: {door.program} list"]


def test_nothing_of_the_callers_settings_reaches_the_program(door: Door) -> None:
    (door.checkout / ".venv" / "bin" / "python").write_text("#!/bin/sh\nenv\n")
    settings = {"PYTHONPATH": "/x", "PYTHONHOME": "/x", "PYTHONSTARTUP": "/x"}
    settings |= {"INVOKE_RUN_ECHO": "1", "PIP_TARGET": "/x", "MY_PYTHONPATH": "stays"}
    variables = dict(line.split("=", 1) for line in door.open("list", **settings))
    assert {name for name in variables if name in settings} == {"MY_PYTHONPATH"}


def test_a_module_of_the_callers_folder_is_not_taken_for_pythons(
    door: Door, tmp_path: Path
) -> None:
    """With PYTHONPATH or in the caller's folder; the Python that makes .venv is the host's own."""
    shutil.rmtree(door.checkout / ".venv")
    (tmp_path / "venv.py").write_text("raise SystemExit('the wrong venv')")
    with contextlib.suppress(subprocess.CalledProcessError):  # the lock file may need a network
        (door.checkout / LOCKS[0]).write_text("")
        door.open("list", before=("env", "-C", str(tmp_path)), PYTHONPATH=str(tmp_path))
    assert (door.checkout / ".venv" / "pyvenv.cfg").exists()


def test_it_stays_in_the_callers_folder(door: Door, tmp_path: Path) -> None:
    (door.checkout / ".venv" / "bin" / "python").write_text("#!/bin/sh\npwd\n")
    assert door.open("list", before=("env", "-C", str(tmp_path))) == [str(tmp_path)]


def test_a_callers_folder_that_is_gone_does_not_matter(door: Door, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'cd {gone} && rmdir {gone} && exec "$@"'
    assert door.open("list", before=("sh", "-c", script, "sh"))[-1] == door.become("list")


def test_a_checkout_that_cannot_be_written_has_its_venv_in_the_cache(door: Door) -> None:
    """Its file system is read-only; the next start needs nothing but the cache."""
    shutil.rmtree(door.checkout / ".venv")
    door.have_python()
    mount = f"mount --bind {door.checkout} {door.checkout} && mount -o remount,ro,bind"
    script = f'{mount} {door.checkout} && exec "$@"'
    read_only = ("unshare", "-rm", "sh", "-c", script, "sh")
    said = door.open("list", before=read_only)
    cache = door.bin / ".cache" / "process-supervision" / "venv"
    (venv,) = cache.iterdir()
    assert said[0] == f"Setting up {venv} from {LOCKS[0]}"
    (said_then,) = door.open("list", before=read_only)
    assert said_then.startswith("new python: -I ")
    assert not (door.checkout / ".venv").exists()


def test_a_start_killed_amid_that_is_healed_as_well(door: Door) -> None:
    shutil.rmtree(door.checkout / ".venv")
    (door.checkout / ".venv").mkdir()  # killed before its mark was made
    door.have_python()
    assert door.open("list")[-1] == f"new python: {door.program} list"
