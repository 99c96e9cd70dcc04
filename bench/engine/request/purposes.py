"""Contenders whose profile is for something that no scenario of the run shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from bench.model.run_file import FLOOR
from bench.model.scenario import Scenario
from bench.model.selection.contenders import SelectedContenders
from provision.errors import Problem


def without_other_purposes(
    selected: SelectedContenders, registry: Mapping[str, Scenario], names: Collection[str]
) -> SelectedContenders:
    """Leave out contenders to which none of the scenarios matters.

    registry: every scenario by its name. names: those of the run. The floor, which others are
    compared with, stays. Raises Problem if nothing else does.
    """
    chosen = [scenario for name, scenario in registry.items() if name in names]
    kept = tuple(
        candidate
        for candidate in selected.contenders
        if any(scenario.matters_to(candidate.contender) for scenario in chosen)
    )
    left_out = [candidate.contender for candidate in selected.contenders if candidate not in kept]
    if not left_out or any(candidate.supervisor.name != FLOOR for candidate in kept):
        return replace(selected, contenders=kept)
    shown = [scenario.name for scenario in registry.values() if scenario.matters_to(left_out[0])]
    raise Problem(
        f"No scenario of this run shows what the profile {left_out[0].profile} is for.",
        known=f"Left out: {', '.join(contender.name for contender in left_out)}",
        advice=f"./inv bench --scenario={','.join(shown)}",
        usage=True,
    )
