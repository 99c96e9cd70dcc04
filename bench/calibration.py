"""The result of `./inv calibrate`, kept in the cache folder for this host's later runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from bench.host import host_facts, same_host
from provision.cache import cache_folder, hand_over

SCHEMA = 1
_INSTRUMENT = Path(__file__).parent.parent / "daemon"
_KINDS = ("*.c", "*.ld", "*.py")


def path() -> Path:
    """Where it is kept."""
    return cache_folder() / "calibration.json"


def instrument() -> str:
    """What tells one state of the daemon, the floor and the measuring program from another."""
    digest = hashlib.sha256()
    for source in sorted(each for kind in _KINDS for each in _INSTRUMENT.glob(kind)):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def keep(found: dict[str, Any]) -> None:
    """Put it in the place of the one before, marked as the present instrument's."""
    path().write_text(json.dumps({**found, "instrument": instrument()}, indent=1))
    hand_over(path())


def latest() -> dict[str, Any] | None:
    """The one of this very host, kernel and instrument; None where there is none."""
    try:
        found = json.loads(path().read_text())
        same = found["instrument"] == instrument() and same_host(found["host"], host_facts())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(found) if same and found["schema"] == SCHEMA else None
