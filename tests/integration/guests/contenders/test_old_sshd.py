"""Ubuntu 12.04's sshd, OpenSSH 5.9: today's sshd, in a guest, with the algorithms of 2011 alone.

Today's sshd always announces the signatures that it accepts. 5.9 announces nothing, and paramiko
then tries rsa-sha2-512: so the tests have paramiko ignore the announcement.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest
from fabric import Connection

from provision.errors import Problem
from provision.guests.connections import fabric_config
from provision.guests.files import File
from provision.lxc.guest import LxcGuest
from provision.lxc.provider import Lxc
from provision.systems import SYSTEMS, System
from provision.vagrant.ssh import open_connection, ssh_arguments

pytestmark = pytest.mark.slow

# OpenSSH 5.9's own lists, without what today's sshd has dropped.
CONFIG = """
HostKey /etc/old/host
UsePAM no
AuthorizedKeysFile /etc/old/keys
KexAlgorithms ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1
HostKeyAlgorithms ssh-rsa
PubkeyAcceptedAlgorithms ssh-rsa,ecdsa-sha2-nistp256
Ciphers aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc
MACs {macs}
"""
MACS = "hmac-md5,hmac-sha1,umac-64@openssh.com"
SSHD = "mkdir -p /run/sshd; exec /usr/sbin/sshd -i -f /etc/old/config"


@dataclass(frozen=True)
class OldSshd:
    """An sshd in the guest with old algorithms, and the folder of keys that open it."""

    guest: LxcGuest
    folder: Path

    def login(self, system: System, key: str, macs: str = MACS) -> str:
        """Log in with that system's settings; returns a command's output. Raises Problem."""
        self.guest.write([File("/etc/old/config", CONFIG.format(macs=macs))])
        own_end, sshd_end = socket.socketpair()
        sshd = subprocess.Popen(
            ["nsenter", "-t", str(self.guest._pid), "-a", "--", "/bin/sh", "-c", SSHD],
            stdin=sshd_end.fileno(),
            stdout=sshd_end.fileno(),
            stderr=subprocess.DEVNULL,
        )
        sshd_end.close()
        arguments = {
            **ssh_arguments(system),
            "key_filename": str(self.folder / key),
            "sock": own_end,
        }
        connection = Connection(
            "old", user="root", config=fabric_config(), connect_kwargs=arguments
        )
        try:
            with open_connection(connection, "old") as opened:
                output: str = opened.run("echo in", hide=True).stdout.strip()
                return output
        finally:
            # If nsenter were killed earlier, its sshd would outlive it as an orphan.
            own_end.close()
            sshd.wait(60)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldSshd]:
    folder = tmp_path_factory.mktemp("keys")
    for name, kind in (("host", "rsa"), ("rsa", "rsa"), ("ecdsa", "ecdsa"), ("ed25519", "ed25519")):
        command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    keys = "".join((folder / f"{name}.pub").read_text() for name in ("rsa", "ecdsa", "ed25519"))
    guest = Lxc().up(f"old-sshd-{os.getpid()}", SYSTEMS["debian"])
    host = File("/etc/old/host", (folder / "host").read_text(), 0o600)
    guest.write([host, File("/etc/old/keys", keys)])
    yield OldSshd(guest, folder)
    guest.destroy()


@pytest.fixture
def no_announcement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have paramiko ignore the announcement that OpenSSH 5.9 does not make."""

    def ignore(transport: paramiko.Transport, message: paramiko.Message) -> None:
        """Ignore the message."""

    monkeypatch.setattr(paramiko.Transport, "_parse_ext_info", ignore)


@pytest.mark.usefixtures("no_announcement")
@pytest.mark.parametrize("key", ["rsa", "ecdsa"])
def test_precise_is_reached_by_rsa_and_by_ecdsa(sshd: OldSshd, key: str) -> None:
    assert sshd.login(SYSTEMS["precise"], key) == "in"


@pytest.mark.usefixtures("no_announcement")
def test_the_old_settings_apply_to_precise_alone(sshd: OldSshd) -> None:
    with pytest.raises(Problem) as caught:
        sshd.login(SYSTEMS["debian"], "rsa")
    assert "no algorithm or key in common" in caught.value.what
    assert "5.9" in caught.value.advice


@pytest.mark.usefixtures("no_announcement")
def test_a_key_that_5_9_does_not_know_is_explained(sshd: OldSshd) -> None:
    with pytest.raises(Problem) as caught:
        sshd.login(SYSTEMS["precise"], "ed25519")
    assert "RSA or ECDSA" in caught.value.advice


def test_nothing_in_common_is_explained(sshd: OldSshd) -> None:
    with pytest.raises(Problem) as caught:
        sshd.login(SYSTEMS["debian"], "rsa", macs="umac-64@openssh.com")
    assert "no algorithm or key in common" in caught.value.what
