"""Ubuntu 12.04's sshd, OpenSSH 5.9: today's sshd with the algorithms of 2011 and no other.

What no option takes away from today's sshd is its announcement of the signatures that it accepts;
5.9 announces nothing, and paramiko then tries rsa-sha2-512. So the announcement is hidden here.
"""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest
from fabric import Connection

from provision.errors import Problem
from provision.systems import SYSTEMS, System
from provision.vagrant import opened, ssh_arguments

pytestmark = pytest.mark.vms

# OpenSSH 5.9's own lists, as far as today's sshd still has them.
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
AuthorizedKeysFile {folder}/authorized_keys
KexAlgorithms ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1
HostKeyAlgorithms ssh-rsa
PubkeyAcceptedAlgorithms ssh-rsa,ecdsa-sha2-nistp256
Ciphers aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc
MACs {macs}
"""


@dataclass(frozen=True)
class OldSshd:
    """A running sshd on a port of the loopback interface, and the keys that open it."""

    folder: Path
    port: int

    def login(self, system: System, key: str) -> str:
        """Log in as to that system; returns what a command says. Raises Problem."""
        connection = Connection(
            "127.0.0.1",
            user=getpass.getuser(),
            port=self.port,
            connect_kwargs={**ssh_arguments(system), "key_filename": str(self.folder / key)},
        )
        with opened(connection, "old") as found:
            said: str = found.run("echo in", hide=True, in_stream=False).stdout.strip()
            return said


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make paramiko deaf to the announcement that OpenSSH 5.9 does not make."""

    def deaf(transport: paramiko.Transport, message: paramiko.Message) -> None:
        """Nothing."""

    monkeypatch.setattr(paramiko.Transport, "_parse_ext_info", deaf)


@pytest.fixture
def sshd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OldSshd]:
    program = shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program, "apt-get install --no-install-recommends openssh-server"
    for name, kind in (("host", "rsa"), ("rsa", "rsa"), ("ecdsa", "ecdsa"), ("ed25519", "ed25519")):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(tmp_path / name)], check=True
        )
    keys = [(tmp_path / f"{name}.pub").read_text() for name in ("rsa", "ecdsa", "ed25519")]
    (tmp_path / "authorized_keys").write_text("".join(keys))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    macs = getattr(request, "param", "hmac-md5,hmac-sha1,umac-64@openssh.com")
    text = CONFIG.format(port=port, folder=tmp_path, macs=macs)
    (tmp_path / "config").write_text(text)
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [program, "-D", "-e", "-f", str(tmp_path / "config")], stderr=(tmp_path / "log").open("w")
    )
    _await(port, process)
    yield OldSshd(tmp_path, port)
    process.terminate()
    process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("sshd ended")


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("key", ["rsa", "ecdsa"])
def test_precise_is_reached_by_rsa_and_by_ecdsa(sshd: OldSshd, key: str) -> None:
    assert sshd.login(SYSTEMS["precise"], key) == "in"


@pytest.mark.usefixtures("silent")
def test_the_settings_apply_to_precise_alone(sshd: OldSshd) -> None:
    with pytest.raises(Problem) as caught:
        sshd.login(SYSTEMS["debian"], "rsa")
    assert "no algorithm or key in common" in caught.value.what
    assert "5.9" in caught.value.advice


@pytest.mark.usefixtures("silent")
def test_a_key_of_a_later_kind_is_explained(sshd: OldSshd) -> None:
    with pytest.raises(Problem) as caught:
        sshd.login(SYSTEMS["precise"], "ed25519")
    assert "RSA or ECDSA" in caught.value.advice


@pytest.mark.parametrize("sshd", ["umac-64@openssh.com"], indirect=True)
def test_nothing_in_common_is_explained(sshd: OldSshd) -> None:
    with pytest.raises(Problem) as caught:
        sshd.login(SYSTEMS["debian"], "rsa")
    assert "no algorithm or key in common" in caught.value.what
