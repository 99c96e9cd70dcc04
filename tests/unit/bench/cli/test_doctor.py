"""What `./inv doctor` says of a host."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from bench.cli import doctor
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS


def test_another_host_gets_no_linux_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Such a host has no /proc, and gets no advice that only Linux can follow."""
    read = Path.read_text

    def elsewhere(path: Path, *how: str, **named: str) -> str:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError(path)
        return read(path, *how, **named)

    monkeypatch.setattr(Path, "read_text", elsewhere)
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(doctor, "providers", lambda: {"lxc": Lxc()})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    table, ready = doctor.doctor_table()
    what, state, todo = (list(column.cells) for column in table.columns)
    assert not ready
    assert what == ["system", "disk", "memory",
                    *(f"{system.title} by lxc" for system in SYSTEMS.values())]  # fmt: skip
    assert todo[0] == "use Linux, or --provider=virtualbox or --provider=libvirt"
    assert set(state[3:]) == {"LXC needs Linux."}
