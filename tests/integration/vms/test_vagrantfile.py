"""The Vagrantfile, read by Vagrant itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provision.systems import SYSTEMS
from provision.vagrant.environment import ROOT

VERSION = "#!/bin/sh\necho 7.0.10r158379\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    assert shutil.which("vagrant"), "apt-get install --no-install-recommends vagrant"
    # VirtualBox's plugin comes with Vagrant, and only reads the program's version.
    program = tmp_path / "VBoxManage"
    program.write_text(VERSION)
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "VAGRANT_HOME": str(tmp_path / "home"),
        "VAGRANT_DOTFILE_PATH": str(tmp_path / "state"),
        "VAGRANT_CHECKPOINT_DISABLE": "1",
    }


def vagrant(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["vagrant", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("provider", ["libvirt", "virtualbox"])
def test_the_vagrantfile_is_valid(environment: dict[str, str], provider: str) -> None:
    result = vagrant({**environment, "VAGRANT_DEFAULT_PROVIDER": provider}, "validate")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("provider", ["libvirt", "virtualbox"])
def test_a_wrong_setting_is_refused(environment: dict[str, str], provider: str) -> None:
    wrong = {**environment, "VAGRANT_DEFAULT_PROVIDER": provider, "BENCH_MEMORY": "plenty"}
    result = vagrant(wrong, "validate")
    assert result.returncode != 0
    assert "plenty" in result.stderr


@pytest.mark.parametrize("provider", ["libvirt", "virtualbox"])
def test_there_is_a_machine_for_every_system(environment: dict[str, str], provider: str) -> None:
    chosen = {**environment, "VAGRANT_DEFAULT_PROVIDER": provider}
    result = vagrant(chosen, "status", "--machine-readable")
    lines = [line.split(",") for line in result.stdout.splitlines()]
    providers = {line[1]: line[3] for line in lines if line[2:3] == ["provider-name"]}
    assert providers == dict.fromkeys(SYSTEMS, provider), result.stderr


def test_a_machine_without_a_pinned_box_says_so_and_asks_no_server(
    environment: dict[str, str],
) -> None:
    result = vagrant({**environment, "VAGRANT_DEFAULT_PROVIDER": "virtualbox"}, "up", "trixie")
    assert result.returncode != 0
    assert "Couldn't open file" in result.stderr
    assert "no-box-is-pinned-for-trixie" in result.stderr
