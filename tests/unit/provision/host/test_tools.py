"""Missing programs of the host: named, then installed, once a request makes sense."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.host import tools
from provision.host.tools import install_guest_tools, install_missing_tools, missing_tools
from provision.systems import SYSTEMS

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")


@pytest.fixture
def apt_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host that lacks some programs; its apt-get only writes down how it was called."""
    packages = tmp_path / "packages"
    packages.write_text(
        "# group program package\n"
        "loc no-such-program-anywhere counts-lines\n"
        "image-debian no-such-program-either makes-debian\n"
        "image-arch no-third-program makes-arch\n"
        "daemon sh dash\n"
    )
    monkeypatch.setattr(tools, "_PACKAGES", packages)
    calls = tmp_path / "calls"
    apt_get = tmp_path / "bin" / "apt-get"
    apt_get.parent.mkdir()
    apt_get.write_text(f'#!/bin/sh\necho "$@" >>{calls}\n')
    apt_get.chmod(0o755)
    monkeypatch.setenv("PATH", f"{apt_get.parent}:{os.environ['PATH']}")
    return calls


def test_a_missing_program_comes_with_its_package(apt_calls: Path) -> None:
    assert missing_tools("loc", "daemon") == {"no-such-program-anywhere": "counts-lines"}


def test_an_empty_environment_has_the_programs_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as that of `env -i`."""
    monkeypatch.delenv("PATH")
    assert tools.search_path() == f"{os.defpath}:/usr/sbin:/sbin"
    missing_tools("lxc")


@as_root
def test_packages_are_named_before_apt_installs_them(
    apt_calls: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    install_missing_tools("loc")
    assert capfd.readouterr().err.splitlines()[0] == "Installing with apt: counts-lines"
    assert apt_calls.read_text().splitlines() == [
        "-q update",
        "-q install -y --no-install-recommends counts-lines",
    ]


@as_root
def test_nothing_is_installed_where_nothing_is_missing(apt_calls: Path) -> None:
    install_missing_tools("daemon")
    assert not apt_calls.exists()


@as_root
def test_guests_of_a_system_need_that_systems_tools(apt_calls: Path) -> None:
    install_guest_tools([SYSTEMS["arch"]], "auto")
    assert apt_calls.read_text().splitlines()[-1].endswith(" makes-arch")


@as_root
@pytest.mark.parametrize(("provider", "box"), [("libvirt", ""), ("auto", "some/box")])
def test_virtual_machines_need_no_tools_of_embedded_guests(
    apt_calls: Path, provider: str, box: str
) -> None:
    install_guest_tools([SYSTEMS["debian"]], provider, box)
    assert not apt_calls.exists()


def test_a_user_who_is_not_root_installs_nothing(
    apt_calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    install_missing_tools("loc")
    assert not apt_calls.exists()
