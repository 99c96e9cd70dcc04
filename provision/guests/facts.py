"""What a run records of the machine that a guest is."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class GuestFacts(TypedDict):
    """What a run records of the machine.

    cgroup: v1, v2 or none. limit_class: how much it may take. limits: those in force, by name.
    """

    provider: str
    acceleration: str
    kernel: str
    cgroup: str
    limit_class: NotRequired[str]
    limits: NotRequired[dict[str, int]]
