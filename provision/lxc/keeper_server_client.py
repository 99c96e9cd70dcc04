"""The suite's end of the process that forks the keepers of its guests."""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from provision.lxc.programs import keeper_server

# Seconds that the fork of a keeper may take: a loaded host makes it slow.
_PATIENCE = 120
# What the suite opens for its guests, four files each, is beyond a usual limit of 1024.
_MOST_FILES = 4096


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
        self._most_files = resource.getrlimit(resource.RLIMIT_NOFILE)

    def fork_keeper(self, home: Path) -> ForkedKeeper:
        """Have the keeper of the guest in that folder begin.

        Raises OSError: BrokenPipeError where not even a new server answers.
        """
        cache = home.parent.parent
        with self._one_at_a_time:
            server = self._running.get(cache)
            forked = server.fork_keeper(home.name) if server else None
            if forked is None:  # it has ended with its last keeper
                self._raise_limit()
                server = self._running[cache] = _Server(cache, self._most_files[0])
                forked = server.fork_keeper(home.name)
        if forked is None:
            raise BrokenPipeError
        return forked

    def _raise_limit(self) -> None:
        """Let this process open more files; guests keep the limit that the suite began with."""
        soft, hard = self._most_files
        wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server:
    """One process that forks keepers. After its end, `fork_keeper` returns None."""

    def __init__(self, cache: Path, most_files: int) -> None:
        self._requests, its_end = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with its_end:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper_server.__file__, str(cache), str(most_files)],
                stdin=its_end.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                # Nothing of the caller's environment gets near a guest, not even to LXC's hooks.
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )

    def fork_keeper(self, name: str) -> ForkedKeeper | None:
        """Have a keeper begin; None where the server has ended or hangs. Raises OSError."""
        if self._requests.fileno() < 0:
            return None
        owner, keepers_end = socket.socketpair()
        forked = None
        try:
            with keepers_end:
                socket.send_fds(self._requests, [name.encode()], [keepers_end.fileno()])
            forked = self._read_answer(owner)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            if forked is None:
                owner.close()
                # An answer that is still to come would be taken for that of the next request.
                self._end()
        return forked

    def _read_answer(self, owner: socket.socket) -> ForkedKeeper | None:
        if not is_readable(self._requests.fileno(), _PATIENCE):
            return None
        answer, descriptors, _, _ = socket.recv_fds(self._requests, 32, 1)
        if not answer:
            return None
        kind, number = answer.split()
        if kind == b"pid" and descriptors:
            return ForkedKeeper(int(number), descriptors[0], owner)
        # This process may open no more files where the descriptor did not arrive.
        failed = int(number) if kind == b"error" else errno.EMFILE
        raise OSError(failed, os.strerror(failed))

    def _end(self) -> None:
        """End it, if it has not ended. Its keepers live on, and belong to their owners."""
        self._requests.close()
        self._process.kill()
        self._process.wait()


def is_readable(descriptor: int, seconds: float) -> bool:
    """Tell whether something can be read, or a process has ended, within those seconds."""
    poll = select.poll()  # select() takes no descriptor from 1024 on
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * seconds))


keeper_servers = KeeperServers()
