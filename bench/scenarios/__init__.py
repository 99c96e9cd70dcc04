"""The scenarios: one module each, with one SCENARIO; the directory listing is the registry."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from functools import cache

from bench.model.scenario import Scenario
from bench.scenarios import pid1


@cache
def scenarios() -> dict[str, Scenario]:
    """Return every scenario by its name, in the order of their positions."""
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for package in (sys.modules[__name__], pid1)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    every: list[Scenario] = [module.SCENARIO for module in modules if module is not pid1]
    ordered = sorted(every, key=lambda scenario: (scenario.position, scenario.name))
    return {scenario.name: scenario for scenario in ordered}


def usual_scenarios(registry: Mapping[str, Scenario]) -> tuple[str, ...]:
    """Return the names that `all` stands for: every scenario but lengthy ones."""
    return tuple(name for name, scenario in registry.items() if not scenario.lengthy)
