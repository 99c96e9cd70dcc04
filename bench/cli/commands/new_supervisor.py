"""A new supervisor's folder: `./inv new` writes its skeleton, `./inv check` says what it lacks."""

from __future__ import annotations

import keyword
import re
import traceback
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

import supervisors as package
from provision.errors import Problem
from provision.systems import unknown_name_error
from supervisors import folder_name, folders, load
from supervisors.contract import LONGEST_PROCESS_NAME, violations
from supervisors.skeleton_marks import MARK

FOLDER = Path(package.__file__).parent
SKELETON = Path(__file__).parent / "skeleton"
# Template of the skeleton -> path in the folder. source.toml is for the article's supervisors only.
_FILES = {
    "__init__.py.j2": "__init__.py",
    "idea.md.j2": "idea.md",
    "SERVICE.j2": "files/etc/{name}/SERVICE",
}


def create(name: str, folder: Path = FOLDER) -> list[Path]:
    """Write the skeleton of a supervisor's folder; return its files. Raises Problem."""
    _check_name(name, folder)
    environment = Environment(
        loader=FileSystemLoader(SKELETON), trim_blocks=True, keep_trailing_newline=True
    )
    words = {
        "name": name,
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "process_name": name[:LONGEST_PROCESS_NAME],
    }
    written = []
    for template, path in _FILES.items():
        file = folder / name / path.format(name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(environment.get_template(template).render(words))
        written.append(file)
    return written


def _check_name(name: str, folder: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise Problem(
            f"{name!r} cannot name a supervisor's folder, which is a Python package.",
            advice="Use lower-case letters, digits and _, a letter first; title may be anything.",
            usage=True,
        )
    if (folder / name).exists():
        raise Problem(
            f"supervisors/{name} exists already.",
            advice=f"./inv check {name} says what it lacks.",
            usage=True,
        )
    init = next((path for path in folders() if path.name == name), None)
    if init is not None:
        raise Problem(
            f"{name!r} is taken: {init.parent.name}/{name} exists, and results and --only tell"
            " supervisors and inits apart by their names.",
            advice="Choose another name; title may be anything.",
            usage=True,
        )
    if (folder / f"{name}.py").exists():
        raise Problem(
            f"{name!r} is reserved: supervisors/{name}.py is a module of the suite.",
            advice="Choose another name; title may be anything.",
            usage=True,
        )


def created_lines(name: str, files: list[Path]) -> list[str]:
    """Return what `./inv new` prints."""
    return [
        *(f"{path.relative_to(FOLDER.parent)}" for path in files),
        f"Fill in what the comments with {MARK!r} ask for, and delete them.",
        f"Until then, only --only={name} measures it.",
        f"./inv check {name} lists what is left. CONTRIBUTING.md has a worked example.",
    ]


def check(name: str) -> tuple[list[str], bool]:
    """Return what a supervisor's folder lacks, and whether it is complete. Raises Problem."""
    names = [folder.name for folder in folders()]
    if folder_name(name) not in names:
        raise unknown_name_error(
            "supervisor", name, names, "./inv new NAME writes a folder; ./inv list"
        )
    supervisor = load(name)
    place = f"{supervisor.folder.parent.name}/{supervisor.folder.name}"
    try:
        complaints = list(violations(supervisor))
    except Exception as error:
        raise Problem(
            f"The rules cannot read {place}: {type(error).__name__}: {error}",
            known=traceback.format_exc(limit=-3),
            advice=f"Correct what the last lines name, then: ./inv check {name}",
        ) from error
    if complaints:
        count = f"{len(complaints)} {'thing is' if len(complaints) == 1 else 'things are'} left"
        return [f"{place}: {count} to do.", *complaints], False
    return [
        f"{place} keeps the contract. Next, as root:",
        f"./inv try {name}                  look at it in a guest",
        f"./inv bench --only={name} --quick   measure it",
        "./inv test                       lint, types and all tests; the new contender's own among"
        " them",
    ], True
