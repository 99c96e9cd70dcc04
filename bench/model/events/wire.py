"""What the measuring program prints: which events, with which keys of which types.

On disk every key of an event may be absent, because older runs lack some. A line from a guest must
have every key that the present measuring program prints, of the declared type, and in bounds.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    NotRequired,
    TypedDict,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec
from msgspec import Meta

from bench.model.events import program
from bench.model.events.parts import Event

NOT_AN_OBJECT = "no JSON object"
UNKNOWN_KIND = "an unknown kind of event"
WRONG_TYPE = "a key that is missing or has a wrong value"
FOREIGN_KEY = "a key that only the suite sets"

# Keys that the suite itself adds to events: a guest that sets one speaks for another.
SUITE_KEYS = frozenset({"act", "size", "scenario", "contender", "replica", "host", "witness"})
_LARGEST = (1 << 63) - 1
_SECONDS_LIMIT = 1e9
# Differences of counters that lose the share of threads that end.
_SIGNED_KEYS = frozenset({"cpu_ns", "ticks_ns", "reaped_ns"})
# Keys that the program prints only now and then, by the name of the type or the kind.
_OPTIONAL: dict[str, frozenset[str]] = {"ServiceRecord": frozenset({"pidfile"})}

_INSTANCE = ("service", "pid", "ppid", "seq", "main_ns", "up_ns", "by", "missed")
_LINE = ("service", "pid", "seq", "seen_ns")
# testd's lines `ready`, `exit` and `left` are about an instance that may be unknown.
_INSTANCE_IF_KNOWN = frozenset({"ppid", "main_ns", "up_ns", "by", "missed"})


def _keys_of_service_events() -> dict[str, tuple[tuple[str, ...], frozenset[str]]]:
    """Return by kind the keys of a ServiceEvent, and those that may be absent."""
    notices = {kind: (*_LINE, f"{kind}_ns", "chatted") for kind in ("ready", "exit", "left")}
    return {
        "start": ((*_INSTANCE, "seen_ns"), frozenset()),
        "gone": ((*_INSTANCE, "seen_ns"), frozenset()),
        "up": (_INSTANCE, frozenset()),
        "back": (_INSTANCE, frozenset()),
        "unexpected": ((*_INSTANCE, "seen_ns", "what"), frozenset()),
        **{
            kind: ((*keys, *sorted(_INSTANCE_IF_KNOWN)), _INSTANCE_IF_KNOWN | {"chatted"})
            for kind, keys in notices.items()
        },
    }


_SERVICE_EVENTS = _keys_of_service_events()
_TYPES: dict[str, type] = {
    "hello": program.Hello,
    "step": program.StepBegun,
    "error": program.StepFailed,
    "end": program.PlanEnded,
    "noise": program.FifoNoise,
    "down": program.ServiceDown,
    "alive": program.ServiceAlive,
    "unready": program.ProgramUnready,
    "starts": program.StartsCounted,
    "mode": program.ModeSet,
    "signalled": program.SignalSent,
    "ran": program.CommandRan,
    "processes": program.Snapshot,
    "footprint": program.FootprintTaken,
    "cpu_mark": program.CpuMarked,
    "cpu": program.CpuWindow,
    "sample": program.RestartTrial,
    "gaveup": program.TrialsGivenUp,
    "storm": program.StormEnded,
    "gathered": program.ServicesGathered,
    "reaped": program.OrphansReaped,
    **dict.fromkeys(_SERVICE_EVENTS, program.ServiceEvent),
}
KINDS = frozenset(_TYPES)


class FalseLineError(Exception):
    """A line is not what the measuring program prints. reason: one of this module's constants."""

    def __init__(self, reason: str, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.kind = kind


class _Kind(msgspec.Struct):
    """The kind of an event, and keys that a guest may not set."""

    event: str
    act: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    size: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    scenario: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    contender: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    replica: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    host: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    witness: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def suite_key(self) -> str:
        """Return the first key that only the suite sets; empty where there is none."""
        keys = (key for key in _SORTED_SUITE_KEYS if getattr(self, key) is not msgspec.UNSET)
        return next(keys, "")


_SORTED_SUITE_KEYS = tuple(sorted(SUITE_KEYS))
_decode_kind = msgspec.json.Decoder(_Kind).decode


def decode_event(line: str) -> Event:
    """Return the event that a line of the measuring program holds. Raises FalseLineError."""
    try:
        kind = _decode_kind(line)
        decoder = _decoders().get(kind.event)
        if decoder is None:
            raise FalseLineError(UNKNOWN_KIND, kind.event)
        if suite_key := kind.suite_key():
            raise FalseLineError(FOREIGN_KEY, suite_key, kind.event)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as failure:
        raise FalseLineError(NOT_AN_OBJECT, str(failure)) from failure
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as failure:
        raise FalseLineError(WRONG_TYPE, str(failure), kind.event) from failure


@cache
def _decoders() -> dict[str, msgspec.json.Decoder[Event]]:
    return {kind: msgspec.json.Decoder(_strict_event(kind)) for kind in _TYPES}


def _strict_event(kind: str) -> Any:
    """Return the type of one kind of event with its keys required."""
    hints = _own_hints(_TYPES[kind])
    keys, optional = _SERVICE_EVENTS.get(kind, (tuple(hints), frozenset()))
    return _strict_type(kind, {key: hints[key] for key in keys}, optional)


def _own_hints(type_: type) -> dict[str, Any]:
    hints = get_type_hints(type_, include_extras=True)
    return {key: hint for key, hint in hints.items() if key not in SUITE_KEYS and key != "event"}


def _strict_type(name: str, hints: dict[str, Any], optional: Collection[str]) -> Any:
    fields: dict[str, Any] = {"event": str} if name in _TYPES else {}
    for key, hint in hints.items():
        strict = _strict_hint(key, hint)
        fields[key] = NotRequired[strict] if key in optional else strict
    return cast(Any, TypedDict)(f"Strict_{name}", fields)


def _strict_hint(key: str, hint: Any) -> Any:
    """Return the type of a key with every part of it required and bounded."""
    if get_origin(hint) is Annotated:
        return _strict_hint(key, get_args(hint)[0])
    if hint is int:
        lowest = 0 if key.endswith("ns") and key not in _SIGNED_KEYS else -_LARGEST - 1
        return Annotated[int, Meta(ge=lowest, le=_LARGEST)]
    if hint is float:
        return Annotated[float, Meta(ge=0, le=_SECONDS_LIMIT)]
    if is_typeddict(hint):
        return _strict_type(hint.__name__, _own_hints(hint), _OPTIONAL.get(hint.__name__, ()))
    if get_origin(hint) is list:
        return list[_strict_hint(key, get_args(hint)[0])]  # type: ignore[misc]
    if get_origin(hint) in (Union, UnionType):
        members = tuple(m if m is NoneType else _strict_hint(key, m) for m in get_args(hint))
        return Union[members]  # noqa: UP007
    return hint
