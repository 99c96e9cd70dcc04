"""The supervisors compared: one folder each; the directory listing is the registry."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from supervisors.base import Supervisor


def folders() -> list[Path]:
    """Return the folder of every supervisor: each that has an __init__.py."""
    return sorted(path.parent for path in Path(__file__).parent.glob("*/__init__.py"))


@cache
def supervisors() -> dict[str, Supervisor]:
    """Return every supervisor by its name: the article's in its order, then the others."""
    registered = [_load(folder.name) for folder in folders()]
    registered.sort(key=lambda supervisor: (supervisor.article_order, supervisor.name))
    return {supervisor.name: supervisor for supervisor in registered}


def _load(name: str) -> Supervisor:
    supervisor: Supervisor = importlib.import_module(f"supervisors.{name}").SUPERVISOR
    return supervisor
