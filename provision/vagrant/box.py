"""Vagrant boxes made from Debian packages alone: no loop mount, no grub-install.

Root only where the tools need it: mmdebstrap works as a plain user too, where user namespaces are
allowed. One disk for both hypervisors: GRUB in its gap, one ext4 partition, a kernel that knows
virtio as well as the AHCI disk and the e1000 network card of VirtualBox.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from filelock import FileLock
from jinja2 import Environment, StrictUndefined

from provision.bootstrap.debian import deb_lines
from provision.cache import cache_folder
from provision.errors import Problem
from provision.host_tools import missing_tools
from provision.systems import System

PROVIDERS = ("libvirt", "virtualbox")
_HERE = Path(__file__).parent
_BOX = _HERE / "box_files"
_TREES = (_HERE.parent / "rootfs", _BOX / "tree")
_SECTOR = 512
_SIZE = 4 * 2**30
_PARTITION = 2048 * _SECTOR
_GRUB = Path("/usr/lib/grub/i386-pc")
_KERNEL = (
    "linux-image-amd64",
    "initramfs-tools",
    "udev",
    "iproute2",
    "sudo",
    "python3",
)
# Drivers of hardware that no hypervisor shows: two thirds of the kernel's package.
_NO_DRIVERS = (
    "drivers/gpu",
    "drivers/iio",
    "drivers/infiniband",
    "drivers/media",
    "drivers/net/wireless",
    "drivers/staging",
    "drivers/usb",
    "sound",
)
# What the initial RAM disk needs to find its disk, virtual or emulated; all else is left out of it.
_DISK_DRIVERS = "ext4 virtio_pci virtio_blk virtio_scsi ahci ata_piix sd_mod"
_BEFORE_KERNEL = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d"'
    ' && echo MODULES=list >"$1/etc/initramfs-tools/conf.d/box"'
    f' && printf "%s\\n" {_DISK_DRIVERS} >"$1/etc/initramfs-tools/modules"'
)
_AT_LAST = (
    'chroot "$1" useradd --create-home --shell /bin/bash vagrant && rm -f "$1"/etc/ssh/ssh_host_*'
)
# As fakeroot: the tree keeps its owners, and nobody needs to be root.
_FORMAT = """
set -e
tar -x --exclude='./dev/*' -C root -f root.tar
tar -x --no-overwrite-dir -C root -f trees.tar
chown -R 1000:1000 root/home/vagrant
chmod 440 root/etc/sudoers.d/vagrant
mke2fs -q -t ext4 -L guest -E offset={offset},root_owner=0:0 -d root disk.raw {kilobytes}
"""


def boxes(system: System) -> dict[str, Path]:
    """The box files by provider, built if they are not there. Raises Problem."""
    if system.name != "debian":
        raise Problem(
            f"No box of {system.title} can be built from packages.",
            known="Only debian can; Vagrantfile's boxes.json has public boxes of the others.",
            usage=True,
        )
    lacking = missing_tools("box") | ({} if _GRUB.is_dir() else {str(_GRUB): "grub-pc-bin"})
    if lacking:
        packages = " ".join(sorted(set(lacking.values())))
        raise Problem(
            f"Not installed, and needed to build a box: {', '.join(lacking)}.",
            advice=f"apt-get install --no-install-recommends {packages}",
        )
    folder = cache_folder() / "boxes" / f"{system.name}-{_digest(system)}"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            _build(system, folder)
    return {provider: folder / f"{system.name}-{provider}.box" for provider in PROVIDERS}


def _digest(system: System) -> str:
    parts = [repr(system), Path(__file__).read_text()]
    for tree in (_HERE.parent / "rootfs", _BOX):
        parts += [path.read_text() for path in sorted(tree.rglob("*")) if path.is_file()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _build(system: System, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="build-") as scratch:
        work = Path(scratch)
        finished = work / "finished"
        finished.mkdir()
        # Vagrant's Ruby reads this kind of key without further libraries.
        _tool(["ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", "key"], cwd=work)
        _bootstrap(system, work / "root.tar")
        _disk(work)
        (work / "Vagrantfile").write_text((_BOX / "Vagrantfile").read_text())
        for provider, pack in (("libvirt", _libvirt), ("virtualbox", _virtualbox)):
            _tar(finished / f"{system.name}-{provider}.box", work, pack(system, work))
        finished.rename(folder)


def _bootstrap(system: System, archive: Path) -> None:
    """A root with a kernel, as an archive."""
    _tool(
        ["mmdebstrap", "--quiet", "--variant=apt", "--format=tar",
         f"--include={','.join((*system.packages, *_KERNEL))}",
         "--aptopt=APT::Install-Recommends \"false\"",
         *(f"--dpkgopt=path-exclude=/lib/modules/*/kernel/{name}/*" for name in _NO_DRIVERS),
         "--dpkgopt=path-exclude=/usr/share/doc/*",
         "--dpkgopt=path-exclude=/usr/share/man/*",
         "--dpkgopt=path-exclude=/usr/share/locale/*",
         f"--essential-hook={_BEFORE_KERNEL}",
         f"--customize-hook={_AT_LAST}",
         system.release, str(archive), *deb_lines(system.release)],
    )  # fmt: skip


def _disk(work: Path) -> None:
    """disk.raw: GRUB, a partition table, and the root as the one partition."""
    disk = work / "disk.raw"
    (work / "root").mkdir()
    with tarfile.open(work / "trees.tar", "w") as archive:
        for tree in _TREES:
            archive.add(tree, ".", filter=_as_root)
        archive.add(work / "key.pub", "home/vagrant/.ssh/authorized_keys", filter=_as_root)
    with disk.open("wb") as image:
        image.truncate(_SIZE)
    script = _FORMAT.format(offset=_PARTITION, kilobytes=(_SIZE - _PARTITION) // 1024)
    _tool(["fakeroot", "sh", "-c", script], cwd=work)
    _tool(["sfdisk", "-q", str(disk)], stdin=f"{_PARTITION // _SECTOR},,L,*\n")
    _tool(
        ["grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-o", "core.img",
         "biosdisk", "part_msdos", "ext2", "linux", "normal", "configfile"],
        cwd=work,
    )  # fmt: skip
    with disk.open("r+b") as image:
        # The first 440 bytes are the boot loader's; the partition table follows them.
        image.write((_GRUB / "boot.img").read_bytes()[:440])
        image.seek(_SECTOR)
        image.write((work / "core.img").read_bytes())


def _libvirt(system: System, work: Path) -> dict[str, Path]:
    disk = work / "box.img"
    _tool(["qemu-img", "convert", "-c", "-O", "qcow2", str(work / "disk.raw"), str(disk)])
    facts = {"provider": "libvirt", "format": "qcow2", "virtual_size": _SIZE // 2**30}
    return {"metadata.json": _json(work / "libvirt.json", facts), "box.img": disk}


def _virtualbox(system: System, work: Path) -> dict[str, Path]:
    disk = work / "box.vmdk"
    _tool(
        ["qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized",
         str(work / "disk.raw"), str(disk)],
    )  # fmt: skip
    template = Environment(undefined=StrictUndefined).from_string((_BOX / "box.ovf.j2").read_text())
    ovf = work / "box.ovf"
    ovf.write_text(template.render(name=system.name, size=disk.stat().st_size, capacity=_SIZE))
    metadata = _json(work / "virtualbox.json", {"provider": "virtualbox"})
    return {"metadata.json": metadata, "box.ovf": ovf, "box.vmdk": disk}


def _json(path: Path, facts: dict[str, object]) -> Path:
    path.write_text(json.dumps(facts))
    return path


def _tar(target: Path, work: Path, files: dict[str, Path]) -> None:
    """A box is an archive; the disks in it are compressed already."""
    files |= {"Vagrantfile": work / "Vagrantfile", "key": work / "key"}
    with tarfile.open(target, "w") as archive:
        for name, path in files.items():
            archive.add(path, name, filter=_as_root)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _tool(command: list[str], *, cwd: Path | None = None, stdin: str = "") -> None:
    done = subprocess.run(
        command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False,
        env=_tool_environment(),
    )  # fmt: skip
    if done.returncode != 0:
        raise Problem(
            f"Building the box: {command[0]} failed with exit code {done.returncode}.",
            known=(done.stdout + done.stderr)[-3000:],
            advice="Run ./inv box again once the cause is gone.",
        )


def _tool_environment() -> dict[str, str]:
    """Where disk tools are found, also by a plain user."""
    return {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
