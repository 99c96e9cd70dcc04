"""The systems that a guest can run, and what a mirror's options must look like."""

from __future__ import annotations

import pytest

from provision.errors import Problem
from provision.systems import SYSTEMS, Mirror

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
        ("arch", "/usr/sbin/init", "usr/bin/init"),
        ("precise", "/sbin/init", "sbin/init"),
    ],
)
def test_a_path_follows_the_systems_own_links(system: str, path: str, real: str) -> None:
    assert SYSTEMS[system].real_path(path) == real
