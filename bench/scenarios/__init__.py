"""The scenarios: one module each, with one SCENARIO; the directory listing is the registry."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bench.model.scenario import Scenario


@cache
def scenarios() -> dict[str, Scenario]:
    """Return every scenario by its name, in the order of their positions."""
    modules = [
        importlib.import_module(f"bench.scenarios.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    ]
    every: list[Scenario] = [module.SCENARIO for module in modules]
    ordered = sorted(every, key=lambda scenario: (scenario.position, scenario.name))
    return {scenario.name: scenario for scenario in ordered}
