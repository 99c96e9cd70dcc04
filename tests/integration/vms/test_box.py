"""The boxes built from packages: their content, and that VirtualBox's disk boots, too."""

from __future__ import annotations

import json
import struct
import subprocess
import tarfile
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from provision.systems import SYSTEMS
from provision.vagrant.box.builder import build_boxes
from tests.support.wait import eventually


@pytest.fixture(scope="module")
def boxes() -> dict[str, Path]:
    return build_boxes(SYSTEMS["debian"])


def unpacked(box: Path, folder: Path) -> Path:
    with tarfile.open(box) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_a_box_is_built_once(boxes: dict[str, Path]) -> None:
    stamps = {path: path.stat().st_mtime_ns for path in boxes.values()}
    assert build_boxes(SYSTEMS["debian"]) == boxes
    assert stamps == {path: path.stat().st_mtime_ns for path in boxes.values()}


def test_libvirts_box_holds_what_vagrant_libvirt_requires(
    boxes: dict[str, Path], tmp_path: Path
) -> None:
    folder = unpacked(boxes["libvirt"], tmp_path)
    metadata = json.loads((folder / "metadata.json").read_text())
    info = subprocess.run(
        ["qemu-img", "info", "--output=json", str(folder / "box.img")],
        capture_output=True, check=True,
    )  # fmt: skip
    image = json.loads(info.stdout)
    assert metadata["provider"] == "libvirt"
    assert metadata["format"] == image["format"] == "qcow2"
    assert metadata["virtual_size"] * 2**30 == image["virtual-size"]
    assert "PRIVATE KEY" in (folder / "key").read_text()


def test_virtualboxs_box_describes_its_disk(boxes: dict[str, Path], tmp_path: Path) -> None:
    folder = unpacked(boxes["virtualbox"], tmp_path)
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
    boxes: dict[str, Path], tmp_path: Path
) -> None:
    """QEMU emulates the AHCI disk and the e1000 card; init reaches its runlevel with an address."""
    folder = unpacked(boxes["virtualbox"], tmp_path)
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
        eventually(
            lambda: "runlevel: 2" in _text(console) or machine.poll() is not None,
            "init reaches its runlevel, or QEMU ends",
            seconds=400,
            interval=1,
        )
        assert machine.poll() is None, machine.stdout.read() if machine.stdout else ""
        output = _text(console)
    finally:
        machine.kill()
        machine.wait()
    assert "address: 10.0.2.15" in output, output
    assert "runlevel: 2" in output, output


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
