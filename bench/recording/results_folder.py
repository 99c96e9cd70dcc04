"""The folder of all runs: where it is, and how a caller chooses another one."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from provision.cache import APP
from provision.errors import Problem

VARIABLE = "PROCESS_SUPERVISION_RESULTS"
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
    folder = Path(option).absolute()
    if folder.exists() and not folder.is_dir():
        raise Problem(
            f"--output={option} is a file.",
            advice="Name a folder; it is made if it does not exist.",
            usage=True,
        )
    os.environ[VARIABLE] = str(folder)
