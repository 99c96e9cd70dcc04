"""A scripted `vagrant`, and a cache folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.vagrant import host_check
from provision.vagrant.machine import machine_names
from provision.vagrant.provider import Vagrant
from tests.support.scripted_vagrant import ScriptedVagrant


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedVagrant]:
    """The scripted `vagrant`; machines that the test leaves are removed after it."""
    program = ScriptedVagrant(tmp_path)
    # pytest's folders may be longer than libvirt's sockets allow.
    monkeypatch.setattr(host_check, "LONGEST_FOLDER", 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in program.environment().items():
        monkeypatch.setenv(name, value)
    yield program
    for hypervisor in ("libvirt", "virtualbox"):
        program.answer("destroy", {})
        for name in machine_names(hypervisor):
            Vagrant(hypervisor).remove(name)
