"""What the host's apt knows of versions: asked once for the same lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.sources.apt_versions import apt_versions

RELEASES = ("bookworm", "precise")
PACKAGES = ["runit", "s6"]
VERSIONS = {"bookworm": {"runit": "2.1.2", "s6": "2.11.3.2"}, "precise": {}}


class Apt:
    """A stand-in for apt-cache with lists of its own; it writes down how often it is asked."""

    def __init__(self, base: Path) -> None:
        self.bin, self.lists, self.calls = base / "bin", base / "lists", base / "calls"
        self.cache = base / "cache" / "process-supervision"
        for folder in (self.bin, self.lists):
            folder.mkdir()
        (self.lists / "bookworm_Packages").write_text("runit")
        self.answer(0)

    def answer(self, code: int) -> None:
        """Let it end with an exit code from now on."""
        tool = self.bin / "apt-cache"
        tool.write_text(
            f"#!/bin/sh\necho >>{self.calls}\ncat <<E\n"
            " runit | 2.1.2-54 | http://m bookworm/main amd64 Packages\n"
            " runit | 2.2.0-3 | http://m trixie/main amd64 Packages\n"
            f"    s6 | 2.11.3.2-1 | http://m bookworm/main amd64 Packages\nE\nexit {code}\n"
        )
        tool.chmod(0o755)

    def asked(self) -> int:
        """Return how often it was asked."""
        return len(self.calls.read_text().splitlines())

    def versions(self, packages: list[str] = PACKAGES) -> dict[str, dict[str, str]]:
        """Return what the suite learns of it."""
        return apt_versions(RELEASES, packages, [self.lists])


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Apt:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return Apt(tmp_path)


def test_versions_come_from_the_hosts_apt_by_release(apt: Apt) -> None:
    assert apt.versions() == VERSIONS


def test_apt_is_asked_once_for_the_same_lists(apt: Apt) -> None:
    assert [apt.versions() for _ in range(3)] == [VERSIONS] * 3
    assert apt.asked() == 1


def test_apt_is_asked_again_once_its_lists_change(apt: Apt) -> None:
    apt.versions()
    (apt.lists / "bookworm_Packages").write_text("runit s6")
    apt.versions()
    (apt.lists / "trixie_Packages").touch()
    apt.versions()
    assert apt.asked() == 3


def test_apt_is_asked_again_for_other_packages(apt: Apt) -> None:
    apt.versions()
    apt.versions(["monit"])
    assert apt.asked() == 2


def test_an_error_of_apt_is_not_kept(apt: Apt) -> None:
    apt.answer(100)
    apt.versions()
    apt.answer(0)
    assert apt.versions() == VERSIONS
    assert apt.asked() == 2


@pytest.mark.parametrize("content", [b"", b"{}", b'{"key": 1}', b"\xff"])
def test_a_broken_file_is_made_anew(apt: Apt, content: bytes) -> None:
    apt.versions()
    (apt.cache / "apt-versions.json").write_bytes(content)
    assert [apt.versions(), apt.versions()] == [VERSIONS] * 2
    assert apt.asked() == 2


def test_a_cache_that_cannot_be_written_costs_only_time(apt: Apt) -> None:
    apt.cache.parent.write_text("a file in place of the folder")
    assert [apt.versions(), apt.versions()] == [VERSIONS] * 2
    assert apt.asked() == 2


def test_a_host_without_apt_knows_no_version(apt: Apt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(apt.lists))
    assert apt.versions() == {"bookworm": {}, "precise": {}}
