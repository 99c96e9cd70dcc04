"""Render what a person wrote once on trial, where it can neither hang nor use up the host."""

from __future__ import annotations

import resource
from collections.abc import Iterable
from multiprocessing import get_context
from multiprocessing.connection import Connection

from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import services_of

# Usual templates take some milliseconds and kilobytes.
_MOST_CPU = 10  # s
_MOST_MEMORY = 1 << 30  # bytes of address space, the suite's own among them
_MOST_TEXT = 1 << 20  # characters of all files together
_SHOWN = 500  # characters of an error
# The child has this process's modules and contender; a new interpreter would import all again.
_FORK = get_context("fork")


def rendering_failure(contender: Contender) -> str:
    """Return why the files of one service cannot be rendered; empty where they can.

    A template is a program: it may recurse, loop or grow without end. A child renders it, whose
    processor time and memory the kernel bounds.
    """
    result, sender = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_render, args=(contender, sender))
    child.start()
    sender.close()
    try:
        failure = result.recv()
    except EOFError:
        failure = f"It takes more than {_MOST_CPU} s of processor time, as if it had no end."
    child.join()
    assert isinstance(failure, str)
    return failure


def _render(contender: Contender, sender: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU, _MOST_CPU))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    try:
        files = supervisors()[contender.supervisor].files(contender, services_of(contender, 1))
        sender.send(_size_failure(len(file.content) for file in files))
    # Its expressions fail in all the ways that Python's do.
    except Exception as failure:
        sender.send(f"{type(failure).__name__}: {failure}"[:_SHOWN])


def _size_failure(sizes: Iterable[int]) -> str:
    size = sum(sizes)
    return f"It makes {size:,} characters." if size > _MOST_TEXT else ""
