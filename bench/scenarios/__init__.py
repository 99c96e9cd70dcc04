"""The scenarios: one module each; the directory listing is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bench.model.scenario import Scenario


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario by its name; the article's own come first."""
    modules = [
        importlib.import_module(f"bench.scenarios.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    ]
    found = [module.SCENARIO for module in modules]
    return {each.name: each for each in sorted(found, key=lambda each: (each.rank, each.name))}
