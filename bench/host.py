"""What a run records of the machine that it ran on, and of the suite's own weight."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import psutil

_LIBRARIES = ("fabric", "invoke", "paramiko", "psutil", "python-vagrant", "rich", "scipy", "numpy")


def host_facts() -> dict[str, Any]:
    """Processor, memory, kernel, and the versions of what measures."""
    return {
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_mib": psutil.virtual_memory().total >> 20,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "system": _system(),
        "load": list(psutil.getloadavg()),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def own_cpu_seconds() -> float:
    """CPU time of this process, and of its doors into guests with the measurers behind them."""
    own = psutil.Process()
    doors = [child for child in own.children() if child.name() == "nsenter"]
    behind = [each for door in doors for each in (door, *door.children(recursive=True))]
    return sum(_cpu_seconds(each) for each in (own, *behind))


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


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
