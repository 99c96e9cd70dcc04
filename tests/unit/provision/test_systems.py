"""The systems that a guest can run, and what a mirror's options must look like."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from provision.systems import SYSTEMS, Mirror, get_system

URL = "http://mirror.invalid/path"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("mirror.invalid", "", "", ""), "--mirror=mirror.invalid is no address"),
        (("", "", "", "aur.invalid"), "--aur=aur.invalid is no address"),
        ((URL, "31.5.2024", "", ""), "--snapshot=31.5.2024 is no date"),
        (("", "2024-05-31", "", ""), "needs a dated archive"),
        (("", "", "/nowhere", ""), "--keyring=/nowhere is no file"),
        (("", "", "/etc/passwd", ""), "--keyring=/etc/passwd holds no public keys"),
        (("", "", "/dev/null", ""), "--keyring=/dev/null is no file"),
        (("://", "", "", ""), "--mirror=:// is no address"),
        (("http://", "", "", ""), "--mirror=http:// is no address"),
        (("gopher://host/", "", "", ""), "--mirror=gopher://host/ is no address"),
        (("http://host/a b", "", "", ""), "--mirror=http://host/a b is no address"),
        (("http://host/\ndeb x", "", "", ""), "is no address"),
        (("http://host:port/", "", "", ""), "is no address"),
        (("http://[::1/", "", "", ""), "is no address"),
        (("file:///nowhere", "", "", ""), "--mirror=file:///nowhere names no folder"),
        (("http://host/", "20240531", "", ""), "is not written as YYYY-MM-DD"),
        (("http://host/", "2999-01-01", "", ""), "is in the future"),
    ],
)
def test_a_bad_option_is_refused_with_advice(
    options: tuple[str, str, str, str], message: str
) -> None:
    with pytest.raises(Problem) as caught:
        Mirror.from_options(*options)
    assert message in str(caught.value)
    assert caught.value.usage
    assert caught.value.advice


@pytest.mark.parametrize(
    ("system", "path", "real"),
    [
        ("debian", "/sbin/init", "usr/sbin/init"),
        ("bullseye", "/sbin/init", "sbin/init"),
        ("arch", "/usr/sbin/init", "usr/bin/init"),
        ("precise", "/sbin/init", "sbin/init"),
    ],
)
def test_a_path_follows_the_systems_own_links(system: str, path: str, real: str) -> None:
    assert SYSTEMS[system].real_path(path) == real


def test_a_codename_is_a_name_of_its_system() -> None:
    assert get_system("bookworm") == get_system("debian") == SYSTEMS["debian"]
    with pytest.raises(Problem, match="no system named 'bookwrm'") as caught:
        get_system("bookwrm")
    assert "'bookworm'" in caught.value.advice


@pytest.mark.parametrize("name", ["bullseye", "debian", "trixie", "forky", "sid"])
def test_a_table_serves_every_release_of_a_distribution(name: str) -> None:
    system = SYSTEMS[name]
    assert system.look_up({"debian": 1, "arch": 2}) == 1
    assert system.look_up({"debian": 1, system.release: 3}) == 3
    assert system.look_up({"precise": 1}) is None


def test_the_systems_are_in_the_order_of_their_age() -> None:
    releases = [system.release for system in SYSTEMS.values()]
    assert releases == ["precise", "bullseye", "bookworm", "trixie", "forky", "sid", "arch"]
    assert SYSTEMS["debian"].is_older_than("trixie")
    assert not SYSTEMS["debian"].is_older_than("bookworm")
    assert not SYSTEMS["sid"].is_older_than("bullseye")
