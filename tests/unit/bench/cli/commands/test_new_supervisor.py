"""`./inv new` writes a skeleton; `./inv check` names what only a person can fill in."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import supervisors as package
from bench.cli.commands.new_supervisor import check, create, created_lines
from provision.errors import Problem
from supervisors.base import Supervisor
from supervisors.contract import RULES, violations
from supervisors.skeleton_marks import MARK, is_filled_in

ROOT = Path(package.__file__).parents[1]


def loaded(folder: Path) -> Supervisor:
    """Load the supervisor of a folder outside the package."""
    name = f"skeleton_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, folder / "__init__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    supervisor: Supervisor = module.SUPERVISOR
    return supervisor


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    create("my_supervisor", tmp_path)
    yield tmp_path / "my_supervisor"
    sys.modules.pop("skeleton_my_supervisor", None)


def fill_in(folder: Path) -> None:
    """Do what the comments ask for, as briefly as a person could."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        text = path.read_text().replace('"https://"', '"https://example.org/"')
        text = re.sub(rf"^\s*# {MARK}.*\n", "", text, flags=re.M)
        text = re.sub(rf"  # {MARK}.*$", "", text, flags=re.M)
        path.write_text(text.replace(MARK, "Filled in:"))


def test_the_skeleton_has_class_description_and_configuration(tmp_path: Path) -> None:
    files = create("my_supervisor", tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        "my_supervisor/__init__.py",
        "my_supervisor/idea.md",
        "my_supervisor/files/etc/my_supervisor/SERVICE",
    ]


def test_a_folder_is_filled_in_once_no_mark_is_left(folder: Path) -> None:
    assert not is_filled_in(folder)
    fill_in(folder)
    assert is_filled_in(folder)


def test_only_marks_and_the_home_page_are_left_to_do(folder: Path) -> None:
    supervisor = loaded(folder)
    nothing_left, *others = RULES
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    marks = sum(path.read_text().count(MARK) for path in files)
    # In the comment at the top of the class's file no mark stands.
    assert len(list(nothing_left(supervisor))) == marks > 15
    complaints = [complaint for rule in others for complaint in rule(supervisor)]
    assert len(complaints) == 1
    assert complaints[0].startswith("home_page is 'https://'")


def test_a_skeleton_that_is_filled_in_keeps_the_contract(folder: Path) -> None:
    fill_in(folder)
    assert list(violations(loaded(folder))) == []


@pytest.mark.parametrize("command", [["check", "--no-cache"], ["format", "--check", "--no-cache"]])
def test_the_skeleton_passes_lint(folder: Path, command: list[str]) -> None:
    configuration = ["--config", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, *configuration, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Upper", "lower-case letters"),
        ("with-hyphen", "lower-case letters"),
        ("1st", "lower-case letters"),
        ("", "lower-case letters"),
        ("class", "lower-case letters"),
        ("a/b", "lower-case letters"),
        ("_template", "lower-case letters"),
        ("runit", "supervisors/runit exists already"),
        ("tini", "inits/tini exists"),
        ("dumb_init", "inits/dumb_init exists"),
        ("base", "supervisors/base.py is a module of the suite"),
        ("contract", "supervisors/contract.py is a module of the suite"),
    ],
)
def test_a_bad_name_is_refused_and_nothing_is_written(name: str, words: str) -> None:
    before = sorted((ROOT / "supervisors").iterdir())
    with pytest.raises(Problem, match=re.escape(words)) as refused:
        create(name)
    assert refused.value.usage
    assert sorted((ROOT / "supervisors").iterdir()) == before


def test_new_names_the_files_and_the_next_command() -> None:
    lines = created_lines("mine", [ROOT / "supervisors/mine/__init__.py"])
    assert lines[0] == "supervisors/mine/__init__.py"
    assert lines[-1].startswith("./inv check mine lists what is left")


def test_a_complete_folder_leads_to_the_next_commands() -> None:
    lines, complete = check("runit")
    assert complete
    assert lines[0] == "supervisors/runit keeps the contract. Next, as root:"
    assert lines[1].startswith("./inv try runit ")


def test_an_unknown_folder_is_refused() -> None:
    with pytest.raises(Problem, match="no supervisor named 'prep'") as refused:
        check("prep")
    assert refused.value.usage


def test_code_that_fails_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "supervisors.runit", None)
    with pytest.raises(Problem, match="supervisors/runit cannot be loaded: ") as refused:
        check("runit")
    assert "./inv check runit" in str(refused.value)


@pytest.mark.parametrize("arguments", [("new", "Bad-Name"), ("new", "runit"), ("check", "prep")])
def test_a_request_that_makes_no_sense_ends_with_code_2(arguments: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "invoke", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
