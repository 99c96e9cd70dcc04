"""The contract between a provider, which makes guests, and its users."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from provision.guests.limit_class import USUAL, LimitClass

if TYPE_CHECKING:
    from provision.guests.files import File
    from provision.guests.guest import Guest
    from provision.systems import System


@dataclass(frozen=True)
class Unavailable:
    """Why something does not work here, and what would make it work."""

    why: str
    advice: str


@dataclass(frozen=True)
class Installation:
    """What is installed over a pristine system before its guest is used.

    key: everything that the result depends on, as text; equal keys may share a cached result.
    install: installs it, and gives the guest a network only while something is fetched; raises
    Problem. from_overlay: it comes from a folder of this host. check_wanted: called before a guest
    boots for it; raises Problem where nobody wants it any more.
    """

    name: str
    key: str
    install: Callable[[Guest], None]
    from_overlay: bool = False
    check_wanted: Callable[[], None] = lambda: None


# Receives a message for the user, such as what is about to take long.
Notify = Callable[[str], None]


def ignore_message(sentence: str) -> None:
    """Take no notice of a message."""


class GuestState(Enum):
    """Who needs a guest that exists."""

    OWNED = "a process of the suite uses it"
    KEPT = "it was asked to outlive its run"
    ORPHANED = "its owner is gone"


@dataclass(frozen=True)
class GuestRecord:
    """One guest that exists on this host."""

    name: str
    state: GuestState


class Provider(ABC):
    """Makes guests. Nothing above it knows which provider made one.

    max_guests: how many guests may run at once. shares_kernel: whether they run on this host's
    kernel and clock, so that the kernel can be traced.
    """

    name: str
    max_guests: int = 1
    shares_kernel: bool = False

    def shared_objects(self) -> int:
        """How many of those kernel objects are free that guests share and soon use up."""
        return 0

    def shared_objects_under(self, init: str) -> int:
        """How many of them a guest with that PID 1 uses: a supervisor, or a System's family."""
        return 0

    def describe_limits(self) -> list[str]:
        """Say what a guest may take of this host, and what cannot be limited here."""
        return []

    def kernel_facts(self) -> dict[str, float | None]:
        """Measure what of the host's kernel decides figures of the guests; for run.json's host."""
        return {}

    @abstractmethod
    def why_unavailable(self, system: System) -> Unavailable | None:
        """Why this provider cannot make guests of that system here; None where it can."""

    @abstractmethod
    def prepare(self, system: System, notify: Notify = ignore_message) -> None:
        """Fetch or build the system's image, if it does not exist yet. Raises Problem.

        notify: receives a sentence before a step that takes long.
        """

    @abstractmethod
    def up(
        self,
        name: str,
        system: System,
        installation: Installation | None = None,
        files: Sequence[File] = (),
        limit_class: LimitClass = USUAL,
    ) -> Guest:
        """A running guest, pristine but for installation and files, under the system's own init.

        limit_class: what it may take of this host; a machine with a kernel of its own has the
        memory and the disk that it was made with.

        Guests that share a kernel share the files' pages in memory, so that no guest is faster for
        where its copy of a program happens to lie. Raises Problem.
        """

    @abstractmethod
    def guests(self) -> list[GuestRecord]:
        """Every guest of this user that exists on this host, whichever process made it."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a guest and everything that belongs to it. Raises Problem."""
