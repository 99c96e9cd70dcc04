"""A contender: one row of results, and the facts that decide how the suite measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from supervisors.own_daemon import OwnDaemon
from supervisors.own_files import OwnFiles
from supervisors.versions import Change, Edition

# "init": a container's PID 1, which runs one program and ends with it.
Role = Literal["runner", "monitor", "init"]
ROLES: tuple[Role, ...] = get_args(Role)
# What a configuration is for, and the only purposes that a profile may have.
# "default": as the package or the manual sets it up. "fast": the quickest restart that the manual
# documents. "strict": it leaves nothing of a service behind. "patient": it never gives a service
# up, nor makes it wait longer and longer.
# Of an init: "group": signals reach the whole process group of its program. "child": they reach the
# program alone. Of a shell: "command": its command line is one command, in place of a script.
Profile = Literal["default", "fast", "strict", "patient", "group", "child", "command"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

# The smallest count of a limit that the suite can measure. A guest starts a service once and
# restarts it once, and both must stay below the limit.
MIN_COUNT = 3
# Where waiting never lifts the limit, a restart after a long uptime and one after a short uptime
# must both stay below it.
MIN_COUNT_WITHOUT_PERIOD = 4
# A scenario waits for the whole period, so that a longer one would take hours.
LONGEST_PERIOD = 3600.0


@dataclass(frozen=True)
class StartLimit:
    """The number of starts at which a supervisor holds a service back or gives it up.

    count: the start that it delays or refuses. seconds: the period in which it counts starts; None
    where it counts them over the whole life of the service and never forgets one.
    Raises ValueError for a limit that the suite cannot measure.
    """

    count: int
    seconds: float | None

    def __post_init__(self) -> None:
        least = MIN_COUNT_WITHOUT_PERIOD if self.seconds is None else MIN_COUNT
        if self.count < least:
            raise ValueError(
                f"{self}: the suite needs a count of {least} or more, because a guest's first start"
                " and its restarts must stay below the limit."
            )
        if self.seconds is None:
            return
        if self.seconds <= 0:
            raise ValueError(f"{self}: seconds must be above 0.")
        if self.seconds > LONGEST_PERIOD:
            raise ValueError(
                f"{self}: the suite waits for the whole period, at most {LONGEST_PERIOD:g} s."
                " Set seconds=None if the supervisor counts starts over a service's whole life."
            )

    def __str__(self) -> str:
        period = "in its whole life" if self.seconds is None else f"in {self.seconds:g} s"
        return f"A limit of {self.count} starts {period}"

    @property
    def record(self) -> tuple[int, float | None]:
        """The limit as run.json keeps it: [count, seconds], with null for a whole life."""
        return self.count, self.seconds


@dataclass(frozen=True)
class OlderVersion:
    """A contender as it was before a change: the same row of results, with other settings."""

    until: Change
    contender: Contender


@dataclass(frozen=True)
class Contender:
    """One row of results: a supervisor in one role, one profile, as PID 1 or hosted by one."""

    # The supervisor's `name`.
    supervisor: str
    # "runner": parent of a foreground daemon. "monitor": watches a daemon that detaches itself.
    # "init": runs one program as a container's PID 1, and restarts nothing.
    role: Role
    # What its configuration is for.
    profile: Profile
    # Whether it is the guest's PID 1; otherwise the guest's own init keeps it alive.
    pid1: bool
    # What its configuration says, in one sentence for readers of the results.
    setting: str
    # What tables call its setting where the name of the profile says less: "s6, ready".
    short_name: str = ""
    # Seconds between two looks at its services, or between the instants at which it may restart
    # them. None where events alone decide. Kill times spread over it; deadlines grow with it.
    period: float | None = None
    # The starts at which it holds a service back or gives up; None where nothing limits them.
    # Trials stay below it, the crash loop goes beyond it.
    start_limit: StartLimit | None = None
    # Seconds of uptime after which it restarts a service without delay. A "long" trial waits for
    # them before its kill. Many hold back what ended within its first second.
    settled_uptime: float = 1.25
    # Seconds for which it delays every restart, however long the service has run: the forecast of a
    # run counts them.
    restart_delay: float = 0.0
    # Seconds for which a restart keeps the processors busy: no other guest's slot of time for kills
    # comes meanwhile, as far as slots can be dealt so. Each kill has 0.05 s in any case.
    busy_seconds: float = 0.0
    # Seconds for which it leaves a service alone that has reached the limit. 0 where there is no
    # limit, or where it gives up for good. The crash loop waits for them.
    limit_pause: float = 0.0
    # Whether it gives a service up for good at the first end before `settled_uptime`. Trials with a
    # short uptime then come after all others of their guest.
    quick_end_is_final: bool = False
    # Whether it leaves time between the starts of a service that exits at once. Where it does not,
    # its crash loop takes a whole processor and runs after all other measurements.
    spaces_starts: bool = True
    # How a service tells that it is ready, in the words of testd's --ready; None for not at all.
    readiness: str | None = None
    # The process that takes a service's output, where its set-up has one. Readers see it in the
    # results, and the scenario `output` explains where the text goes.
    log_process: str | None = None
    # Whether PID 1 is the program itself: what the container starts executes it in its own place.
    becomes_program: bool = False
    # The codename of its system in a run of several systems; "" in a run of one.
    release: str = ""
    # A person's own files, laid over its templates.
    own_files: OwnFiles | None = None
    # A person's own program that it keeps in place of the suite's daemon.
    own_daemon: OwnDaemon | None = None
    # Its facts in older versions, where they differ: the oldest first.
    older: tuple[OlderVersion, ...] = ()

    def at(self, edition: Edition) -> Contender:
        """Return the contender with the facts of that edition of its supervisor."""
        for older in self.older:
            if not older.until.reached_by(edition):
                return older.contender
        return self

    @property
    def name(self) -> str:
        """Its name in results, e.g. runit/runner/default/pid1, or .../pid1@trixie."""
        place = "pid1" if self.pid1 else "hosted"
        release = f"@{self.release}" if self.release else ""
        return f"{self.supervisor}/{self.role}/{self.profile}/{place}{release}"

    @property
    def limit_that_lifts(self) -> tuple[int, float] | None:
        """The limit as (starts, seconds), where waiting for `seconds` lifts it again."""
        limit = self.start_limit
        if limit is None or limit.seconds is None:
            return None
        return limit.count, limit.seconds
