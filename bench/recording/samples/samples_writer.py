"""The only writer of a run's samples: it seals what it writes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.model.run_file import Run
from bench.recording.samples.samples_file import PLAIN
from bench.recording.samples.seal import Seal


class SamplesWriter:
    """Writes samples.jsonl, and its seal into `run`, which the caller saves."""

    def __init__(self, folder: Path, run: Run, seal: Seal | None = None) -> None:
        self._path = folder / PLAIN
        self._run = run
        # None: the run is of an older version, and its samples are not sealed.
        self._seal = seal

    def begin(self) -> None:
        """Seal that there are no samples yet."""
        self._seal = Seal()
        self._run["samples"] = self._seal.facts()

    def append(self, samples: Iterable[Mapping[str, object]]) -> None:
        """Append samples behind the sealed ones, in the place of what a kill left there."""
        lines = [json.dumps(sample).encode() + b"\n" for sample in samples]
        with self._path.open("ab") as stream:
            if self._seal is not None:
                stream.truncate(self._seal.bytes)
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())
        if self._seal is not None:
            self._seal.add(lines)
            self._run["samples"] = self._seal.facts()

    def announce_replacement(self, lines: Iterable[bytes]) -> None:
        """Add the seal that will hold after `replace`; the caller saves it before that."""
        seal = Seal.of_lines(lines)
        announced = self._run.get("samples") or seal.facts()
        announced["replaced_by"] = seal.facts()
        self._run["samples"] = announced

    def replace(self, lines: Iterable[bytes]) -> None:
        """Replace all samples; the caller saves the new seal. A kill leaves the old or the new."""
        content = b"".join(lines)
        new = self._path.with_suffix(".jsonl.new")
        new.write_bytes(content)
        new.replace(self._path)
        self._seal = Seal.of_lines(content.splitlines(keepends=True))
        self._run["samples"] = self._seal.facts()
