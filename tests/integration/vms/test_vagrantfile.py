"""The Vagrantfile, read by Vagrant itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provision.systems import SYSTEMS
from provision.vagrant.environment import ROOT

# Reads the Vagrantfile without Vagrant, and prints what it sets for a provider.
READ = """
class Recorder
  def initialize(sought) = @sought = sought
  def define(_name, **) = yield(self)
  def provider(name) = name == @sought ? yield(Recorder.new(:none), Recorder.new(:none)) : nil
  def customize(words) = puts(words.join(" ").sub("id ", ""))
  def serial(**facts) = puts(facts.inspect)
  def method_missing(*) = self
  def respond_to_missing?(*) = true
end
module Vagrant
  def self.has_plugin?(_name) = false
  def self.configure(_version) = yield(Recorder.new(ARGV[1]))
end
load ARGV[0]
"""
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
    chosen = {"VAGRANT_DEFAULT_PROVIDER": provider, "BENCH_CONSOLE": "/some/console"}
    result = vagrant({**environment, **chosen}, "validate")
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


def console_settings(provider: str, **variables: str) -> set[str]:
    """Return what the Vagrantfile says of serial ports, the same for every system."""
    result = subprocess.run(
        ["ruby", "-e", READ, str(ROOT / "Vagrantfile"), provider],
        env={"PATH": os.environ["PATH"], **variables}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(result.stdout.splitlines())


def test_each_hypervisor_writes_the_console_to_the_file() -> None:
    variable = {"BENCH_CONSOLE": "/some/console"}
    assert console_settings("virtualbox", **variable) == {
        "modifyvm --uart1 0x3F8 4 --uartmode1 file /some/console"
    }
    assert console_settings("libvirt", **variable) == {
        '{:type=>"file", :source=>{:path=>"/some/console"}}'
    }


@pytest.mark.parametrize("provider", ["libvirt", "virtualbox"])
def test_a_vagrant_up_by_hand_has_no_such_file(provider: str) -> None:
    assert console_settings(provider) == set()
