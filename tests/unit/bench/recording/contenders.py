"""Contenders reduced to what floors and warnings depend on."""

from __future__ import annotations

from typing import Any


def contender(
    name: str, median: float | None, p90: float | None = None, short: float | None = None
) -> Any:
    metrics = [
        {"metric": "restart_long", "median": median, "p90": p90, "floor_ratio": None},
        {"metric": "restart_short", "median": short, "p90": None, "floor_ratio": None},
    ]
    return {
        "name": name,
        "supervisor": name.split("/")[0],
        "pid1": name.endswith("pid1"),
        "status": "measured",
        "scenarios": {"restart": {"metrics": metrics}},
    }
