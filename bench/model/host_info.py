"""What a run records of the machine that it ran on, and of the suite's own weight."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

# What tells a host, as a run records it, from another that may measure otherwise.
IDENTITY = ("name", "machine_id", "processor", "cores", "kernel")
_LIBRARIES = ("fabric", "invoke", "paramiko", "psutil", "python-vagrant", "rich", "scipy", "numpy")

_GOVERNORS = tuple(Path("/sys/devices/system/cpu").glob("cpu*/cpufreq/scaling_governor"))
_PRESSURE = Path("/proc/pressure/cpu")


class Load:
    """How busy the host is from now on: two looks at the kernel's own sums, nothing between."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._times = psutil.cpu_times()
        self._waited = _waited()

    def since(self) -> dict[str, float]:
        """Shares of the time up to now.

        busy: of all processors; steal: taken by other machines on this hypervisor; waiting: of the
        time in which some process had to wait for a processor (absent where the kernel does not
        tell). seconds: how long it was.
        """
        seconds = time.monotonic() - self._began
        before, after = self._times._asdict(), psutil.cpu_times()._asdict()
        spent = {name: after[name] - before[name] for name in before}
        # Guests of a hypervisor are counted within user and nice already.
        total = sum(spent.values()) - spent.get("guest", 0) - spent.get("guest_nice", 0)
        idle = spent["idle"] + spent.get("iowait", 0)
        found = {
            "seconds": round(seconds, 3),
            "busy": round(1 - idle / total, 4) if total else 0.0,
            "steal": round(spent.get("steal", 0) / total, 4) if total else 0.0,
        }
        waited = _waited()
        if waited is not None and self._waited is not None:
            found["waiting"] = round((waited - self._waited) / 1e6 / seconds, 4)
        return found


def _waited() -> int | None:
    """us in which some process waited for a processor, since boot."""
    try:
        return int(_PRESSURE.read_text().splitlines()[0].rsplit("total=", 1)[1])
    except (OSError, IndexError, ValueError):
        return None


def host_facts() -> dict[str, Any]:
    """Processor, memory, kernel, and the versions of what measures."""
    return {
        "name": platform.node(),
        "machine_id": _machine_id(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
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
    """Whether two hosts' facts are of one machine with one kernel, however often it booted."""
    return all(one.get(key) == other.get(key) for key in IDENTITY)


def _machine_id() -> str | None:
    """A digest that tells machines of one name apart, and tells nothing else of them."""
    path = Path("/etc/machine-id")
    if not path.exists():
        return None
    return hashlib.sha256(b"process-supervision" + path.read_bytes()).hexdigest()[:12]


def own_cpu_seconds() -> float:
    """CPU time of this process, and of its doors into guests with the measurers behind them."""
    own = psutil.Process()
    times = own.cpu_times()
    return float(times.user + times.system) + sum(_behind(child) for child in own.children())


def _behind(child: psutil.Process) -> float:
    """CPU time of a door and of all behind it; 0 for another child, and for a door that closed."""
    try:
        if child.name() != "nsenter":
            return 0.0
        return sum(_cpu_seconds(each) for each in (child, *child.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0.0


def _cpu_seconds(process: psutil.Process) -> float:
    """Of a process and of those it has waited for: a measurer ends before the door behind it."""
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.NoSuchProcess:
        return 0.0


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
