"""The raw samples of a run, a line each in its file, kept as columns of numbers."""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bench.model.selection.scenario_names import current_name
from bench.recording.samples.samples_file import broken_samples, sample_lines
from reports.model.text import sanitize

_SCHEMA = Path(__file__).parents[1] / "schema.json"
_NS_TO_MS = 1e-6
_SECOND = 10**9  # ns
_RESTART, _CRASHLOOP = "restart", "crashloop"

# The begin of a second in ns, and the number of starts in it.
BusySecond = tuple[int, int]


class _Line(msgspec.Struct):
    """The part of a line that renderings need; schema.json describes all of it."""

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

    def busy_seconds(self) -> Iterator[BusySecond]:
        """Yield each second with starts that neither `first` nor `last` has the stamps of."""
        if not self.first or not self.last or self.begin_ns is None:
            return
        for second, count in enumerate(self.per_second or ()):
            begin = self.begin_ns + second * _SECOND
            if count and begin + _SECOND > self.first[-1] and begin < self.last[0]:
                yield begin, count

    def is_complete(self) -> bool:
        """Tell whether a line of the event `sample` has all keys that it must have."""
        required = (self.group, self.kill_ns, self.uptime_ns, self.censored, self.warmup)
        return self.event != "sample" or (
            None not in required and (self.main_ns is not None or bool(self.censored))
        )

    def starts_before_kill(self) -> bool:
        """Tell whether a successor started before the kill, which cannot be."""
        if self.main_ns is None or self.kill_ns is None:
            return False
        return self.main_ns < self.kill_ns


def _columns() -> dict[tuple[str, str], array[float]]:
    return defaultdict(lambda: array("d"))


@dataclass
class Samples:
    """The samples of one run; contenders go by their sanitized names (reports.model.text).

    count: of all lines.
    contenders: the names that have a line.
    latencies_ms: (contender, uptime) -> from SIGKILL to main() of each restart, in file order.
    censored: (contender, uptime) -> number of trials without a restart.
    start_times: contender -> starts (ns) of a daemon that ends at once.
    busy_seconds: contender -> seconds with more starts than the file has stamps of.
    """

    count: int = 0
    contenders: set[str] = field(default_factory=set)
    latencies_ms: dict[tuple[str, str], array[float]] = field(default_factory=_columns)
    censored: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    start_times: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    busy_seconds: dict[str, list[BusySecond]] = field(default_factory=lambda: defaultdict(list))

    def __len__(self) -> int:
        return self.count

    def latencies(self, contender: str, uptime: str) -> tuple[list[float], int]:
        """Return sorted ms from SIGKILL to main(), and the number of trials without a restart."""
        key = (sanitize(contender), uptime)
        return sorted(self.latencies_ms.get(key, ())), self.censored.get(key, 0)

    def crash_loop(self, contender: str) -> tuple[list[int], list[BusySecond]]:
        """Return the starts (ns) of a daemon that ends at once, and its busy seconds.

        Of several identical guests, they are those of the first that the samples have.
        """
        name = sanitize(contender)
        return self.start_times.get(name, []), self.busy_seconds.get(name, [])

    def _add(self, line: _Line, safe_names: dict[str, str]) -> None:
        self.count += 1
        if line.contender not in safe_names:
            safe_names[line.contender] = sanitize(line.contender)
            self.contenders.add(safe_names[line.contender])
        name = safe_names[line.contender]
        if line.event == "starts" and line.scenario == _CRASHLOOP and name not in self.start_times:
            self.start_times[name] += [*(line.first or ()), *(line.last or ())]
            self.busy_seconds[name] += line.busy_seconds()
        if line.event != "sample" or line.scenario != _RESTART or line.warmup:
            return
        key = (name, line.group or "")
        if line.censored or line.main_ns is None or line.kill_ns is None:
            self.censored[key] += 1
        else:
            self.latencies_ms[key].append((line.main_ns - line.kill_ns) * _NS_TO_MS)


def samples_from(objects: Iterable[dict[str, Any]]) -> Samples:
    """Return samples that are in memory as JSON objects."""
    return _collect(msgspec.convert(list(objects), list[_Line]))


def read_samples(folder: Path) -> Samples:
    """Read all samples of a run, compressed or not; none where the file does not exist yet.

    Leaves out a last line that the end of a run cut short. Raises Problem for any other line that
    does not match schema.json.
    """
    return _collect(line for line, _ in _decoded_lines(folder))


def read_scenario_samples(folder: Path, contender: str, scenario: str) -> list[dict[str, Any]]:
    """Read the samples of one contender's scenario, in file order, with all keys.

    contender: the name as in run.json. Raises Problem as read_samples() does.
    """
    return [
        json.loads(raw)
        for line, raw in _decoded_lines(folder)
        if (line.contender, line.scenario) == (contender, scenario)
    ]


def _collect(lines: Iterable[_Line]) -> Samples:
    samples = Samples()
    safe_names: dict[str, str] = {}
    for line in lines:
        samples._add(line, safe_names)
    return samples


def _decoded_lines(folder: Path) -> Iterator[tuple[_Line, bytes]]:
    """Yield each sample as renderings need it, and its raw line. Raises Problem."""
    decode = msgspec.json.Decoder(_Line).decode
    for path, number, raw in sample_lines(folder):
        try:
            line = decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as failure:
            raise broken_samples(
                path, f"line {number}: {_schema_error(raw) or failure}"
            ) from failure
        if not line.is_complete():
            raise broken_samples(
                path, f"line {number}: {_schema_error(raw) or 'a stamp is missing'}"
            )
        if line.starts_before_kill():
            raise broken_samples(path, f"line {number}: a start before its kill")
        line.scenario = current_name(line.scenario)
        yield line, raw


def _schema_error(raw: bytes) -> str:
    """Return the first error that schema.json gives for a line: slower, but more precise."""
    # Slow to import, and whole samples do not need it.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    definitions = json.loads(_SCHEMA.read_text())["$defs"]
    try:
        sample = json.loads(raw)
    except ValueError as failure:
        return str(failure)
    validator = Draft202012Validator({"$ref": "#/$defs/sample", "$defs": definitions})
    error = best_match(validator.iter_errors(sample))
    return f"{error.json_path}: {error.message[:300]}" if error is not None else ""
