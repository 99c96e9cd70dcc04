"""Kernel objects of which the host has few, and which guests share."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class SharedObjects:
    """Let guests that use some wait, first come, first served, until those before leave enough."""

    def __init__(self, total: int) -> None:
        self._free = self._total = total
        self._changed = threading.Condition()
        self._line: deque[object] = deque()

    @contextmanager
    def taken(self, number: int) -> Iterator[None]:
        """Take so many until the block ends; all of them where there are fewer."""
        number = min(number, self._total)
        if not number:
            yield
            return
        self._take(number)
        try:
            yield
        finally:
            with self._changed:
                self._free += number
                self._changed.notify_all()

    def _take(self, number: int) -> None:
        turn = object()
        with self._changed:
            self._line.append(turn)
            try:
                self._changed.wait_for(lambda: self._line[0] is turn and number <= self._free)
                self._free -= number
            finally:
                self._line.remove(turn)
                self._changed.notify_all()
