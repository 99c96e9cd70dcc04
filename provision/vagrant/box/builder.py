"""Build Vagrant boxes from Debian packages, without loop mounts and grub-install.

mmdebstrap also works as a plain user where user namespaces are allowed; nothing else needs root.
One disk serves both hypervisors: GRUB in the gap before the partition, one ext4 partition, and a
kernel with drivers for virtio, and for VirtualBox's AHCI disk and e1000 network card.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path

from filelock import FileLock
from jinja2 import Environment, StrictUndefined

from provision.bootstrap.debian import (
    expiry_explained,
    mmdebstrap_age_options,
    source_lines,
)
from provision.cache import cache_folder
from provision.errors import Problem
from provision.guests.files import File, pack_files
from provision.guests.suite_files import ROOTFS, files_below, suite_files
from provision.host.tools import install_missing_tools, missing_tools, search_path
from provision.scratch import scratch_folder
from provision.systems import System

HYPERVISORS = ("libvirt", "virtualbox")
_BOX_FILES = Path(__file__).parent / "files"
# In bytes.
_SECTOR_SIZE = 512
_DISK_SIZE = 4 * 2**30
_PARTITION_START = 2048 * _SECTOR_SIZE
_GRUB = Path("/usr/lib/grub/i386-pc")
_KERNEL_PACKAGES = (
    "linux-image-amd64",
    "initramfs-tools",
    "udev",
    "iproute2",
    "sudo",
    "python3",
)
# Drivers of hardware that no hypervisor emulates: two thirds of the kernel's package.
_OMITTED_DRIVERS = (
    "drivers/gpu",
    "drivers/iio",
    "drivers/infiniband",
    "drivers/media",
    "drivers/net/wireless",
    "drivers/staging",
    "drivers/usb",
    "sound",
)
# The initial RAM disk has only these modules: it must find its disk, virtual or emulated.
_DISK_DRIVERS = "ext4 virtio_pci virtio_blk virtio_scsi ahci ata_piix sd_mod"
_INITRAMFS_HOOK = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d"'
    ' && echo MODULES=list >"$1/etc/initramfs-tools/conf.d/box"'
    f' && printf "%s\\n" {_DISK_DRIVERS} >"$1/etc/initramfs-tools/modules"'
)
_FINAL_HOOK = (
    'chroot "$1" useradd --create-home --shell /bin/bash vagrant && rm -f "$1"/etc/ssh/ssh_host_*'
)
# Run under fakeroot, so that the tree keeps its owners without root.
_FORMAT_DISK = """
set -e
tar -x --exclude='./dev/*' -C root -f root.tar
tar -x --no-overwrite-dir -C root -f trees.tar
chown -R 1000:1000 root/home/vagrant
chmod 440 root/etc/sudoers.d/vagrant
mke2fs -q -t ext4 -L guest -E offset={offset},root_owner=0:0 -d root disk.raw {kilobytes}
"""


def build_boxes(system: System) -> dict[str, Path]:
    """Return the box file of each hypervisor; build them if they are missing. Raises Problem."""
    if system.distribution != "debian":
        raise Problem(
            f"No box of {system.title} can be built from packages.",
            known="Only Debian's can. provision/vagrant/boxes.json lists public boxes of others.",
            usage=True,
        )
    install_missing_tools("box")
    missing = missing_tools("box") | ({} if _GRUB.is_dir() else {str(_GRUB): "grub-pc-bin"})
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise Problem(
            f"Not installed, and needed to build a box: {', '.join(missing)}.",
            advice=f"apt-get install --no-install-recommends {packages}",
        )
    folder = cache_folder() / "boxes" / f"{system.name}-{_digest(system)}"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            _build(system, folder)
    return {hypervisor: folder / f"{system.name}-{hypervisor}.box" for hypervisor in HYPERVISORS}


def _digest(system: System) -> str:
    parts = [repr(system), Path(__file__).read_text()]
    for tree in (ROOTFS, _BOX_FILES):
        parts += [path.read_text() for path in sorted(tree.rglob("*")) if path.is_file()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _build(system: System, folder: Path) -> None:
    with scratch_folder(folder.parent, "build") as work:
        finished = work / "finished"
        finished.mkdir()
        # Vagrant's Ruby needs no further library to read this kind of key.
        _run_tool(["ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", "key"], cwd=work)
        _bootstrap(system, work / "root.tar")
        _make_disk(work)
        (work / "Vagrantfile").write_text((_BOX_FILES / "Vagrantfile").read_text())
        for hypervisor, convert in (("libvirt", _libvirt_files), ("virtualbox", _virtualbox_files)):
            _pack(finished / f"{system.name}-{hypervisor}.box", work, convert(system, work))
        finished.rename(folder)


def _bootstrap(system: System, archive: Path) -> None:
    """Make an archive of a root with a kernel."""
    # The age stays in the box, whose guests install from the same mirror.
    with expiry_explained(system):
        _run_tool(
            ["mmdebstrap", "--quiet", "--variant=apt", "--format=tar",
             f"--include={','.join((*system.packages, *_KERNEL_PACKAGES))}",
             "--aptopt=APT::Install-Recommends \"false\"",
             *(f"--dpkgopt=path-exclude=/lib/modules/*/kernel/{drivers}/*"
               for drivers in _OMITTED_DRIVERS),
             "--dpkgopt=path-exclude=/usr/share/doc/*",
             "--dpkgopt=path-exclude=/usr/share/man/*",
             "--dpkgopt=path-exclude=/usr/share/locale/*",
             f"--essential-hook={_INITRAMFS_HOOK}",
             f"--customize-hook={_FINAL_HOOK}",
             *mmdebstrap_age_options(system), system.release, str(archive), *source_lines(system)],
        )  # fmt: skip


def _make_disk(work: Path) -> None:
    """Make disk.raw: GRUB, a partition table, and the root as the only partition."""
    disk = work / "disk.raw"
    (work / "root").mkdir()
    key = File("/home/vagrant/.ssh/authorized_keys", (work / "key.pub").read_text())
    trees = [*suite_files(), *files_below(_BOX_FILES / "tree"), key]
    (work / "trees.tar").write_bytes(pack_files(trees))
    with disk.open("wb") as image:
        image.truncate(_DISK_SIZE)
    script = _FORMAT_DISK.format(
        offset=_PARTITION_START, kilobytes=(_DISK_SIZE - _PARTITION_START) // 1024
    )
    _run_tool(["fakeroot", "sh", "-c", script], cwd=work)
    _run_tool(["sfdisk", "-q", str(disk)], stdin=f"{_PARTITION_START // _SECTOR_SIZE},,L,*\n")
    _run_tool(
        ["grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)/boot/grub", "-o", "core.img",
         "biosdisk", "part_msdos", "ext2", "linux", "normal", "configfile"],
        cwd=work,
    )  # fmt: skip
    with disk.open("r+b") as image:
        # The first 440 bytes are the boot loader's; the partition table follows them.
        image.write((_GRUB / "boot.img").read_bytes()[:440])
        image.seek(_SECTOR_SIZE)
        image.write((work / "core.img").read_bytes())


def _libvirt_files(system: System, work: Path) -> dict[str, Path]:
    disk = work / "box.img"
    _run_tool(["qemu-img", "convert", "-c", "-O", "qcow2", str(work / "disk.raw"), str(disk)])
    metadata = {"provider": "libvirt", "format": "qcow2", "virtual_size": _DISK_SIZE // 2**30}
    return {"metadata.json": _write_json(work / "libvirt.json", metadata), "box.img": disk}


def _virtualbox_files(system: System, work: Path) -> dict[str, Path]:
    disk = work / "box.vmdk"
    _run_tool(
        ["qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized",
         str(work / "disk.raw"), str(disk)],
    )  # fmt: skip
    template = Environment(undefined=StrictUndefined).from_string(
        (_BOX_FILES / "box.ovf.j2").read_text()
    )
    ovf = work / "box.ovf"
    ovf.write_text(template.render(name=system.name, size=disk.stat().st_size, capacity=_DISK_SIZE))
    metadata = _write_json(work / "virtualbox.json", {"provider": "virtualbox"})
    return {"metadata.json": metadata, "box.ovf": ovf, "box.vmdk": disk}


def _write_json(path: Path, facts: dict[str, object]) -> Path:
    path.write_text(json.dumps(facts))
    return path


def _pack(target: Path, work: Path, files: dict[str, Path]) -> None:
    """Make the box, an archive; its disks are compressed already."""
    files |= {"Vagrantfile": work / "Vagrantfile", "key": work / "key"}
    with tarfile.open(target, "w") as archive:
        for name, path in files.items():
            archive.add(path, name, filter=_owned_by_root)


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def _run_tool(command: list[str], *, cwd: Path | None = None, stdin: str = "") -> None:
    result = subprocess.run(
        command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False,
        env=_tool_environment(), umask=0o022,
    )  # fmt: skip
    if result.returncode != 0:
        raise Problem(
            f"Building the box: {command[0]} failed with exit code {result.returncode}.",
            known=(result.stdout + result.stderr)[-3000:],
            advice="Run ./inv box again once the cause is gone.",
        )


def _tool_environment() -> dict[str, str]:
    """Return an environment in which a plain user finds the disk tools, too."""
    return {**os.environ, "PATH": search_path()}
