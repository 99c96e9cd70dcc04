"""The box built from packages: what is in it, and that its other disk boots, too."""

from __future__ import annotations

import json
import struct
import subprocess
import tarfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from provision.errors import Problem
from provision.systems import SYSTEMS
from provision.vagrant.box import boxes

pytestmark = pytest.mark.vms


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    return boxes(SYSTEMS["debian"])


def unpacked(box: Path, folder: Path) -> Path:
    with tarfile.open(box) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_only_debian_is_built_from_packages() -> None:
    with pytest.raises(Problem) as caught:
        boxes(SYSTEMS["arch"])
    assert caught.value.usage


def test_a_box_is_built_once(built: dict[str, Path]) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in built.values()}
    assert boxes(SYSTEMS["debian"]) == built
    assert stamps == {path: path.stat().st_mtime_ns for path in built.values()}


def test_libvirts_box_holds_what_vagrant_libvirt_asks_for(
    built: dict[str, Path], tmp_path: Path
) -> None:
    folder = unpacked(built["libvirt"], tmp_path)
    facts = json.loads((folder / "metadata.json").read_text())
    shown = subprocess.run(
        ["qemu-img", "info", "--output=json", str(folder / "box.img")],
        capture_output=True, check=True,
    )  # fmt: skip
    image = json.loads(shown.stdout)
    assert facts["provider"] == "libvirt"
    assert facts["format"] == image["format"] == "qcow2"
    assert facts["virtual_size"] * 2**30 == image["virtual-size"]
    assert "PRIVATE KEY" in (folder / "key").read_text()


def test_virtualboxs_box_describes_the_disk_that_it_holds(
    built: dict[str, Path], tmp_path: Path
) -> None:
    folder = unpacked(built["virtualbox"], tmp_path)
    ovf = "{http://schemas.dmtf.org/ovf/envelope/1}"
    root = ET.parse(folder / "box.ovf").getroot()
    [file] = root.iter(f"{ovf}File")
    [disk] = root.iter(f"{ovf}Disk")
    vmdk = folder / file.attrib[f"{ovf}href"]
    assert int(file.attrib[f"{ovf}size"]) == vmdk.stat().st_size
    # VMware's specification: magic, version, flags, then the capacity in sectors.
    magic, _, _, sectors = struct.unpack("<4sIIQ", vmdk.read_bytes()[:20])
    assert magic == b"KDMV"
    assert int(disk.attrib[f"{ovf}capacity"]) == sectors * 512
    assert json.loads((folder / "metadata.json").read_text()) == {"provider": "virtualbox"}


def test_virtualboxs_disk_boots_on_virtualboxs_hardware(
    built: dict[str, Path], tmp_path: Path
) -> None:
    """An AHCI disk and an e1000 card, by QEMU: it gets an address, and init its runlevel."""
    folder = unpacked(built["virtualbox"], tmp_path)
    machine = subprocess.Popen(
        ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-display", "none", "-snapshot",
         "-serial", f"file:{tmp_path / 'console'}", "-monitor", "none",
         "-drive", f"file={folder / 'box.vmdk'},format=vmdk,if=none,id=disk",
         "-device", "ahci,id=ahci", "-device", "ide-hd,drive=disk,bus=ahci.0",
         "-netdev", "user,id=net,ipv6=off", "-device", "e1000,netdev=net"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        console = tmp_path / "console"
        give_up = time.monotonic() + 400
        while "runlevel: 2" not in _text(console) and time.monotonic() < give_up:
            assert machine.poll() is None, machine.stdout.read() if machine.stdout else ""
            time.sleep(1)
        said = _text(console)
    finally:
        machine.kill()
        machine.wait()
    assert "address: 10.0.2.15" in said, said
    assert "runlevel: 2" in said, said


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
