"""The result of `./inv calibrate`, kept in the cache folder for later runs on this host."""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path
from typing import cast

from bench.engine.guests import measurement
from bench.model.host_info import host_facts, same_host
from bench.model.run_file import Calibration
from provision.cache import cache_folder

# The version of the file's format.
SCHEMA = 1


def path() -> Path:
    """Return the path of the kept calibration."""
    return cache_folder() / "calibration.json"


def instrument() -> str:
    """Return a digest of the instrument: paths and content of its files in guests.

    These are the daemon, the floor and the measuring program. Raises Problem where they cannot be
    built.
    """
    digest = hashlib.sha256()
    for file in measurement.instrument_files(platform.machine()):
        digest.update(file.path.encode() + b"\0" + file.data)
    return digest.hexdigest()[:16]


def keep(calibration: Calibration) -> bool:
    """Replace the kept calibration, and mark it with the present instrument.

    Returns False where it was not kept: a quick one does not replace a full one.
    """
    earlier = latest()
    if calibration["quick"] and earlier and not earlier["quick"]:
        return False
    path().write_text(json.dumps({**calibration, "instrument": instrument()}, indent=1))
    return True


def latest() -> Calibration | None:
    """Return the calibration of this host, kernel and instrument; None where there is none."""
    try:
        kept = json.loads(path().read_text())
        same = kept["instrument"] == instrument() and same_host(kept["host"], host_facts())
        valid = same and kept["schema"] == SCHEMA
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return cast(Calibration, kept) if valid else None
