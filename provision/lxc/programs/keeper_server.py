"""Forks the keepers of a suite's guests: `python -I -S keeper_server.py CACHE MOST_FILES`.

A keeper that is forked is ready in a few milliseconds, and shares most of its memory with the
others. Standard input is a socket of packets. Each packet is a guest's name, with a descriptor: the
keeper's standard input and output (`keeper.py`). The answer is `pid N`, the keeper's, with a
descriptor of that process, or `error N` without one. This process ends with its last keeper. At end
of file, when the suite is gone, it ends as well; the keepers do not.

MOST_FILES is how many files it and its guests may have open, each of their processes: the suite
itself may open more.

This process and all keepers are recognised by this file's name: `traces.py` and tests look for it.
"""

import contextlib
import errno
import gc
import importlib
import os
import resource
import select
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.lxc.programs import keeper, namespaces
else:
    # As a program it runs with -I, which keeps its folder off the path, and without bytecode files.
    sys.dont_write_bytecode = sys.dont_write_bytecode or not __package__
    if not __package__:
        sys.path.append(str(Path(__file__).parent))
    _BESIDE = f"{__package__}." if __package__ else ""
    keeper = importlib.import_module(f"{_BESIDE}keeper")
    namespaces = importlib.import_module(f"{_BESIDE}namespaces")

_LONGEST_NAME = 255


def main() -> None:
    """Fork keepers until the last of them has ended, or the suite is gone."""
    cache, most_files = Path(sys.argv[1]), int(sys.argv[2])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, hard))
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # without LXC a guest's start says so
        namespaces.lxc_version()  # asked for once, not by each keeper
    gc.freeze()  # else the keepers' garbage collectors would write to the memory that they share
    requests = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    keepers: dict[int, int] = {}  # by the descriptor of the process, its pid
    while True:
        if requests.fileno() not in _wait_for(requests.fileno(), keepers):
            if not keepers:
                return
            continue
        name, descriptors, _, _ = socket.recv_fds(requests, _LONGEST_NAME, 1)
        if not name:
            return
        if not descriptors:  # no more files may be open here
            _send_error(requests, OSError(errno.EMFILE, ""))
            continue
        pid = _fork(requests, keepers)
        if pid == 0:
            _become_keeper(cache, name.decode(), descriptors[0], [requests.detach(), *keepers])
            return
        os.close(descriptors[0])


def _wait_for(requests: int, keepers: dict[int, int]) -> list[int]:
    """Wait until something happens and reap the keepers that have ended; return what is ready."""
    poll = select.poll()
    for descriptor in (requests, *keepers):
        poll.register(descriptor, select.POLLIN)
    ready = [descriptor for descriptor, _ in poll.poll()]
    for descriptor in keepers.keys() & ready:
        os.waitpid(keepers.pop(descriptor), 0)
        os.close(descriptor)
    return ready


def _fork(requests: socket.socket, keepers: dict[int, int]) -> int:
    """Fork and tell the suite of the new process, in which it returns 0."""
    try:
        pid = os.fork()
    except OSError as failure:
        _send_error(requests, failure)
        return -1
    if pid:
        try:
            process = os.pidfd_open(pid)
        except OSError as failure:  # the suite closes the keeper's socket, which ends it
            _send_error(requests, failure)
            return pid
        keepers[process] = pid
        with contextlib.suppress(OSError):  # the suite may be gone
            socket.send_fds(requests, [b"pid %d" % pid], [process])
    return pid


def _send_error(requests: socket.socket, failure: OSError) -> None:
    with contextlib.suppress(OSError):  # the suite may be gone
        requests.send(b"error %d" % (failure.errno or 1))


def _become_keeper(cache: Path, name: str, commands: int, of_server: list[int]) -> None:
    os.setsid()
    for stream in (0, 1):
        os.dup2(commands, stream)
    for descriptor in (commands, *of_server):
        os.close(descriptor)
    keeper.keep_guest(cache, name)


if __name__ == "__main__":
    main()
