"""Which overlays are accepted, and how others are refused."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.sources.overlay import Overlay
from provision.systems import SYSTEMS

DEBIAN, ARCH, PRECISE = (SYSTEMS[name] for name in ("debian", "arch", "precise"))
PROGRAM = "/usr/sbin/perpd"
# elf(5): bits, byte order, machine
ELF = {"x86_64": (2, 1, 62), "aarch64": (2, 1, 183), "s390x": (2, 2, 22)}


def elf(machine: str) -> bytes:
    bits, order, number = ELF[machine]
    return (
        b"\x7fELF" + bytes([bits, order]) + bytes(12) + struct.pack("<>"[order - 1] + "H", number)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / "build" / PROGRAM.lstrip("/")
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path / "build"


def refusal(folder: Path, system: str = "debian") -> str:
    with pytest.raises(Problem) as caught:
        Overlay.load(folder, SYSTEMS[system])
    assert caught.value.usage
    assert caught.value.advice
    assert f"--overlay={folder}" in str(caught.value)
    return str(caught.value)


def test_a_program_is_found_through_the_systems_links(folder: Path) -> None:
    overlay = Overlay.load(folder, DEBIAN)
    assert overlay.holds(PROGRAM, DEBIAN)
    assert overlay.holds("/sbin/perpd", DEBIAN)
    assert not overlay.holds("/sbin/perpd", PRECISE)
    assert not overlay.holds("/usr/sbin", DEBIAN)
    assert overlay.record()["sha256"] == overlay.digest


def test_its_key_is_its_content_alone(folder: Path, tmp_path: Path) -> None:
    before = Overlay.load(folder, DEBIAN).key
    moved = folder.rename(tmp_path / "elsewhere")
    assert Overlay.load(moved, DEBIAN).key == before
    program = moved / PROGRAM.lstrip("/")
    changes = (
        lambda: program.write_text("#!/bin/sh\nexit\n"),
        lambda: program.chmod(0o700),
        lambda: (moved / "usr/bin").mkdir(),
        lambda: (moved / "usr/sbin/link").symlink_to("perpd"),
        lambda: (moved / "usr/sbin/link").replace(moved / "usr/sbin/other"),
    )
    keys = {before}
    for change in changes:
        change()
        key = Overlay.load(moved, DEBIAN).key
        assert key not in keys
        keys.add(key)


def test_only_an_existing_folder_is_accepted(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nothing")
    file = tmp_path / "file"
    file.touch()
    assert "is no folder" in refusal(file)


@pytest.mark.parametrize("name", ["bin", "sbin", "lib", "lib64"])
@pytest.mark.probe("damage")
def test_a_folder_in_place_of_the_systems_link_is_refused(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    assert f"/{name} is a link to /usr/{name} on Debian 12" in refusal(folder)
    assert Overlay.load(folder, PRECISE)


def test_arch_has_one_folder_for_all_programs(folder: Path) -> None:
    assert "/usr/sbin is a link to /usr/bin" in refusal(folder, "arch")
    (folder / "usr/sbin").rename(folder / "usr/bin")
    assert Overlay.load(folder, ARCH).holds(PROGRAM, ARCH)


@pytest.mark.parametrize("name", ["etc", "var", "usr/share"])
@pytest.mark.probe("damage")
def test_a_file_in_place_of_the_systems_folder_is_refused(folder: Path, name: str) -> None:
    (folder / name).touch()
    assert f"/{name} is a folder" in refusal(folder)
    (folder / name).unlink()
    (folder / name).symlink_to("/tmp")
    assert f"/{name} is a folder" in refusal(folder)


@pytest.mark.probe("damage")
def test_a_program_of_another_processor_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    program = folder / PROGRAM.lstrip("/")
    program.write_bytes(elf("x86_64"))
    assert Overlay.load(folder, DEBIAN)
    for machine in ("aarch64", "s390x"):
        program.write_bytes(elf(machine))
        assert f"usr/sbin/perpd is built for {machine}" in refusal(folder)


@pytest.mark.probe("damage")
def test_a_pipe_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "usr/pipe")
    assert "usr/pipe is a device, pipe or socket" in refusal(folder)


@pytest.mark.probe("damage")
def test_a_link_is_followed_inside_the_overlay_and_never_on_the_host(
    folder: Path, tmp_path: Path
) -> None:
    on_host = tmp_path / "only-on-the-host"
    on_host.write_text("#!/bin/sh\n")
    (folder / "usr/bin").mkdir()
    (folder / "usr/bin/outside").symlink_to(on_host)
    (folder / "usr/bin/up").symlink_to("../../../only-on-the-host")
    (folder / "usr/bin/absolute").symlink_to(PROGRAM)
    (folder / "usr/bin/through-merged-usr").symlink_to("/sbin/perpd")
    (folder / "usr/bin/relative").symlink_to("../sbin/perpd")
    (folder / "usr/bin/itself").symlink_to("itself")
    overlay = Overlay.load(folder, DEBIAN)
    names = ("outside", "up", "absolute", "through-merged-usr", "relative", "itself", "nothing")
    held = {name for name in names if overlay.holds(f"/usr/bin/{name}", DEBIAN)}
    assert held == {"absolute", "through-merged-usr", "relative"}


@pytest.mark.probe("damage")
def test_a_linked_folder_is_not_entered(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "host/file").write_text("of the host")
    (folder / "opt").mkdir()
    (folder / "opt/link").symlink_to(tmp_path / "host")
    before = Overlay.load(folder, DEBIAN).digest
    (tmp_path / "host/file").write_text("changed")
    assert Overlay.load(folder, DEBIAN).digest == before


@pytest.mark.probe("damage")
def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / os.fsdecode(b"usr/caf\xe9")).write_text("x")
    assert "the name usr/caf\\xe9 is not UTF-8" in refusal(folder)


@pytest.mark.probe("damage")
def test_a_folder_nested_deeper_than_python_recurses_is_read(folder: Path) -> None:
    """The kernel's limit on a path's length, 4096 characters, comes at some 2000 folders."""
    deep = folder / "opt"
    deep.mkdir()
    for _ in range(1500):  # one by one: Path.mkdir itself recurses
        deep /= "d"
        deep.mkdir()
    try:
        assert Overlay.load(folder, DEBIAN).digest
    finally:  # pytest's own removal of the folder would recurse
        subprocess.run(["rm", "-r", folder / "opt"], check=True)


def test_an_overlay_may_say_what_was_built_from_where(folder: Path) -> None:
    assert "origin" not in Overlay.load(folder, DEBIAN).record()
    file = folder / "usr" / "share" / "build-origin"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"small 1.0, commit abc \x1b[31m\xff\nmore\n")
    origin = Overlay.load(folder, DEBIAN).record()["origin"]
    assert origin.startswith("small 1.0, commit abc")
    assert "\x1b" not in origin and "more" not in origin
    file.unlink()
    file.symlink_to("/etc/passwd")
    assert "origin" not in Overlay.load(folder, DEBIAN).record()
