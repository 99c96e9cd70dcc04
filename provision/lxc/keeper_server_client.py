"""The suite's end of the process that forks the keepers of its guests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from provision.lxc.programs import keeper_server


class ForkedKeeper(NamedTuple):
    """A keeper that has just begun.

    process: a descriptor of it (pidfd). owner: the socket on which it takes commands.
    """

    pid: int
    process: int
    owner: socket.socket


class KeeperServers:
    """One server for each cache folder; it runs while one of its keepers does."""

    def __init__(self) -> None:
        self._running: dict[Path, _Server] = {}
        self._one_at_a_time = threading.Lock()

    def fork_keeper(self, home: Path) -> ForkedKeeper:
        """Have the keeper of the guest in that folder begin.

        Raises OSError: BrokenPipeError where not even a new server lives.
        """
        cache = home.parent.parent
        with self._one_at_a_time:
            server = self._running.get(cache)
            forked = server.fork_keeper(home.name) if server else None
            if forked is None:  # it has ended with its last keeper
                server = self._running[cache] = _Server(cache)
                forked = server.fork_keeper(home.name)
        if forked is None:
            raise BrokenPipeError
        return forked


class _Server:
    def __init__(self, cache: Path) -> None:
        self._requests, its_end = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with its_end:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper_server.__file__, str(cache)],
                stdin=its_end.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                # Nothing of the caller's environment gets near a guest, not even to LXC's hooks.
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )

    def fork_keeper(self, name: str) -> ForkedKeeper | None:
        """Have a keeper begin; None where the server has ended. Raises OSError."""
        owner, keepers_end = socket.socketpair()
        try:
            with keepers_end:
                socket.send_fds(self._requests, [name.encode()], [keepers_end.fileno()])
            answer, descriptors, _, _ = socket.recv_fds(self._requests, 32, 1)
        except (BrokenPipeError, ConnectionResetError):
            answer, descriptors = b"", []
        if descriptors:
            return ForkedKeeper(int(answer), descriptors[0], owner)
        owner.close()
        if answer:
            raise OSError(int(answer), os.strerror(int(answer)))
        self._requests.close()
        self._process.wait()
        return None


keeper_servers = KeeperServers()
