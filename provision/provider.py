"""The contract between a provider, which makes guests, and those who use one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provision.guest import File, Guest
    from provision.systems import System


@dataclass(frozen=True)
class Unavailable:
    """Why something cannot be had here, and what would make it work."""

    why: str
    advice: str


@dataclass(frozen=True)
class Installation:
    """What is installed over a pristine system before a guest is handed out.

    key: everything that the result depends on, as text; equal keys may share a cached result.
    install: does it, in a guest that has a network; raises Problem.
    """

    name: str
    key: str
    install: Callable[[Guest], None]


Notify = Callable[[str], None]


def ignore_message(sentence: str) -> None:
    """Say nothing."""


class Provider(ABC):
    """Makes guests. Nothing above it knows which provider made one."""

    name: str
    # How many guests may run at once.
    parallel: int = 1
    # Whether they run on this host's kernel, which can then be traced, and by its clock.
    shares_kernel: bool = False

    def max_parallel(self, init: str) -> int:
        """How many guests with that PID 1, a family of a System's, may run at once."""
        return self.parallel

    @abstractmethod
    def why_unavailable(self, system: System) -> Unavailable | None:
        """Why this provider cannot make guests of that system here; None where it can."""

    @abstractmethod
    def prepare(self, system: System, say: Notify = ignore_message) -> None:
        """Fetch or build the system's image, if it is not there yet. Raises Problem.

        say: told in a sentence what is about to take long.
        """

    @abstractmethod
    def up(
        self,
        name: str,
        system: System,
        recipe: Installation | None = None,
        files: Sequence[File] = (),
    ) -> Guest:
        """A running guest, pristine but for the recipe and files, under the system's own init.

        Guests that share a kernel have the same files in the same memory: a program is then no
        quicker in one of them than in another for where its pages happen to lie.
        """

    @abstractmethod
    def kept(self) -> list[str]:
        """Names of the guests that were asked to outlive their run."""

    @abstractmethod
    def owned(self) -> list[str]:
        """Names of the guests that somebody wants: those in use, and those kept."""

    @abstractmethod
    def leftovers(self) -> list[str]:
        """Names of guests which exist, though nobody who runs now has asked for them."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a guest and everything that belongs to it. Raises Problem."""
