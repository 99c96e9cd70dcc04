"""Guests that no run needs any more: their removal, and the names of those that stay.

Which guests a killed suite has left, its provider tells: of LXC, provision/lxc/existing_guests.py.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator

from provision.errors import Problem
from provision.provider import GuestState, Provider


def remove_guests(provider: Provider, states: Container[GuestState]) -> Iterator[str | Problem]:
    """Remove the provider's guests in those states, each whatever becomes of the others.

    Yields a guest's name once it is removed, and a Problem for each one that is not.
    """
    for guest in provider.guests():
        if guest.state not in states:
            continue
        try:
            provider.remove(guest.name)
        except Problem as failure:
            yield failure
        except Exception as failure:
            yield Problem(
                f"Guest {guest.name} is not removed.",
                known=f"{type(failure).__name__}: {failure}",
                advice="Mend that, then run ./inv destroy.",
            )
        else:
            yield guest.name


def remaining_guests(provider: Provider) -> list[str]:
    """Names of this process's guests that exist and were not asked to."""
    return [
        guest.name
        for guest in provider.guests()
        if guest.state is not GuestState.KEPT and guest.name.endswith(f"-{os.getpid()}")
    ]


def remaining_line(names: list[str]) -> str:
    """Say which guests remain on this host, and how to remove them."""
    return f"Not removed: {', '.join(names)}. Run ./inv destroy to remove what remains."
