"""The supervisors compared: one folder each; the directory listing is the registry."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from supervisors.base import Supervisor


@cache
def supervisors() -> dict[str, Supervisor]:
    """Every supervisor by its name, in the article's order; those it did not know come last."""
    folder = Path(__file__).parent
    modules = [
        importlib.import_module(f"supervisors.{entry.parent.name}")
        for entry in folder.glob("*/__init__.py")
    ]
    found = [module.SUPERVISOR for module in modules]
    return {each.name: each for each in sorted(found, key=lambda each: (each.rank, each.name))}
