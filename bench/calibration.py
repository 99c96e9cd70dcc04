"""The result of `./inv calibrate`, kept in the cache folder for this host's later runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.host import host_facts
from provision.cache import cache_folder, hand_over

SCHEMA = 1
_SAME_HOST = ("processor", "cores", "kernel")


def path() -> Path:
    """Where it is kept."""
    return cache_folder() / "calibration.json"


def keep(found: dict[str, Any]) -> None:
    """Put it in the place of the one before."""
    path().write_text(json.dumps(found, indent=1))
    hand_over(path())


def latest() -> dict[str, Any] | None:
    """The one of this very host and kernel; None where there is none."""
    try:
        found = json.loads(path().read_text())
        host = host_facts()
        same = all(found["host"][key] == host[key] for key in _SAME_HOST)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(found) if same and found["schema"] == SCHEMA else None
