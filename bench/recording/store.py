"""A run's folder below results/, and its only writer: run.json, samples, logs."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from bench.model.run_file import ContenderResult, Run
from bench.model.selection.scenario_names import current_name, update_names
from bench.recording.results_folder import make_results_folder, results_folder
from bench.recording.samples.kept_trials import KEPT_TRIALS, KeptTrials, TrialJournal
from bench.recording.samples.kept_trials import ScenarioKey as ScenarioKey
from bench.recording.samples.samples_file import SampleLine, sample_lines
from bench.recording.samples.samples_writer import SamplesWriter
from bench.recording.samples.seal import Seal
from bench.recording.unfinished import INCOMPLETE, UNFINISHED, result_without
from bench.recording.validity.run_check import run_fault
from bench.recording.validity.samples_check import find_damage, matching_seal, refuse_damaged
from provision.errors import Problem
from provision.errors.os_errors import describe_os_error, os_error_advice

if TYPE_CHECKING:
    from bench.model.events import Event

# The version of run.json that this program writes and reads.
SCHEMA = 1


class Record:
    """One run's folder. docs/results.md describes the files."""

    def __init__(self, folder: Path, run: Run, seal: Seal | None = None) -> None:
        self.folder = folder
        self.run = run
        self.journal = TrialJournal(folder)
        self._samples = SamplesWriter(folder, run, seal)

    @classmethod
    def create(cls, name: str, head: Mapping[str, object], root: Path | None = None) -> Record:
        """Create a new run, as `begin` and `describe` do."""
        record = cls.begin(root)
        record.describe(name, head)
        return record

    @classmethod
    def begin(cls, root: Path | None = None) -> Record:
        """Return a run that has no folder yet: `describe` makes it below root, if any."""
        return cls(root or results_folder(), cast(Run, {}))

    def describe(self, name: str, head: Mapping[str, object]) -> None:
        """Create the folder of a run that has begun, and point `latest` at it.

        name: what follows the time in the folder's name. head: all of run.json but its schema, id
        and contenders.
        """
        self.folder = _new_folder(self.folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}")
        (self.folder / "logs").mkdir()
        run = {"schema": SCHEMA, "id": self.folder.name, **head, "contenders": []}
        self.run = cast(Run, run)
        self.journal = TrialJournal(self.folder)
        self._samples = SamplesWriter(self.folder, self.run, None)
        self._samples.begin()
        self.save()
        _point_latest(self.folder)

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Open an existing run. Raises Problem as `read_run` does, and for a damaged run."""
        run = read_run(folder)
        refuse_damaged(run, find_damage(run, folder))
        matching = matching_seal(run, folder)
        if matching is None:
            return cls(folder, run)
        seal = Seal.of_lines(line.text for line in sample_lines(folder, matching["bytes"]))
        run["samples"] = seal.facts()
        return cls(folder, run, seal)

    def complete_scenarios(self) -> set[ScenarioKey]:
        """Return the scenarios that neither failed nor are unfinished."""
        return {
            (contender["name"], scenario)
            for contender in self.run["contenders"]
            for scenario, result in contender["scenarios"].items()
            if result["status"] not in INCOMPLETE
        }

    def contenders_by_name(self) -> dict[str, ContenderResult]:
        """Return every contender's results by its name."""
        return {contender["name"]: contender for contender in self.run["contenders"]}

    def results_without(self, dropped: Set[ScenarioKey]) -> list[ContenderResult]:
        """Return the contenders' results without those scenarios."""
        results = (result_without(contender, dropped) for contender in self.run["contenders"])
        return [result for result in results if result]

    def read_samples(self) -> list[Event]:
        """Read every sample, except those that a kill left without results. Raises Problem."""
        return [_parse_sample(line) for line in self._sample_lines()]

    def replace_samples(self, samples: Iterable[Mapping[str, object]]) -> None:
        """Replace all samples on disk."""
        self._replace_lines([json.dumps(sample).encode() + b"\n" for sample in samples])

    def kept_trials(self) -> dict[ScenarioKey, KeptTrials]:
        """Return the trials that are kept of scenarios without a result. Raises Problem."""
        ended = {
            (contender["name"], scenario)
            for contender in self.run["contenders"]
            for scenario, result in contender["scenarios"].items()
            if result["status"] != UNFINISHED
        }
        return {key: kept for key, kept in self.journal.read().items() if key not in ended}

    def seal_kept_trials(self) -> None:
        """Remove the trials of scenarios with a result, and seal the others; `save` writes it."""
        with self._disk_errors():
            seal = self.journal.retain(self.kept_trials())
        self.run.pop("kept_trials", None)
        if seal is not None:
            self.run["kept_trials"] = seal

    def drop_scenarios(self, dropped: Set[ScenarioKey]) -> None:
        """Remove results and samples of those scenarios; kept trials stay. Raises Problem."""
        # Before results are dropped: the trials of a scenario with a result are in samples.jsonl.
        self.seal_kept_trials()
        kept = [
            line.text
            for line in self._sample_lines()
            if _scenario_key(_parse_sample(line)) not in dropped
        ]
        self.run["contenders"] = self.results_without(dropped)
        # Also where nothing is dropped: further samples must not follow a line cut short.
        self._replace_lines(kept)

    def add_results(
        self, results: Sequence[ContenderResult], samples: Iterable[Mapping[str, object]]
    ) -> None:
        """Append samples, then replace or append contenders' results."""
        with self._disk_errors():
            self._samples.append(samples)
        by_name = self.contenders_by_name() | {result["name"]: result for result in results}
        self.run["contenders"] = list(by_name.values())
        self.save()

    def _sample_lines(self) -> Iterator[SampleLine]:
        seal = self.run.get("samples")
        return sample_lines(self.folder, seal["bytes"] if seal else None)

    def _replace_lines(self, lines: Sequence[bytes]) -> None:
        """Replace all samples and save the run. A kill in between leaves a whole run."""
        # The results first: a kill in between leaves too many samples, never too few.
        self._samples.announce_replacement(lines)
        self.save()
        with self._disk_errors():
            self._samples.replace(lines)
        self.save()

    def write_log(self, name: str, text: str) -> Path:
        """Write a log; returns its path."""
        path = self.folder / "logs" / f"{name.replace('/', '-')}.log"
        with self._disk_errors():
            path.write_text(text)
        return path

    def previous_log(self, contender: ContenderResult | None) -> list[str]:
        """Return the text of a contender's log; nothing where it has none."""
        name = contender.get("log") if contender else None
        return [(self.folder / name).read_text()] if name and (self.folder / name).exists() else []

    def save(self) -> None:
        """Write run.json. A kill leaves either the old or the new file, complete."""
        path = self.folder / "run.json"
        new = path.with_suffix(".json.new")
        with self._disk_errors():
            new.write_bytes(_indented(json.dumps(self.run).encode()))
            new.replace(path)

    @contextlib.contextmanager
    def _disk_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            raise Problem(
                describe_os_error(failure, self.folder),
                known="Earlier results are complete.",
                advice=f"{os_error_advice(failure)} To continue the run: ./inv bench --resume",
            ) from failure


def _indented(text: bytes) -> bytes:
    """Return JSON with a line for each value; as it is where that is none, as NaN is not.

    json.dumps indents in Python, four times as slowly: a large run is written a hundred times.
    """
    try:
        return msgspec.json.format(text, indent=1)
    except msgspec.DecodeError:
        return text


def read_run(folder: Path) -> Run:
    """Read a run's run.json.

    Raises Problem where it is missing, broken, or has another version of the format.
    """
    path = folder / "run.json"
    try:
        run = json.loads(
            path.read_text(), parse_constant=_refuse_number, parse_float=_finite_number
        )
        schema = run["schema"]
    except FileNotFoundError:
        raise _no_run(folder) from None
    except (ValueError, KeyError, TypeError, RecursionError) as failure:
        raise _not_a_record(path, str(failure)) from failure
    if schema != SCHEMA:
        raise Problem(
            f"{path} has schema {schema}; this version reads schema {SCHEMA}.",
            advice="Read it with the version that wrote it, or measure again: ./inv bench",
            usage=True,
        )
    if fault := run_fault(run):
        raise _not_a_record(path, fault)
    checked: Run = run
    update_names(checked)
    # Only examine_run tells.
    checked.pop("damage", None)
    return checked


def examine_run(folder: Path) -> Run:
    """Read a run's run.json, with the key `damage` where its samples do not belong to it.

    Raises Problem as `read_run` does.
    """
    run = read_run(folder)
    damage = find_damage(run, folder)
    if damage:
        return {**run, "damage": damage}
    return {**run, "warnings": [*run["warnings"], *_not_ended(run, folder)]}


def _not_ended(run: Run, folder: Path) -> Iterator[str]:
    """Yield a warning for a run that still goes on, or was killed."""
    if run["ended"] is None:
        yield (
            "This run has not ended: it still goes on, or it was killed."
            f"{_kept_trials(run, folder)} To continue it, repeat the options: ./inv bench --resume"
        )


def _kept_trials(run: Run, folder: Path) -> str:
    """Return a sentence on the kept trials of a run that has not ended, or nothing without any.

    A broken file costs no figure: those of complete scenarios have a file of their own.
    """
    try:
        count = sum(kept.count for kept in Record(folder, run).kept_trials().values())
    except Problem as problem:
        return (
            " Its kept trials cannot be read, and its finished scenarios need none of them:"
            f" {problem.what} To measure these trials again: rm {folder / KEPT_TRIALS}"
        )
    return f" {count:,} trials of unfinished scenarios are kept." if count else ""


def _no_run(folder: Path) -> Problem:
    what = f"There is no run at {folder}"
    return Problem(
        f"{what}: the folder has no run.json." if folder.is_dir() else f"{what}.",
        known=f"Runs: {', '.join(run_names()) or 'none yet'}.",
        advice="To make one: ./inv bench",
        usage=True,
    )


def _refuse_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _finite_number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_number(text)


def _not_a_record(path: Path, reason: str) -> Problem:
    return Problem(
        f"{path} is not a run's record: {reason}.",
        known="docs/results.md describes the file.",
        advice="Name another run; ./inv report without a name takes the latest.",
        usage=True,
    )


def _parse_sample(line: SampleLine) -> Event:
    """Parse a line of samples. Raises Problem where it is no sample."""
    try:
        sample = cast("Event", dict(json.loads(line.text, parse_constant=_refuse_number)))
        sample["scenario"] = current_name(sample["scenario"])
        sample["contender"]
    except (ValueError, KeyError, TypeError, RecursionError) as failure:
        raise Problem(
            f"{line.path}, line {line.number} is not a sample: {failure}.",
            known="docs/results.md describes the file.",
            advice="Name another run, or measure again: ./inv bench",
            usage=True,
        ) from failure
    return sample


def _scenario_key(sample: Event) -> ScenarioKey:
    return str(sample["contender"]), str(sample["scenario"])


def run_folder(name: str = "latest") -> Path:
    """Return the folder of a run, given its name or its path from the caller's folder."""
    named, path = results_folder() / name, Path(name)
    return path if path.is_dir() and ("/" in name or not named.exists()) else named


def run_names() -> list[str]:
    """Return the names of all runs, oldest first."""
    return sorted(
        path.parent.name
        for path in results_folder().glob("*/run.json")
        if not path.parent.is_symlink()
    )


def _new_folder(folder: Path) -> Path:
    """Create that folder, or one with a number after its name where it exists."""
    make_results_folder(folder.parent)
    for path in (folder, *(folder.with_name(f"{folder.name}-{n}") for n in range(2, 100))):
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
    raise Problem(
        f"Cannot create {folder}: 99 runs began in that second.",
        advice="Type the same again.",
    )


def _point_latest(folder: Path) -> None:
    link = folder.with_name("latest")
    new_link = folder.with_name(f".latest-{os.getpid()}")
    new_link.symlink_to(folder.name)
    new_link.replace(link)
