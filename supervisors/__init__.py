"""The supervisors compared: one folder each; the directory listing is the registry."""

from __future__ import annotations

import importlib
import traceback
from functools import cache
from pathlib import Path

from provision.errors import Problem
from supervisors.base import Supervisor


def folders() -> list[Path]:
    """Return the folder of every supervisor: each that has an __init__.py."""
    return sorted(path.parent for path in Path(__file__).parent.glob("*/__init__.py"))


@cache
def supervisors() -> dict[str, Supervisor]:
    """Return every supervisor by its name: the article's in its order, then the others."""
    registered = [load(folder.name) for folder in folders()]
    registered.sort(key=lambda supervisor: (supervisor.article_order, supervisor.name))
    return {supervisor.name: supervisor for supervisor in registered}


def load(name: str) -> Supervisor:
    """Return the supervisor of the folder with that name. Raises Problem if its code fails."""
    try:
        supervisor: Supervisor = importlib.import_module(f"supervisors.{name}").SUPERVISOR
    except Exception as error:
        raise Problem(
            f"supervisors/{name} cannot be loaded: {type(error).__name__}: {error}",
            known=traceback.format_exc(limit=-2),
            advice=f"Correct supervisors/{name}/__init__.py, then: ./inv check {name}",
        ) from error
    return supervisor
