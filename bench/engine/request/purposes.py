"""Contenders whose profile is for something that no scenario of the run shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from bench.model.run_file import FLOOR
from bench.model.scenario import Scenario
from bench.model.selection import SelectedContenders
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
        each
        for each in selected.contenders
        if any(scenario.matters_to(each.contender) for scenario in chosen)
    )
    left_out = [each.contender for each in selected.contenders if each not in kept]
    if not left_out or any(each.supervisor.name != FLOOR for each in kept):
        return replace(selected, contenders=kept)
    shown = [each.name for each in registry.values() if each.matters_to(left_out[0])]
    raise Problem(
        f"No scenario of this run shows what the profile {left_out[0].profile} is for.",
        known=f"Left out: {', '.join(each.name for each in left_out)}",
        advice=f"./inv bench --scenario={','.join(shown)}",
        usage=True,
    )
