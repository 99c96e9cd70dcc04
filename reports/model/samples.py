"""A run's raw samples: what the measuring programs said, a line each, kept as columns."""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from bench.recording.samples_file import broken, lines
from reports.model.text import clean

_SCHEMA = Path(__file__).parents[1] / "schema.json"
_MS = 1e-6
_SECOND = 10**9
_RESTART, _CRASHLOOP = "restart", "crashloop"


class _Line(msgspec.Struct):
    """What renderings need of a line; schema.json describes all of it."""

    contender: str
    replica: int
    scenario: str
    event: str
    group: str | None = None
    kill_ns: int | None = None
    main_ns: int | None = None
    uptime_ns: int | None = None
    censored: bool | None = None
    warmup: bool | None = None
    first: list[int] | None = None
    last: list[int] | None = None
    begin_ns: int | None = None
    per_second: list[int] | None = None

    @property
    def between(self) -> Iterator[tuple[int, int]]:
        """Begin (ns) and number of starts of each second in which not every one has its stamp."""
        if not self.first or not self.last or self.begin_ns is None:
            return
        for second, count in enumerate(self.per_second or ()):
            begin = self.begin_ns + second * _SECOND
            if count and begin + _SECOND > self.first[-1] and begin < self.last[0]:
                yield begin, count

    @property
    def whole(self) -> bool:
        """Whether it has all that a sample of that event must have."""
        needed = (self.group, self.kill_ns, self.uptime_ns, self.censored, self.warmup)
        return self.event != "sample" or (
            None not in needed and (self.main_ns is not None or bool(self.censored))
        )


def _columns() -> dict[tuple[str, str], array[float]]:
    return defaultdict(lambda: array("d"))


@dataclass
class Samples:
    """Those of one run. Contenders go by their names as they are shown (reports.model.text.clean).

    count: of all lines; contenders: whoever has any; seen: (contender, group) -> ms from SIGKILL to
    main() of each restart, in the order of the file; censored: of those that saw none; begun:
    contender -> starts (ns) of a daemon that ends at once; crowded: where those are too many to be
    kept, begin (ns) and number of starts of each second between the first and the last of them.
    """

    count: int = 0
    contenders: set[str] = field(default_factory=set)
    seen: dict[tuple[str, str], array[float]] = field(default_factory=_columns)
    censored: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    begun: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    crowded: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def __len__(self) -> int:
        return self.count

    def latencies(self, contender: str, group: str) -> tuple[list[float], int]:
        """Sorted ms from SIGKILL to main(), and how many trials saw no restart at all."""
        key = (clean(contender), group)
        return sorted(self.seen.get(key, ())), self.censored.get(key, 0)

    def starts(self, contender: str) -> list[int]:
        """When a daemon that ends at once was started, in ns."""
        return self.begun.get(clean(contender), [])

    def crowds(self, contender: str) -> list[tuple[int, int]]:
        """Begin (ns) and number of starts of each second of which no stamps were kept."""
        return self.crowded.get(clean(contender), [])

    def _take(self, line: _Line, names: dict[str, str]) -> None:
        self.count += 1
        if line.contender not in names:
            names[line.contender] = clean(line.contender)
            self.contenders.add(names[line.contender])
        name = names[line.contender]
        if line.event == "starts" and line.scenario == _CRASHLOOP:
            self.begun[name] += [*(line.first or ()), *(line.last or ())]
            self.crowded[name] += line.between
        if line.event != "sample" or line.scenario != _RESTART or line.warmup:
            return
        key = (name, line.group or "")
        if line.censored or line.main_ns is None or line.kill_ns is None:
            self.censored[key] += 1
        else:
            self.seen[key].append((line.main_ns - line.kill_ns) * _MS)


def of(raw: Iterable[dict[str, Any]]) -> Samples:
    """Samples that are at hand as objects."""
    found = Samples()
    names: dict[str, str] = {}
    for line in msgspec.convert(list(raw), list[_Line]):
        found._take(line, names)
    return found


def read(folder: Path) -> Samples:
    """Every sample of a run, compressed or not; none where no contender came so far.

    A last line cut short by the end of a run is left out. Raises Problem for any other that is not
    what schema.json says.
    """
    found = Samples()
    names: dict[str, str] = {}
    for line, _ in _decoded(folder):
        found._take(line, names)
    return found


def of_scenario(folder: Path, contender: str, scenario: str) -> list[dict[str, Any]]:
    """Every sample of one contender's scenario, in the file's order, with all it says.

    contender: its name as the run has it. Raises Problem as read() does.
    """
    return [
        json.loads(raw)
        for line, raw in _decoded(folder)
        if (line.contender, line.scenario) == (contender, scenario)
    ]


def _decoded(folder: Path) -> Iterator[tuple[_Line, bytes]]:
    """Each sample as renderings need it, and as it stands in the file. Raises Problem."""
    decode = msgspec.json.Decoder(_Line).decode
    for path, number, raw in lines(folder):
        try:
            line = decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as failure:
            raise broken(path, f"line {number}: {_why(raw) or failure}") from failure
        if not line.whole:
            raise broken(path, f"line {number}: {_why(raw) or 'a stamp is missing'}")
        yield line, raw


def _why(raw: bytes) -> str:
    """What schema.json finds wrong with a line: slower, and in better words."""
    described = json.loads(_SCHEMA.read_text())["$defs"]
    try:
        sample = json.loads(raw)
    except ValueError as failure:
        return str(failure)
    check = Draft202012Validator({"$ref": "#/$defs/sample", "$defs": described})
    error = best_match(check.iter_errors(sample))
    return f"{error.json_path}: {error.message[:300]}" if error is not None else ""
