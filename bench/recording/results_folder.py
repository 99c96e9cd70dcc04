"""The folder of all runs: where it is, and how a caller chooses another one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_data_path

from provision.cache import APP, make_folder_for_caller
from provision.errors import Problem
from provision.user_paths import parse_path

VARIABLE = "PROCESS_SUPERVISION_RESULTS"
# How the name of a run begins: the time at which it was made.
_RUN_NAME = re.compile(r"\d{8}-\d{6}-")
_IN_CHECKOUT = Path(__file__).parents[2] / "results"


def results_folder() -> Path:
    """Return the folder of all runs, which may not exist yet.

    It is the one that VARIABLE names, or `results/` in the checkout. Where that cannot be written,
    such as in a checkout on a read-only file system, it is in the user's data folder.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).absolute()
    existing = _IN_CHECKOUT if _IN_CHECKOUT.exists() else _IN_CHECKOUT.parent
    if os.access(existing, os.W_OK):
        return _IN_CHECKOUT
    return user_data_path(APP) / "results"


def use_results_folder(option: str) -> None:
    """Keep the runs of this process, and of those that it starts, in the folder of --output.

    An empty option, which means that none was given, changes nothing. Raises Problem where the
    folder is a file.
    """
    if not option:
        return
    folder = parse_path("--output=", option).absolute()
    if folder.exists() and not folder.is_dir():
        raise Problem(
            f"--output={option} is a file.",
            advice="Name a folder; it is made if it does not exist.",
            usage=True,
        )
    os.environ[VARIABLE] = str(folder)


def make_results_folder(folder: Path) -> None:
    """Make a folder of runs. Raises Problem where nothing can be made at that path."""
    try:
        make_folder_for_caller(folder)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as failure:
        what = "it is a link to nothing" if folder.is_symlink() else failure.strerror
        raise Problem(
            f"The folder of runs {folder} cannot be made: {what}.",
            advice=f"Name another one: --output=DIR, or the variable {VARIABLE}",
            usage=True,
        ) from failure


def written_entries(folder: Path) -> Iterator[Path]:
    """Yield what this suite has written into a folder of runs: runs and links to the latest one.

    A caller may name any folder, such as one of somebody else: other entries are not the suite's.
    """
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_symlink():
            if entry.name == "latest" or entry.name.startswith(".latest-"):
                yield entry
        elif entry.is_dir() and _is_run(entry):
            yield entry


def _is_run(folder: Path) -> bool:
    """Whether a folder is a run; one that was killed as it began has only its name and its logs."""
    begun = _RUN_NAME.match(folder.name) is not None and (folder / "logs").is_dir()
    return begun or (folder / "run.json").is_file()
