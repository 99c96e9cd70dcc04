"""What a scenario is: one way to break or load a service, and what its samples show."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeVar

from bench.model.events import Event
from bench.model.initial_state import SETTLED, InitialState
from bench.model.observation.latency import SlottedKills
from bench.model.statistics import Metric
from bench.model.steps import Step, Tree
from provision.guests.guest import Guest
from provision.guests.limit_class import USUAL, LimitClass
from provision.host.memory import host_memory
from supervisors import supervisors
from supervisors.base import Supervisor
from supervisors.contender import Contender, Profile, Role
from supervisors.service import Service, services_of

Answer = Literal["yes", "no", "partly", "not applicable", "not measured"]
_P = TypeVar("_P")
# Why a scenario has no place for the contender's role; by whether that is "init".
_OTHER_ROLE = {
    True: "An init runs one program, and keeps no services.",
    False: "It keeps services; this is about what runs one program and ends with it.",
}

# The number of a slot of time, and how many there are: a guest's turn to kill comes once in a cycle
# of all of them.
Slot = tuple[int, int]
# MiB of the host for each guest that has `crowded_seconds`: 2000 services took 350 of most
# supervisors, and of a few much more.
_MIB_OF_CROWDED = 2048
# How many guests may have `crowded_seconds` at the same time.
CROWDED_AT_ONCE = max(3, min(10, host_memory() // (_MIB_OF_CROWDED << 20)))
# s: up to this period a restart is lengthened noticeably where processes wait for a processor.
# Beside the set-up of 400 guests systemd (0.25 s) took 458 ms in place of 205, supervisord (1 s)
# 1049 in place of 1017.
QUIET_PERIOD = 1.0


@dataclass(frozen=True)
class SamplingEffort:
    """How much is measured of each contender."""

    # Trials of `restart` with the daemon up for long, all guests of the contender together.
    trials: int
    # Seconds of trials that one guest gets before the rest goes to further guests.
    guest_seconds: float
    # Seconds that two trials may take in a quick run: a scenario skips what takes much longer.
    # None: no limit, as in a full run.
    budget_seconds: float | None
    # Identical guests that a contender may have at most.
    max_guests: int
    # Start of every random sequence.
    seed: int
    # Guests that the trials are spread over at least, one after the other, where the provider runs
    # only one at a time.
    min_guests: int = 1
    # Seconds of trials beside which no guest is set up or torn down: one guest gets fewer of these
    # where more guests cost little.
    quiet_seconds: float = math.inf

    @property
    def quick(self) -> bool:
        """Tell whether the run is quick: scenarios then shorten their windows."""
        return self.budget_seconds is not None

    def allows(self, seconds: float, times: float = 1.0) -> bool:
        """Tell whether the seconds are within the budget, taken so many times."""
        return self.budget_seconds is None or seconds <= times * self.budget_seconds


@dataclass(frozen=True)
class WorkUnit:
    """The part of a scenario that one guest does, without a break."""

    # Name of the scenario.
    scenario: str
    # Seconds that it is expected to take.
    seconds: float
    # Trials in it, for the progress display.
    trials: int
    # What `perform` has to know beyond the context, in a type of the scenario's own.
    parameters: object = None
    # What it finds in the guest.
    initial_state: InitialState = SETTLED
    # It takes a processor for all of its time: no kill that needs a quiet host is measured
    # beside it, and as many such units run at once as the host has processors.
    loud: bool = False
    # Seconds of it in which it takes all processors, and has the host for itself.
    alone_seconds: float = 0.0
    # Seconds for which it takes as much memory as many guests: few units do so at a time, after the
    # others.
    crowded_seconds: float = 0.0
    # Seconds of uptimes, periods and windows that no implementation can save.
    min_seconds: float = 0.0
    # What its guest may take of the host.
    limit_class: LimitClass = USUAL
    # Its kills that wait for the slot of its guest, only of a unit that needs a quiet host. Their
    # waits are not in `seconds`: they depend on which guests measure at once.
    slotted: SlottedKills | None = None

    @property
    def own_guest(self) -> bool:
        """Whether no other unit runs in its guest, before or after it."""
        return self.initial_state.first_life

    def parameters_as(self, kind: type[_P]) -> _P:
        """Return the parameters, which must be of that type. Raises TypeError."""
        if not isinstance(self.parameters, kind):
            raise TypeError(f"A unit of {self.scenario} has the parameters {self.parameters!r}.")
        return self.parameters


@dataclass(frozen=True)
class Verdict:
    """What a contender does in one situation, as its samples show it."""

    # Column of the behaviour matrix, such as "stays down".
    behaviour: str
    # Cell of the matrix.
    answer: Answer
    # The answer in words, with figures.
    sentence: str
    # Numbers of the samples that show it, within this contender's samples of the scenario.
    evidence: tuple[int, ...] = ()
    # Of how many identical guests each answer is; empty where one guest was judged.
    tally: Mapping[Answer, int] = field(default_factory=dict)


@dataclass
class ScenarioContext:
    """What a scenario may use while it performs a unit in a guest."""

    # A guest in which the supervisor runs and has been verified.
    guest: Guest
    # The program under test.
    supervisor: Supervisor
    # Its role, its profile, and whether it is PID 1.
    contender: Contender
    # The services that the supervisor keeps now; at first s1 alone.
    services: tuple[Service, ...]
    # Number of this guest among the contender's identical guests, from 0.
    replica: int
    # The slot for those kills of this guest that wait: no two guests' are at the same time.
    slot: Slot
    # Run steps of the measuring program in the guest, within a timeout in seconds; return its
    # events. Raises Problem.
    measure: Callable[[Sequence[Step], float], list[Event]]
    # Block until no other guest measures what needs a quiet host, and keep such measurements out
    # until the block ends: for work that loads the host.
    disturbing: Callable[[], AbstractContextManager[None]]
    # The same for work that takes a processor for long; it comes after measurements that wait.
    # True: it takes all processors, and other such work waits.
    loud: Callable[[bool], AbstractContextManager[None]]

    @property
    def tree(self) -> Tree:
        """Return where the supervision tree begins, for steps that measure it."""
        return {"root": [*sorted(self.supervisor.process_names)], "pid1": self.contender.pid1}

    def keep_services(self, count: int) -> None:
        """Make the running supervisor keep so many services: s1, s2, ..."""
        self.reconfigure(services_of(self.contender, count))

    def reconfigure(self, kept: tuple[Service, ...]) -> None:
        """Make the running supervisor keep exactly those services, with their settings."""
        self.services = kept
        with self.disturbing():
            self.supervisor.update_services(self.guest, self.contender, kept)


def reason_of_parent(contender: Contender, consequence: str) -> str:
    """Return why a scenario of detached daemons does not apply to a parent; "" for a monitor."""
    if contender.role == "monitor":
        return ""
    return f"It is the parent of a daemon that stays in the foreground: {consequence}"


def _why_not_own_daemon(scenario: Scenario, contender: Contender) -> str:
    """Return why a contender cannot keep a person's own program in it; empty where it can."""
    if contender.own_daemon is None:
        return ""
    if not scenario.takes_own_daemon:
        return "It needs the suite's own daemon, which behaves as it asks."
    if contender.readiness:
        return "It waits until the daemon announces that it is ready, as the suite's own one does."
    by_command_line = supervisors()[contender.supervisor].tracks_service_by == "command line"
    if contender.role == "monitor" and by_command_line:
        return "It knows a service by its command line, and your own program has another one."
    return ""


class Scenario(ABC):
    """One way to break or load a service, and what is observed.

    Each module of bench/scenarios has one, named SCENARIO.
    """

    # Value of --scenario, key in run.json, and name of its module with "_" for "-".
    name: ClassVar[str]
    # What readers see, as a noun phrase without a capital.
    title: ClassVar[str]
    # Place among the scenarios in tables and lists: the smallest is first, then by name.
    position: ClassVar[int] = 99
    # Profiles whose purpose it shows: nothing that it measures differs for another one.
    profiles: ClassVar[tuple[Profile, ...]] = ("default", "fast", "patient")
    # It takes so long that `--scenario=all` leaves it out: it is measured where it is named.
    lengthy: ClassVar[bool] = False
    # Its trials last a second or less where a supervisor is quick: set-up and teardown of other
    # guests then wait until they are done.
    needs_quiet_host: ClassVar[bool] = False
    # The trials of a unit that was interrupted count: `remaining_units` does only the others.
    keeps_trials: ClassVar[bool] = False
    # Whether it can measure a person's own program: what it breaks needs nothing of testd.
    takes_own_daemon: ClassVar[bool] = False
    # Whether it is about a container's PID 1: --scenario=all has it where inits are measured, and
    # the others where supervisors are. None: both.
    of_inits: ClassVar[bool | None] = False
    # The roles of contenders that it can measure.
    roles: ClassVar[frozenset[Role]] = frozenset({"runner", "monitor"})

    def needs_quiet(self, contender: Contender) -> bool:
        """Tell whether noise of other guests could reach what the contender shows."""
        period = contender.period or 0.0
        return self.needs_quiet_host and period <= QUIET_PERIOD

    def matters_to(self, contender: Contender) -> bool:
        """Tell whether it shows what the contender's profile is for.

        An init's profiles differ in whom signals reach, and in what PID 1 is: all of it shows that.
        """
        return contender.role == "init" or contender.profile in self.profiles

    def why_not(self, contender: Contender) -> str:
        """Return why the scenario does not measure the contender; empty where it does."""
        if contender.role not in self.roles:
            return _OTHER_ROLE[contender.role == "init"]
        if not self.matters_to(contender):
            return f"The profile {contender.profile} changes nothing that it shows."
        return _why_not_own_daemon(self, contender) or self.inapplicable_reason(contender)

    def inapplicable_reason(self, contender: Contender) -> str:
        """Return why the contender's design rules the scenario out; empty where it does not."""
        return supervisors()[contender.supervisor].unsupported.get(self.name, "")

    @abstractmethod
    def work_units(self, contender: Contender, effort: SamplingEffort) -> list[WorkUnit]:
        """Cut the work into units for identical guests; none where the budget is too small."""

    def remaining_units(
        self, contender: Contender, effort: SamplingEffort, kept: Sequence[Event]
    ) -> list[WorkUnit]:
        """Cut the work that those samples of an interrupted run leave; none where they suffice."""
        return self.work_units(contender, effort)

    @abstractmethod
    def perform(self, context: ScenarioContext, unit: WorkUnit) -> list[Event]:
        """Do one unit in a guest; return every sample taken. Raises Problem."""

    @abstractmethod
    def conclude(self, contender: Contender, samples: Sequence[Event]) -> list[Metric]:
        """Compute the figures from the samples of all units together."""

    def judge(self, contender: Contender, samples: Sequence[Event]) -> list[Verdict]:
        """Judge each behaviour by the samples of all units together."""
        return []
