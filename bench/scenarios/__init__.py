"""The scenarios: a folder for each subject, in it a module for each scenario, with one SCENARIO.

The listing of the folders is the registry.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from bench.model.scenario import Scenario


@cache
def scenarios() -> dict[str, Scenario]:
    """Return every scenario by its name, in the order of their positions."""
    every: list[Scenario] = [
        importlib.import_module(module).SCENARIO
        for subject in _modules_in(__name__)
        for module in _modules_in(subject)
    ]
    ordered = sorted(every, key=lambda scenario: (scenario.position, scenario.name))
    return {scenario.name: scenario for scenario in ordered}


def usual_scenarios(registry: Mapping[str, Scenario]) -> tuple[str, ...]:
    """Return the names that `all` stands for: every scenario but lengthy ones."""
    return tuple(name for name, scenario in registry.items() if not scenario.lengthy)


def _modules_in(package: str) -> list[str]:
    """Return the full names of the modules and packages that lie in a package's folder."""
    folder = importlib.import_module(package).__path__
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(folder)]
