"""Facts about the host, and how busy it is."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from bench.model.run_file import HostFacts, HostLoad

# Keys of the facts that two hosts of the same performance share: others may measure otherwise.
IDENTITY_KEYS = ("name", "machine_id", "processor", "cores", "kernel")
_LIBRARIES = ("fabric", "invoke", "paramiko", "psutil", "python-vagrant", "rich", "scipy", "numpy")

_GOVERNORS = tuple(Path("/sys/devices/system/cpu").glob("cpu*/cpufreq/scaling_governor"))
_PRESSURE = Path("/proc/pressure/cpu")


class LoadMeter:
    """Measures how busy the host is, by two readings of the kernel's own counters."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._times = psutil.cpu_times()
        self._pressure_us = _pressure_us()

    def read(self) -> HostLoad:
        """Return the load since the meter was made."""
        seconds = time.monotonic() - self._begin
        before, after = self._times._asdict(), psutil.cpu_times()._asdict()
        spent = {name: after[name] - before[name] for name in before}
        # The kernel counts guests of a hypervisor within user and nice already.
        total = sum(spent.values()) - spent.get("guest", 0) - spent.get("guest_nice", 0)
        idle = spent["idle"] + spent.get("iowait", 0)
        load: HostLoad = {
            "seconds": round(seconds, 3),
            "busy": round(1 - idle / total, 4) if total else 0.0,
            "steal": round(spent.get("steal", 0) / total, 4) if total else 0.0,
        }
        pressure_us = _pressure_us()
        if pressure_us is not None and self._pressure_us is not None:
            load["waiting"] = round((pressure_us - self._pressure_us) / 1e6 / seconds, 4)
        return load


def _pressure_us() -> int | None:
    """Return the us since boot in which a process waited for a processor; None: not counted."""
    try:
        return int(_PRESSURE.read_text().splitlines()[0].rsplit("total=", 1)[1])
    except (OSError, IndexError, ValueError):
        return None


def host_facts() -> HostFacts:
    """Return processor, memory and kernel of the host, and the versions of libraries."""
    return {
        "name": platform.node(),
        "machine_id": _machine_id(),
        "processor": _processor(),
        "cores": psutil.cpu_count() or 1,
        "memory_mib": psutil.virtual_memory().total >> 20,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "system": _system(),
        "load": list(psutil.getloadavg()),
        "governors": sorted({path.read_text().strip() for path in _GOVERNORS}),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def same_host(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two hosts' facts are of one machine with one kernel, in any boot."""
    return all(one.get(key) == other.get(key) for key in IDENTITY_KEYS)


def _machine_id() -> str | None:
    """Return a digest that tells machines of one name apart, and reveals nothing else."""
    path = Path("/etc/machine-id")
    if not path.exists():
        return None
    return hashlib.sha256(b"process-supervision" + path.read_bytes()).hexdigest()[:12]


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor()
    names = [line for line in path.read_text().splitlines() if line.startswith("model name")]
    return names[0].split(":", 1)[1].strip() if names else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()
