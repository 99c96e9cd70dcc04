"""A guest whose machine is reset while a command is on its way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import paramiko
import pytest
from paramiko.common import AUTH_SUCCESSFUL, OPEN_FAILED_CONNECT_FAILED

from provision.systems import SYSTEMS, System
from provision.vagrant import guest as guest_module
from provision.vagrant.guest import VagrantGuest
from provision.vagrant.machines.machine import Machine
from provision.vagrant.ssh import SshArguments, ssh_arguments

DEBIAN = SYSTEMS["debian"]


class SilentServer(paramiko.ServerInterface):
    """An sshd that accepts every login and never answers a command, as after a reset."""

    def __init__(self) -> None:
        self.command_requested = threading.Event()
        self.stopped = threading.Event()

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        self.command_requested.set()
        self.stopped.wait()
        return OPEN_FAILED_CONNECT_FAILED

    @contextmanager
    def listening(self) -> Iterator[int]:
        """Serve one connection, and yield the port."""
        with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
            pool.submit(self._serve, listener)
            try:
                yield int(listener.getsockname()[1])
            finally:
                self.stopped.set()

    def _serve(self, listener: socket.socket) -> None:
        listener.settimeout(30)
        transport = paramiko.Transport(listener.accept()[0])
        transport.add_server_key(paramiko.ECDSAKey.generate())
        transport.start_server(server=self)
        self.stopped.wait()
        transport.close()


def hasty_arguments(system: System) -> SshArguments:
    arguments = ssh_arguments(system)
    arguments["channel_timeout"] /= 100
    return arguments


def test_a_command_to_a_machine_that_was_reset_ends_by_its_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QEMU keeps the connection open, on which no answer ever comes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(guest_module, "ssh_arguments", hasty_arguments)
    machine = SimpleNamespace(home=tmp_path, system=DEBIAN)
    guest = VagrantGuest("guest", cast("Machine", machine), lambda _: None)
    server = SilentServer()
    with server.listening() as port:
        (tmp_path / "ssh_config").write_text(f"Host *\n HostName 127.0.0.1\n Port {port}\n")
        assert guest._boot_id() is None
        assert server.command_requested.is_set()
