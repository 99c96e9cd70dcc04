"""The commands that each package source runs in a guest, and its errors."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, NoReturn

import pytest

from provision.errors import Problem
from provision.guests.commands import Output
from provision.guests.guest import Guest
from provision.sources.archives import Archive
from provision.sources.packages import Apt, Aur, Gem, Pacman, Pip, Present
from provision.sources.pypi import Pypi
from provision.systems import SYSTEMS, Mirror, System


class Recorder(Guest):
    """Records its commands. answers: the output of a command, by a word in it."""

    def __init__(self, system: System, answers: Mapping[str, Output] | None = None) -> None:
        super().__init__("g", system)
        self.commands: list[str] = []
        self.online: list[str] = []
        self._is_online = False
        self.answers = answers or {}

    def run(self, command: str, *, check: bool = True, timeout: float = 120) -> Output:
        self.commands.append(command)
        if self._is_online:
            self.online.append(command)
        answers = (answer for word, answer in self.answers.items() if word in command)
        return next(answers, Output("", "", 0))

    def unpack(self, archive: IO[bytes], name: str, into: str = "/", strip: int = 0) -> None:
        self.commands.append(f"unpack {name} {into} {strip}")

    @contextmanager
    def network(self) -> Iterator[None]:
        self._is_online = True
        yield
        self._is_online = False

    def facts(self) -> NoReturn:
        raise NotImplementedError

    def reboot(self, init: str | None = None) -> None:
        raise NotImplementedError

    def destroy(self) -> None:
        raise NotImplementedError

    def connect(self) -> NoReturn:
        raise NotImplementedError

    def keep(self) -> NoReturn:
        raise NotImplementedError

    def shell(self) -> NoReturn:
        raise NotImplementedError


ARCH = replace(SYSTEMS["arch"], mirror=Mirror(aur="http://aur.invalid"))


def test_apt_installs_no_recommended_packages() -> None:
    guest = Recorder(SYSTEMS["debian"])
    Apt(("runit", "s6")).install(guest)
    ahead, install = (command for command in guest.commands if " install " in command)
    assert install.endswith("--no-install-recommends runit s6")
    assert ahead.endswith("--no-install-recommends --download-only runit s6")


FETCHES = {
    "apt": (Apt(("runit",)), ["apt-get -q update", "--download-only"]),
    "pacman": (Pacman(("monit",)), ["-Sy", "-Sw --needed archlinux-keyring", "-Suw"]),
    "aur": (
        Aur(("s6",)),
        ["-Sy", "-Sw --needed archlinux-keyring", "-Suw", "git clone", "--noconfirm -Sw",
         "makepkg --verifysource"],
    ),
    "gem": (Gem("god", "", needs=Present()), ["gem fetch god"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FETCHES)
def test_only_what_fetches_has_a_network(name: str) -> None:
    source, fetches = FETCHES[name]
    guest = Recorder(ARCH)
    source.install(guest)
    assert len(guest.online) == len(fetches)
    for command, words in zip(guest.online, fetches, strict=True):
        assert words in command


def test_a_gem_that_cannot_be_fetched_is_an_error_with_its_output() -> None:
    guest = Recorder(ARCH, {"gem fetch": Output("", "Could not find a valid gem", 2)})
    with pytest.raises(Problem, match="cannot install god") as caught:
        Gem("god", "", needs=Present()).install(guest)
    assert "Could not find" in caught.value.known


@pytest.mark.parametrize(
    ("archive", "upstream"),
    [("2.1.2-54", "2.1.2"), ("1:0.76-8.1", "0.76"), ("3.0a8-1.1", "3.0a8"), ("1.0", "1.0")],
)
def test_a_version_has_no_epoch_and_no_revision(archive: str, upstream: str) -> None:
    answers = {"-S": Output("any: /usr/bin/any\n", "", 0), "-W": Output(archive, "", 0)}
    guest = Recorder(SYSTEMS["debian"], answers)
    assert Apt(("any",)).installed_version(guest, "/usr/bin/any") == upstream
    assert guest.commands[-1].endswith(" any")
    answers = {"-Qoq": Output("any\n", "", 0), "-Q any": Output(f"any {archive}\n", "", 0)}
    assert Pacman(("any",)).installed_version(Recorder(ARCH, answers), "/usr/bin/any") == upstream


def test_a_program_under_its_old_path_is_found_where_usr_is_merged() -> None:
    guest = Recorder(SYSTEMS["trixie"], {"readlink -f /bin/dash": Output("dash: /x\n", "", 0)})
    Apt(("dash",)).installed_version(guest, "/bin/dash")
    assert guest.commands[-1].endswith(" dash")


def test_the_version_of_a_program_without_a_package_is_unknown() -> None:
    guest = Recorder(SYSTEMS["trixie"], {"-W": Output("1.02.03.0", "", 0)})
    with pytest.raises(Problem, match="the version of /bin/dash is unknown"):
        Apt(("dash",)).installed_version(guest, "/bin/dash")


def test_pacman_installs_the_keys_first() -> None:
    guest = Recorder(ARCH)
    Pacman(("monit",)).install(guest)
    installs = [command for command in guest.commands if command not in guest.online]
    keys, packages = installs[:2]
    assert keys.endswith("-S --needed archlinux-keyring")
    assert packages.endswith("-Su --needed monit")


def test_aur_builds_in_order_and_never_as_root() -> None:
    guest = Recorder(ARCH)
    Aur(("skalibs", "s6")).install(guest)
    builds = [command for command in guest.commands if "makepkg --noconfirm" in command]
    assert ["skalibs" in builds[0], "s6" in builds[1]] == [True, True]
    for command in guest.commands:
        if "makepkg" in command or "git clone" in command:
            assert "su -s /bin/sh builder -c" in command
    assert guest.commands[-1] == "userdel --remove builder"


def test_an_unreachable_aur_is_an_error_with_gits_output() -> None:
    guest = Recorder(ARCH, {"git clone": Output("", "Could not resolve host", 128)})
    with pytest.raises(Problem, match="cannot be reached for perp") as caught:
        Aur(("perp",)).install(guest)
    assert "Could not resolve host" in caught.value.known


def test_an_aur_without_an_address_is_unavailable() -> None:
    assert "--aur=URL" in Aur(("perp",)).why_unavailable(SYSTEMS["arch"])
    assert Aur(("perp",)).why_unavailable(ARCH) == ""


def test_a_package_that_came_or_went_says_so_by_release() -> None:
    gone, new = Apt(("ruby-god",), until="bookworm"), Apt(("shepherd",), since="trixie")
    assert gone.why_unavailable(SYSTEMS["debian"]) == ""
    reason = "not packaged in Debian 13: bookworm was the last release with it"
    assert gone.why_unavailable(SYSTEMS["trixie"]) == reason
    reason = "not packaged in Debian 11: trixie was the first release with it"
    assert new.why_unavailable(SYSTEMS["bullseye"]) == reason
    assert new.why_unavailable(SYSTEMS["sid"]) == ""


def test_an_expired_mirror_is_refused_with_the_option_that_takes_it() -> None:
    words = "E: Release file for http://m/InRelease is expired (invalid since 22d 17h). Updates"

    class Refusing(Recorder):
        def run(self, command: str, *, check: bool = True, timeout: float = 120) -> Output:
            raise Problem("apt-get -q update failed", known=words)

    with pytest.raises(Problem, match="valid until 22d 17h ago") as caught:
        Apt(("runit",)).install(Refusing(SYSTEMS["sid"]))
    assert "--accept-expired" in caught.value.advice


def test_a_guest_takes_an_expired_index_only_where_asked_for() -> None:
    guest = Recorder(replace(SYSTEMS["sid"], mirror=Mirror(expired="accepted")))
    Apt(("runit",)).install(guest)
    assert guest.commands[0] == "apt-get -q -o Acquire::Check-Valid-Until=false update"


def test_pip_fetches_on_the_host_and_installs_in_the_guest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "supervisor-3.0a12.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("x"), io.BytesIO())
    pinned = Pypi("supervisor", "3.0a12", "0" * 64)
    monkeypatch.setattr(Pypi, "fetch", lambda *_: Archive(file, "3.0a12", "0" * 64, "test"))
    guest = Recorder(SYSTEMS["precise"])
    source = Pip((pinned,), needs=Present())
    source.install(guest)
    unpacked, installed = guest.commands
    assert unpacked == f"unpack {file.name} /root/source 1"
    assert "python2.7 setup.py -q install" in installed
    assert "--install-scripts=/usr/bin" in installed
    assert str(source) == "pip: supervisor 3.0a12"
    assert pinned.sha256 in source.key


def test_a_gem_is_installed_by_new_and_old_options() -> None:
    guest = Recorder(SYSTEMS["precise"])
    Gem("god", "0.12.1", needs=Apt(("ruby",))).install(guest)
    fetch, install = guest.commands[-3:-1]
    assert fetch.endswith("gem fetch god --version 0.12.1")
    new, old = install.split(" || ")
    assert new == "gem install --local /root/gem/god-*.gem --bindir /usr/bin --no-document"
    assert old == "gem install --local /root/gem/god-*.gem --bindir /usr/bin --no-ri --no-rdoc"


def test_a_failed_gem_is_an_error_with_its_output() -> None:
    guest = Recorder(ARCH, {"gem install": Output("", "Unable to resolve dependency", 2)})
    with pytest.raises(Problem, match="cannot install god") as caught:
        Gem("god", "", needs=Present()).install(guest)
    assert "Unable to resolve" in caught.value.known
