"""The SSH key that opens guests."""

from __future__ import annotations

import tempfile
from pathlib import Path

from filelock import FileLock

from provision.bootstrap.tools import run_tool
from provision.cache import cache_folder


def guest_key() -> Path:
    """The private key that opens every guest and machine of this host, made at first use.

    The public key is beside it, with the suffix .pub. ECDSA: OpenSSH 5.9 knows this kind, too.
    """
    folder, name = cache_folder() / "key", "id_ecdsa"
    with FileLock(cache_folder() / "key.lock"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="key-") as scratch:
                new_folder = Path(scratch) / folder.name
                new_folder.mkdir()
                run_tool(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", "guest",
                          "-f", str(new_folder / name)])  # fmt: skip
                new_folder.rename(folder)
    return folder / name
