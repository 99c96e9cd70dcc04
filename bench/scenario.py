"""What a scenario is: one way to break or load a service, and what is concluded from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bench.stats import Metric
from provision.guest import Guest
from supervisors.contract import Contender, Service, Supervisor

Event = dict[str, Any]
Step = dict[str, Any]


@dataclass(frozen=True)
class Depth:
    """How much is measured.

    trials: at long uptime, for each contender; enough: seconds of trials in one guest after which
    the rest goes to further ones; budget: seconds that two trials may take, where that is limited;
    replicas: how many identical guests a contender may have at most.
    """

    trials: int
    enough: float
    budget: float | None
    replicas: int
    seed: int


@dataclass(frozen=True)
class Share:
    """The part of a scenario that one guest does. seconds: how long that is expected to take."""

    scenario: str
    seconds: float
    trials: int
    work: dict[str, Any] = field(default_factory=dict)


@dataclass
class Turn:
    """One guest's time with a contender: what a scenario may use.

    measure: runs steps of daemon/measure.py in the guest and returns what it said. services: those
    kept alive now; `grow` adds to them. slot: which of how many slots of time is this guest's to
    break its service in. noise: a block that must not fall into others' event-driven trials.
    """

    guest: Guest
    supervisor: Supervisor
    contender: Contender
    services: tuple[Service, ...]
    replica: int
    slot: tuple[int, int]
    measure: Callable[[Sequence[Step], float], list[Event]]
    noise: Callable[[], AbstractContextManager[None]]

    def grow(self, count: int) -> None:
        """Have the running supervisor keep that many services."""
        self.services = services(self.contender, count)
        with self.noise():
            self.supervisor.add(self.guest, self.contender, self.services)


class Scenario(ABC):
    """One way to break or load a service, and what is observed."""

    name: ClassVar[str]
    title: ClassVar[str]
    rank: ClassVar[int] = 99
    quiet: ClassVar[bool] = False

    @abstractmethod
    def shares(self, contender: Contender, depth: Depth) -> list[Share]:
        """The work, cut into parts for identical guests; empty where the budget is too small."""

    @abstractmethod
    def perform(self, turn: Turn, share: Share) -> list[Event]:
        """Do one share; returns every sample taken."""

    @abstractmethod
    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        """What the samples of all shares together say."""


def services(contender: Contender, count: int) -> tuple[Service, ...]:
    """The first so many services, as that contender is to keep them: s1, s2, ..."""
    return tuple(
        Service(f"s{number}", contender.role, contender.readiness) for number in range(1, count + 1)
    )
