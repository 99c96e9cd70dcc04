"""Trials of unfinished scenarios: written as they come in, so that no end of the suite loses them.

One JSON object a line: samples as in samples.jsonl, the facts of a guest, and marks that discard
what a guest printed that cannot be trusted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import cast

import msgspec

from bench.model.events import RESTART, Event
from bench.model.run_file import GuestFacts, KeptTrialsSeal, SealedSamples, Verification
from bench.recording.samples.samples_file import raw_lines
from bench.recording.samples.seal import Seal
from provision.errors import Problem

KEPT_TRIALS = "kept-trials.jsonl"
# A contender's name and the name of one of its scenarios.
ScenarioKey = tuple[str, str]
# Kinds of lines that are not samples.
_GUEST, _DISCARD = "guest", "discard"


@dataclass
class KeptTrials:
    """What a run keeps of one contender's unfinished scenario.

    guests: by replica. lines: as they are in the file. verified: what verified the last guest.
    """

    samples: list[Event] = field(default_factory=list)
    guests: dict[int, GuestFacts] = field(default_factory=dict)
    version: str = ""
    verified: Verification = field(default_factory=Verification)
    lines: list[bytes] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The number of trials."""
        return sum(sample["event"] == RESTART.name for sample in self.samples)

    @property
    def last_replica(self) -> int:
        """The highest number of a guest; -1 without any."""
        return max(self.guests, default=-1)


class _Trial(msgspec.Struct):
    """The part of a trial that figures follow from."""

    group: str
    warmup: bool
    censored: bool
    uptime_ns: int
    kill_ns: int
    main_ns: int | None

    def is_possible(self) -> bool:
        return self.censored if self.main_ns is None else self.main_ns >= self.kill_ns


class _Line(msgspec.Struct):
    """The part of a line that says what it is, and of what."""

    contender: str
    scenario: str
    event: str
    replica: int
    facts: GuestFacts = {}
    version: str = ""
    verified: Verification = {}


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_trial = msgspec.json.Decoder(_Trial).decode
_decode_sample = msgspec.json.Decoder(dict[str, object]).decode


class TrialJournal:
    """The file of kept trials in a run's folder; its methods are thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEPT_TRIALS
        self._lock = threading.Lock()
        self._stream: BufferedWriter | None = None
        self._counts: Counter[ScenarioKey] = Counter()

    def count(self, key: ScenarioKey) -> int:
        """Return how many trials of a contender's scenario are kept."""
        return self._counts[key]

    def add_samples(self, key: ScenarioKey, replica: int, samples: Iterable[Event]) -> None:
        """Append samples of one guest. Raises OSError."""
        rows = [{**_owner(key, replica), **sample} for sample in samples]
        self._append(rows)
        with self._lock:
            self._counts[key] += sum(row["event"] == RESTART.name for row in rows)

    def add_guest(
        self, key: ScenarioKey, facts: GuestFacts, version: str, verified: Verification
    ) -> None:
        """Append what is known of a guest; a later line about the same one replaces it."""
        row = {**_owner(key, facts["replica"]), "event": _GUEST, "facts": facts}
        self._append([{**row, "version": version, "verified": verified}])

    def discard(self, key: ScenarioKey) -> None:
        """Have a contender's scenario keep nothing, neither earlier nor later lines."""
        self._append([{**_owner(key, 0), "event": _DISCARD}])
        del self._counts[key]

    def read(self) -> dict[ScenarioKey, KeptTrials]:
        """Return what is kept, by contender and scenario. Raises Problem for a broken file."""
        kept: dict[ScenarioKey, KeptTrials] = {}
        discarded: set[ScenarioKey] = set()
        for number, text in enumerate(self._lines(), 1):
            try:
                line = _decode_line(text)
                key = (line.contender, line.scenario)
                if line.event == _DISCARD:
                    discarded.add(key)
                    continue
                _add_line(kept.setdefault(key, KeptTrials()), line, text)
            except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as failure:
                raise self._broken(number, failure) from failure
        return {key: trials for key, trials in kept.items() if key not in discarded}

    def retain(self, keys: Container[ScenarioKey]) -> KeptTrialsSeal | None:
        """Keep only what those scenarios have; return its seal, or None where that is nothing.

        Raises OSError, and Problem for a broken file.
        """
        kept = {key: trials for key, trials in self.read().items() if key in keys}
        lines = [line for trials in kept.values() for line in trials.lines]
        with self._lock:
            if self._stream is not None:
                self._stream.close()
                self._stream = None
            self._counts = Counter({key: trials.count for key, trials in kept.items()})
            if not lines:
                self._path.unlink(missing_ok=True)
                return None
            new = self._path.with_suffix(".jsonl.new")
            new.write_bytes(b"".join(lines))
            new.replace(self._path)
        seal = Seal.of_lines(lines).facts()
        return cast(KeptTrialsSeal, {**seal, "trials": self._counts.total()})

    def seal(self) -> SealedSamples:
        """Return the seal of the file as it is. Raises Problem where it cannot be read."""
        lines = raw_lines(self._path) if self._path.exists() else ()
        return Seal.of_lines(lines).facts()

    def _lines(self) -> Iterator[bytes]:
        """Yield every line but one that a kill cut short."""
        if self._path.exists():
            yield from (line for line in raw_lines(self._path) if line.endswith(b"\n"))

    def _append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Hand rows to the kernel, which keeps them whatever becomes of this process."""
        text = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        with self._lock:
            if self._stream is None:
                self._stream = self._path.open("ab")
            self._stream.write(text)
            self._stream.flush()

    def _broken(self, number: int, failure: Exception) -> Problem:
        return Problem(
            f"{self._path}, line {number} is not a kept trial: {failure}.",
            known="docs/results.md describes the file.",
            advice=f"To measure its trials again: rm {self._path}; ./inv bench --resume",
            usage=True,
        )


def _owner(key: ScenarioKey, replica: int) -> dict[str, object]:
    contender, scenario = key
    return {"contender": contender, "replica": replica, "scenario": scenario}


def _add_line(kept: KeptTrials, line: _Line, text: bytes) -> None:
    """Add a line to what is kept. Raises ValueError for a trial that cannot be."""
    kept.lines.append(text)
    if line.event == _GUEST:
        kept.guests[line.replica] = line.facts
        kept.version, kept.verified = line.version, line.verified
        return
    if line.event == RESTART.name and not _decode_trial(text).is_possible():
        raise ValueError("its stamps cannot be true")
    kept.samples.append(cast(Event, _decode_sample(text)))
