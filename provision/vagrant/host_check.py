"""What a host needs for virtual machines of one hypervisor."""

from __future__ import annotations

import shutil

from provision.host.tools import search_path
from provision.provider import Unavailable
from provision.vagrant.client import INSTALL_VAGRANT, shared_client
from provision.vagrant.environment import vm_folder

# A Unix socket's path has 107 characters at most; libvirt appends up to 51 to the folder's path.
LONGEST_FOLDER = 56
_INSTALL_VIRTUALBOX = "Install VirtualBox and Vagrant, both from their makers."
_PROGRAMS = {
    "libvirt": ("vagrant", "libvirtd", "qemu-system-x86_64", "qemu-img"),
    "virtualbox": ("vagrant", "VBoxManage"),
}


def why_host_unavailable(hypervisor: str) -> Unavailable | None:
    """Return what this host lacks for that hypervisor; None where it lacks nothing."""
    missing = _missing_programs(hypervisor)
    if missing or hypervisor != "libvirt":
        return missing
    return _too_long_folder() or _missing_plugin()


def _missing_programs(hypervisor: str) -> Unavailable | None:
    path = search_path()
    missing = [
        program for program in _PROGRAMS[hypervisor] if shutil.which(program, path=path) is None
    ]
    if not missing:
        return None
    advice = INSTALL_VAGRANT if hypervisor == "libvirt" else _INSTALL_VIRTUALBOX
    return Unavailable(f"Not installed: {', '.join(missing)}.", advice)


def _too_long_folder() -> Unavailable | None:
    excess = len(str(vm_folder())) - LONGEST_FOLDER
    if excess <= 0:
        return None
    return Unavailable(
        f"The path {vm_folder()} is {excess} characters too long for libvirt's sockets.",
        "Set XDG_CACHE_HOME to a folder with a shorter path.",
    )


def _missing_plugin() -> Unavailable | None:
    if "vagrant-libvirt" in shared_client("libvirt").plugins():
        return None
    return Unavailable(
        "Vagrant has no plugin vagrant-libvirt.",
        "apt-get install vagrant-libvirt, or: vagrant plugin install vagrant-libvirt",
    )
