"""A run's raw samples: what the measuring programs said, a line each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from provision.errors import Problem

Sample = dict[str, Any]

PLAIN, COMPRESSED = "samples.jsonl", "samples.jsonl.gz"
_SCHEMA = Path(__file__).parent / "schema.json"
_MS = 1e-6


def read(folder: Path) -> list[Sample]:
    """Every sample of a run, compressed or not; none where no contender came so far.

    A last line cut short by the end of a run is left out. Raises Problem for any other that is not
    what schema.json says.
    """
    path = folder / PLAIN
    try:
        if path.exists():
            text = path.read_text()
        elif (folder / COMPRESSED).exists():
            path = folder / COMPRESSED
            text = gzip.decompress(path.read_bytes()).decode()
        else:
            return []
    except (OSError, EOFError, UnicodeDecodeError) as failure:
        raise _broken(path, str(failure)) from failure
    return list(_parsed(path, text))


def _parsed(path: Path, text: str) -> Iterator[Sample]:
    described = json.loads(_SCHEMA.read_text())["$defs"]
    check = Draft202012Validator({"$ref": "#/$defs/sample", "$defs": described})
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            return
        try:
            sample = json.loads(line)
        except ValueError as failure:
            raise _broken(path, f"line {number}: {failure}") from failure
        error = best_match(check.iter_errors(sample))
        if error is not None:
            raise _broken(path, f"line {number}: {error.json_path}: {error.message[:300]}")
        yield sample


def latencies(samples: Sequence[Sample], contender: str, group: str) -> tuple[list[float], int]:
    """Milliseconds from SIGKILL to main(), sorted, and how many trials saw no restart at all."""
    trials = [
        each
        for each in samples
        if each["contender"] == contender
        and each["scenario"] == "restart"
        and each["event"] == "sample"
        and each["group"] == group
        and not each["warmup"]
    ]
    seen = [each for each in trials if not each["censored"]]
    found = sorted((each["main_ns"] - each["kill_ns"]) * _MS for each in seen)
    return found, len(trials) - len(seen)


def _broken(path: Path, why: str) -> Problem:
    return Problem(
        f"{path} is broken: {why}.",
        known="docs/results.md describes the file.",
        advice="Name another run; ./inv report without a name takes the latest.",
        usage=True,
    )
