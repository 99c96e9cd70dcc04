"""The supervisors compared, a folder each, and the inits; the listing is the registry."""

from __future__ import annotations

import importlib
import traceback
from functools import cache
from pathlib import Path

from provision.errors import Problem
from supervisors.base import Supervisor

# Beside the supervisors: what runs one program as a container's PID 1. For installation, versions,
# verification and results an init is a supervisor that keeps no services.
_PACKAGES = ("supervisors", "inits")
_ROOT = Path(__file__).parents[1]


def folders() -> list[Path]:
    """Return the folder of every supervisor and of every init: each that has an __init__.py."""
    return sorted(
        path.parent for package in _PACKAGES for path in (_ROOT / package).glob("*/__init__.py")
    )


@cache
def supervisors() -> dict[str, Supervisor]:
    """Return every supervisor by its name: the article's in its order, others, and the inits."""
    registered = [_load(folder) for folder in folders()]
    registered.sort(key=lambda supervisor: (supervisor.article_order, supervisor.name))
    return {supervisor.name: supervisor for supervisor in registered}


def load(name: str) -> Supervisor:
    """Return the supervisor or init of that name. Raises Problem if its code fails."""
    folder = folder_name(name)
    return _load(next(path for path in folders() if path.name == folder))


def folder_name(name: str) -> str:
    """Return the name of the folder of a supervisor: a package of Python has no hyphen."""
    return name.replace("-", "_")


def _load(folder: Path) -> Supervisor:
    package, name = folder.parent.name, folder.name
    try:
        supervisor: Supervisor = importlib.import_module(f"{package}.{name}").SUPERVISOR
    except Exception as error:
        raise Problem(
            f"{package}/{name} cannot be loaded: {type(error).__name__}: {error}",
            known=traceback.format_exc(limit=-2),
            advice=f"Correct {package}/{name}/__init__.py, then: ./inv check {name}",
        ) from error
    return supervisor
