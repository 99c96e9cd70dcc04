"""What a scenario is: one way to break or load a service, and what is concluded from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from bench.model.statistics import Metric
from provision.guest import Guest
from supervisors import supervisors
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service, services_of

Event = dict[str, Any]
Answer = Literal["yes", "no", "partly", "not applicable", "not measured"]
Step = dict[str, Any]


@dataclass(frozen=True)
class SamplingEffort:
    """How much is measured.

    trials: at long uptime, for each contender; enough: seconds of trials in one guest after which
    the rest goes to further ones; budget: seconds that two trials may take, where that is limited;
    replicas: how many identical guests a contender may have at most; rounds: in how many guests one
    after the other its trials are made where the provider has one at a time.
    """

    trials: int
    enough: float
    budget: float | None
    replicas: int
    seed: int
    rounds: int = 1


@dataclass(frozen=True)
class WorkUnit:
    """The part of a scenario that one guest does.

    seconds: how long that is expected to take; fresh: it needs a guest of its own, in which nothing
    was done before and after which nothing can be; loud: it takes so much of the host that it waits
    until all others are done, and as many as there are processors run at once; least: seconds that
    whoever measures this cannot save, of its uptimes, periods and windows.
    """

    scenario: str
    seconds: float
    trials: int
    work: dict[str, Any] = field(default_factory=dict)
    own_guest: bool = False
    cpu_heavy: bool = False
    min_seconds: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What a contender does in one situation, as its samples show it.

    behaviour: the column of the matrix, e.g. "restarts after exit 0". sentence: the answer in
    words, with figures. evidence: numbers of the samples that show it, counted within this
    contender's samples of the scenario.
    """

    behaviour: str
    answer: Answer
    sentence: str
    evidence: tuple[int, ...] = ()


@dataclass
class ScenarioContext:
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

    @property
    def tree(self) -> Step:
        """What tells daemon/measure.py the supervision tree, as keys of a step."""
        return {"root": sorted(self.supervisor.process_names), "pid1": self.contender.pid1}

    def grow(self, count: int) -> None:
        """Have the running supervisor keep that many services."""
        self.keep(services_of(self.contender, count))

    def keep(self, wanted: tuple[Service, ...]) -> None:
        """Have the running supervisor keep those services, as they are described now."""
        self.services = wanted
        with self.noise():
            self.supervisor.update_services(self.guest, self.contender, wanted)


class Scenario(ABC):
    """One way to break or load a service, and what is observed."""

    name: ClassVar[str]
    title: ClassVar[str]
    rank: ClassVar[int] = 99
    quiet: ClassVar[bool] = False

    def inapplicable(self, contender: Contender) -> str:
        """Why it cannot apply to that contender, from its own design; empty where it can."""
        return supervisors()[contender.supervisor].unsupported.get(self.name, "")

    @abstractmethod
    def work_units(self, contender: Contender, depth: SamplingEffort) -> list[WorkUnit]:
        """The work, cut into parts for identical guests; empty where the budget is too small."""

    @abstractmethod
    def perform(self, turn: ScenarioContext, share: WorkUnit) -> list[Event]:
        """Do one share; returns every sample taken."""

    @abstractmethod
    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        """What the samples of all shares together say."""

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        """What the samples of all shares together show, behaviour by behaviour."""
        return []
