"""Keepers that do something else than the suite's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.lxc import keeper_client
from provision.lxc.keeper_server_client import KeeperServers
from provision.lxc.programs import keeper_server

# Each keeper is a child that does the act, with its guest's name and its end of the socket.
_SERVER = """
import os, signal, socket, sys
cache = sys.argv[1]
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
requests = socket.socket(fileno=os.dup(0))
while True:
    name, (commands,), *_ = socket.recv_fds(requests, 255, 1)
    name, commands = name.decode(), socket.socket(fileno=commands)
    release, hold = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(release, 1)
        {act}
        os._exit(0)
    socket.send_fds(requests, [b"pid %d" % pid], [os.pidfd_open(pid)])
    os.write(hold, b"x")
    commands.close()
"""


def use_keeper(monkeypatch: pytest.MonkeyPatch, folder: Path, act: str) -> KeeperServers:
    """Have keepers do that act, a line of Python with `cache`, `name` and the socket `commands`."""
    program = folder / "server.py"
    program.write_text(_SERVER.format(act=act or "pass"))
    monkeypatch.setattr(keeper_server, "__file__", str(program))
    # Not a server that other guests of this process use.
    servers = KeeperServers()
    monkeypatch.setattr(keeper_client, "keeper_servers", servers)
    return servers
