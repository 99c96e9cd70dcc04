"""The result of `./inv calibrate`, kept in the cache folder for this host's later runs."""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

from bench.engine import measurement
from bench.model.host_info import host_facts, same_host
from provision.cache import cache_folder, give_to_sudo_caller

SCHEMA = 1


def path() -> Path:
    """Where it is kept."""
    return cache_folder() / "calibration.json"


def instrument() -> str:
    """What tells one daemon, floor and measuring program from another: the files in guests.

    Raises Problem where they cannot be built.
    """
    digest = hashlib.sha256()
    for file in measurement.payload_files(platform.machine()):
        digest.update(file.path.encode() + b"\0" + file.data)
    return digest.hexdigest()[:16]


def keep(found: dict[str, Any]) -> bool:
    """Put it in the place of the one before, marked as the present instrument's.

    A quick one does not take the place of a full one: False.
    """
    before = latest()
    if found["quick"] and before and not before["quick"]:
        return False
    path().write_text(json.dumps({**found, "instrument": instrument()}, indent=1))
    give_to_sudo_caller(path())
    return True


def latest() -> dict[str, Any] | None:
    """The one of this very host, kernel and instrument; None where there is none."""
    try:
        found = json.loads(path().read_text())
        same = found["instrument"] == instrument() and same_host(found["host"], host_facts())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(found) if same and found["schema"] == SCHEMA else None
