"""Samples with their numbers, and queries for those that a figure or a verdict rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from bench.model.events import Event, EventKind, is_kind

E = TypeVar("E", bound=Event)


class Numbered(NamedTuple, Generic[E]):
    """An event with its number among a contender's samples of one scenario, from 0."""

    number: int
    event: E


@dataclass(frozen=True)
class Samples:
    """The samples of one contender in one scenario, or a part of them, oldest first."""

    items: tuple[Numbered[Event], ...]

    def __bool__(self) -> bool:
        """Tell whether there is any sample."""
        return bool(self.items)

    def of_stage(self, *names: str) -> Samples:
        """Return the samples of the stages of those names; none where they were not reached."""
        return Samples(tuple(item for item in self.items if item.event.get("act") in names))

    def by_guest(self) -> list[Samples]:
        """Return the samples of each guest, by its number; one entry where there is no sample."""
        guests: dict[int, list[Numbered[Event]]] = {}
        for item in self.items:
            guests.setdefault(item.event.get("replica", 0), []).append(item)
        return [Samples(tuple(guests[replica])) for replica in sorted(guests)] or [self]

    def all(self, kind: EventKind[E], **fields: object) -> list[Numbered[E]]:
        """Return the events of one kind whose fields have those values, oldest first."""
        return [
            Numbered(number, event)
            for number, event in self.items
            if is_kind(event, kind)
            and all(event.get(key) == value for key, value in fields.items())
        ]

    def first(self, kind: EventKind[E], **fields: object) -> Numbered[E] | None:
        """Return the oldest of those events, if there is any."""
        return next(iter(self.all(kind, **fields)), None)

    def last(self, kind: EventKind[E], **fields: object) -> Numbered[E] | None:
        """Return the newest of those events, if there is any."""
        return next(reversed(self.all(kind, **fields)), None)


def number_samples(events: Sequence[Event]) -> Samples:
    """Number all samples of one contender in one scenario."""
    return Samples(tuple(Numbered(number, event) for number, event in enumerate(events)))


def numbers(*items: Numbered[Any] | Iterable[Numbered[Any]] | None) -> tuple[int, ...]:
    """Return the numbers of those samples in ascending order; None stands for no sample."""
    selected: set[int] = set()
    for item in items:
        if isinstance(item, Numbered):
            selected.add(item.number)
        elif item is not None:
            selected.update(one.number for one in item)
    return tuple(sorted(selected))
