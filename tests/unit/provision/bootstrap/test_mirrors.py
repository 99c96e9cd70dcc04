"""Where a system's packages come from, and from where no root can be built."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.bootstrap import arch, debian, ubuntu
from provision.bootstrap.distributions import DISTRIBUTIONS
from provision.provider import Unavailable
from provision.systems import Mirror, get_system

URL = "http://mirror.invalid/path"


def pacman_conf(url: str, day: str) -> str:
    return arch._pacman_conf(get_system("arch", Mirror.from_options(url, day, "", "")), "")


def why_unavailable(
    system: str, url: str = "", day: str = "", keyring: str = ""
) -> Unavailable | None:
    wanted = get_system(system, Mirror.from_options(url, day, keyring, ""))
    return DISTRIBUTIONS[wanted.distribution].why_unavailable(wanted)


@pytest.fixture
def keyring(tmp_path: Path) -> str:
    file = tmp_path / "keys.gpg"
    file.write_bytes(b"\x99")  # begins as a public key does
    return str(file)


@pytest.fixture(autouse=True)
def bare_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A host that knows no mirror of Arch, and not Ubuntu's keys."""
    monkeypatch.setattr(arch, "_MIRRORS", tmp_path / "none")
    monkeypatch.setattr(ubuntu, "_KEYS", tmp_path / "none")


def test_a_snapshot_of_arch_is_the_folder_of_its_day() -> None:
    conf = pacman_conf(URL, "2024-05-31")
    assert f"Server = {URL}/repos/2024/05/31/$repo/os/$arch" in conf
    assert "[community]" not in conf


def test_a_snapshot_of_arch_has_community_until_it_was_merged() -> None:
    assert "[community]" in pacman_conf(URL, "2015-01-02")


def test_arch_without_a_snapshot_is_the_mirror_of_today() -> None:
    conf = pacman_conf(URL + "/", "")
    assert f"Server = {URL}/$repo/os/$arch" in conf
    assert "SigLevel = Required" in conf


def test_a_snapshot_of_debian_is_the_folder_of_its_day() -> None:
    lines = debian.source_lines(
        get_system("debian", Mirror.from_options(URL, "2024-05-31", "", ""))
    )
    assert lines == [
        f"deb {URL}/archive/debian/20240531T000000Z bookworm main",
        f"deb {URL}/archive/debian-security/20240531T000000Z bookworm-security main",
    ]


def test_a_run_records_that_an_expired_mirror_was_accepted() -> None:
    mirror = Mirror.from_options("", "", "", "", accept_expired=True)
    assert get_system("sid", mirror).record()["mirror"] == {"expired": "accepted"}
    assert get_system("sid", Mirror(URL, "2024-05-31")).mirror.may_be_expired


@pytest.mark.parametrize("mirror", [Mirror(expired="accepted"), Mirror(URL, "2024-05-31")])
def test_both_tools_take_an_index_of_any_age_where_one_may_be_expired(mirror: Mirror) -> None:
    accepting, refusing = get_system("sid", mirror), get_system("sid")
    setting = "Acquire::Check-Valid-Until"
    assert debian.apt_age_options(accepting) == (f"-o {setting}=false",)
    assert debian.mmdebstrap_age_options(accepting) == (f'--aptopt={setting} "false"',)
    assert debian.apt_age_options(refusing) == debian.mmdebstrap_age_options(refusing) == ()


def test_sid_has_no_security_updates_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "host_mirrors", lambda: ("http://d", "http://s"))
    assert debian.source_lines(get_system("sid")) == ["deb http://d sid main"]
    assert debian.source_lines(get_system("trixie"))[1] == "deb http://s trixie-security main"


def test_debian_needs_no_mirror() -> None:
    assert why_unavailable("debian") is None


def test_arch_needs_a_mirror() -> None:
    reason = why_unavailable("arch")
    assert reason is not None
    assert "--mirror=URL" in reason.advice


def test_a_snapshot_of_arch_cannot_be_older_than_the_archive() -> None:
    reason = why_unavailable("arch", URL, "2012-06-01")
    assert reason is not None
    assert "2013-08-31" in reason.why


def test_precise_needs_the_keys_that_sign_it(keyring: str) -> None:
    reason = why_unavailable("precise")
    assert reason is not None
    assert "--keyring=FILE" in reason.advice
    assert why_unavailable("precise", URL, keyring=keyring) is None


def test_precise_has_no_dated_archive(keyring: str) -> None:
    reason = why_unavailable("precise", URL, "2024-05-31", keyring)
    assert reason is not None
    assert "frozen" in reason.why
