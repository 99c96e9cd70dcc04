"""The images that embedded guests start from, each built once and kept in the cache."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from provision import bootstrap
from provision.bootstrap.distributions import DISTRIBUTIONS
from provision.bootstrap.keys import guest_key
from provision.bootstrap.tools import ISOLATED, run_tool
from provision.cache import cache_folder, make_open_folder, remove_tree
from provision.guests.disabled_services import DISABLE_SERVICES
from provision.guests.files import File, pack_files
from provision.guests.suite_files import suite_files
from provision.lxc.programs import guest_root
from provision.lxc.trees import abi_check, userns
from provision.lxc.trees.userns import AS_GUEST_ROOT, make_shifted_folder, unpack_shifted
from provision.provider import Notify, ignore_message
from provision.systems import System

# The modules that decide what an image holds: a change in one of them rebuilds the images.
_BUILD_MODULES = (
    *sorted(Path(bootstrap.__file__).parent.glob("*.py")),
    Path(guest_root.__file__),
    Path(userns.__file__),
    Path(__file__),
)
# A shell script that runs a command, given as $0 and its arguments, in a root without devices.
_WITH_DEV_NULL = (
    "set -e; touch dev/null; mount --bind /dev/null dev/null;"
    ' code=0; "$0" "$@" || code=$?; umount dev/null; rm dev/null; exit $code'
)


def ensure_image(system: System, notify: Notify = ignore_message) -> Path:
    """The folder of that system's pristine root, built if it does not exist. Raises Problem."""
    folder = cache_folder() / "images" / f"{system.name}-{_image_key(system)}"
    make_open_folder(folder.parent)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            notify(f"Building the image of {system.title}: about a minute, this once.")
            _build(system, folder)
    return folder


def _image_key(system: System) -> str:
    """Return a digest of all that decides what the image holds.

    The address of the AUR and --accept-expired do not: each use of a tool passes them on.
    """
    parts = [
        repr(replace(system, mirror=replace(system.mirror, aur="", expired=""))),
        guest_key().with_suffix(".pub").read_text(),
        *_keyring_digest(system),
        repr(suite_files()),
        *(path.read_text() for path in _BUILD_MODULES),
        repr(DISABLE_SERVICES),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _keyring_digest(system: System) -> list[str]:
    keyring = system.mirror.keyring
    return [hashlib.sha256(Path(keyring).read_bytes()).hexdigest()] if keyring else []


def detect_system(system: System, root: Path) -> System:
    """The system as its image really is: its title by os-release(5), its init by /sbin/init.

    root: the image's folder. The title stays where its distribution is the expected one.
    """
    lines = _guest_lines(root / "etc" / "os-release")
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    expected = release.get("ID", system.distribution).strip('"') == system.distribution
    title = system.title if expected else release.get("PRETTY_NAME", "unknown").strip('"')
    return replace(system, title=title, init=_detect_init(root))


def _guest_lines(path: Path) -> list[str]:
    # The guest's own links are not followed: an absolute one would lead into the host.
    file = path.parent.parent / "usr" / "lib" / path.name if path.is_symlink() else path
    return file.read_text().splitlines() if file.exists() else []


def _detect_init(root: Path) -> str:
    """The family of the root's /sbin/init, as in System.init."""
    link = root / "sbin" / "init"
    if link.is_symlink() and link.readlink().name == "systemd":
        return "systemd"
    return "upstart" if (root / "sbin" / "initctl").exists() else "sysvinit"


def _build(system: System, folder: Path) -> None:
    prefix = f"build-{folder.name}-"
    for stale in folder.parent.glob(f"{prefix}*"):  # of a suite that was killed
        remove_tree(stale)
    # It outlives a build that fails: the next build fetches only what is missing.
    downloads = cache_folder() / "downloads" / folder.name
    downloads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix) as scratch:
        archive, root = Path(scratch) / "root.tar", Path(scratch) / "root"
        DISTRIBUTIONS[system.distribution].build(system, archive, downloads)
        make_shifted_folder(root)
        unpack_shifted(archive, root)
        abi_check.check_programs_run(system, root, (*AS_GUEST_ROOT, "chroot", "."))
        _add_suite_files(root)
        _disable_services(root)
        root.rename(folder)
    remove_tree(downloads)


def _add_suite_files(root: Path) -> None:
    """Lay the suite's own files over the root, the public key among them."""
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        archive = Path(scratch) / "tree.tar"
        key = File("/root/.ssh/authorized_keys", guest_key().with_suffix(".pub").read_text())
        archive.write_bytes(pack_files([*suite_files(), key]))
        unpack_shifted(archive, root, "--no-overwrite-dir", "--keep-directory-symlink")


def _disable_services(root: Path) -> None:
    """Keep the root's own init from starting more than it must, and make sshd's host keys."""
    script = f"{DISABLE_SERVICES[_detect_init(root)]} && ssh-keygen -A"
    run_tool(
        [*ISOLATED, "sh", "-c", _WITH_DEV_NULL, *AS_GUEST_ROOT,
         "chroot", ".", "/bin/sh", "-c", script],
        cwd=root,
    )  # fmt: skip
