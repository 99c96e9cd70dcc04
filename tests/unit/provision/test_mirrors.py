"""Where a system's packages come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.errors import Problem
from provision.lxc import image
from provision.registry import choose
from provision.systems import SYSTEMS, Mirror, named

URL = "http://mirror.invalid/path"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("mirror.invalid", "", "", ""), "--mirror=mirror.invalid is no address"),
        (("", "", "", "aur.invalid"), "--aur=aur.invalid is no address"),
        ((URL, "31.5.2024", "", ""), "--snapshot=31.5.2024 is no date"),
        (("", "2024-05-31", "", ""), "needs a dated archive"),
        (("", "", "/nowhere", ""), "--keyring=/nowhere is no file"),
    ],
)
def test_bad_options(options: tuple[str, str, str, str], word: str) -> None:
    with pytest.raises(Problem) as caught:
        Mirror.checked(*options)
    assert word in str(caught.value)
    assert caught.value.usage
    assert caught.value.advice


def test_a_day_of_arch() -> None:
    late = image._pacman_conf(named("arch", Mirror.checked(URL, "2024-05-31", "", "")), "")
    assert f"Server = {URL}/repos/2024/05/31/$repo/os/$arch" in late
    assert "[community]" not in late
    early = image._pacman_conf(named("arch", Mirror.checked(URL, "2015-01-02", "", "")), "")
    assert "[community]" in early
    today = image._pacman_conf(named("arch", Mirror.checked(URL + "/", "", "", "")), "")
    assert f"Server = {URL}/$repo/os/$arch" in today
    assert "SigLevel = Required" in today


def test_a_day_of_debian() -> None:
    lines = image._from_mirror(named("debian", Mirror.checked(URL, "2024-05-31", "", "")))
    assert lines == [
        f"deb [check-valid-until=no] {URL}/archive/debian/20240531T000000Z bookworm main",
        f"deb [check-valid-until=no] {URL}/archive/debian-security/20240531T000000Z"
        " bookworm-security main",
    ]


def test_what_no_image_can_be_made_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(image, "_ARCH_MIRRORS", tmp_path / "none")
    monkeypatch.setattr(image, "_UBUNTU_KEYS", tmp_path / "none")
    bare = image.lack(named("arch"))
    assert bare is not None
    assert "--mirror=URL" in bare.advice
    early = image.lack(named("arch", Mirror.checked(URL, "2012-06-01", "", "")))
    assert early is not None
    assert "2013-08-31" in early.why
    unsigned = image.lack(named("precise"))
    assert unsigned is not None
    assert "--keyring=FILE" in unsigned.advice
    keys = tmp_path / "keys.gpg"
    keys.touch()
    assert image.lack(named("precise", Mirror.checked(URL, "", str(keys), ""))) is None
    frozen = image.lack(named("precise", Mirror.checked(URL, "2024-05-31", str(keys), "")))
    assert frozen is not None
    assert "frozen" in frozen.why
    assert image.lack(named("debian")) is None


def test_a_mirror_is_for_images_built_here() -> None:
    with pytest.raises(Problem, match="do nothing for virtual machines"):
        choose("libvirt", named("arch", Mirror(url=URL)))


def test_whose_pid_1_an_image_has(tmp_path: Path) -> None:
    (tmp_path / "sbin").mkdir()
    assert image._init(tmp_path) == "sysvinit"
    (tmp_path / "sbin/initctl").touch()
    assert image._init(tmp_path) == "upstart"
    (tmp_path / "sbin/init").symlink_to("../lib/systemd/systemd")
    assert image._init(tmp_path) == "systemd"


def test_links_are_followed_as_the_system_has_them() -> None:
    assert SYSTEMS["debian"].real("/sbin/init") == "usr/sbin/init"
    assert SYSTEMS["arch"].real("/usr/sbin/init") == "usr/bin/init"
    assert SYSTEMS["precise"].real("/sbin/init") == "sbin/init"
