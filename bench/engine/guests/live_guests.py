"""The guests that run now, and the one switch that ends them all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from provision.errors import Problem
from provision.guests.guest import Guest


class LiveGuests:
    """Keep track of the running guests, so that an interrupted run removes every one of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._guests: dict[str, Guest] = {}
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether the run is being ended: no work may start any more."""
        return self._stopping

    def check_running(self) -> None:
        """Raise Problem, which is not reported anywhere, once the run is being ended."""
        if self._stopping:
            raise Problem("The run is being ended.")

    def add(self, guest: Guest) -> None:
        """Remember a guest that has just booted."""
        with self._lock:
            self._guests[guest.name] = guest

    def remove(self, guest: Guest) -> None:
        """Forget a guest that is destroyed."""
        with self._lock:
            self._guests.pop(guest.name, None)

    def release(self, guest: Guest) -> bool:
        """Leave a guest running for its user (--keep); False once the run is being ended.

        From then on Ctrl-C does not remove it. One lock for both, so that it does not do half.
        """
        with self._lock:
            if self._stopping:
                return False
            self._guests.pop(guest.name, None)
            return True

    def stop(self) -> None:
        """End the run: no guest starts any more work."""
        with self._lock:
            self._stopping = True

    def destroy_all(self) -> None:
        """Destroy every guest, all at once. Raise the first error after all were tried."""
        with self._lock:
            guests = list(self._guests.values())
        with ThreadPoolExecutor(max(1, len(guests))) as pool:
            attempts = [pool.submit(guest.destroy) for guest in guests]
        for attempt in attempts:
            attempt.result()
