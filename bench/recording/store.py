"""A run's folder under results/: run.json, samples.jsonl, logs/. Its only writer."""

from __future__ import annotations

import contextlib
import json
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from bench.model.run_file import Run
from bench.model.scenario_names import current_name, update_names
from bench.recording.samples_file import PLAIN, lines
from bench.recording.schema import SCHEMA_FILE
from provision.cache import give_to_sudo_caller
from provision.errors import Problem

SCHEMA = 1
RESULTS = Path(__file__).parents[2] / "results"
# A contender, and one scenario of it.
Pair = tuple[str, str]
UNFINISHED = "unfinished"
CUT = "interrupted: ./inv bench --resume with the same options goes on"


class Record:
    """One run's folder. docs/results.md describes the files."""

    def __init__(self, folder: Path, run: Any) -> None:
        self.folder = folder
        self.run = run

    @classmethod
    def create(cls, name: str, head: dict[str, Any], root: Path | None = None) -> Record:
        """A new run's folder in RESULTS or another root, which is made that one's `latest`."""
        folder = _fresh((root or RESULTS) / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}")
        (folder / "logs").mkdir()
        record = cls(folder, {"schema": SCHEMA, "id": folder.name, **head, "contenders": []})
        record.save()
        _point_latest(folder)
        return record

    @classmethod
    def load(cls, folder: Path) -> Record:
        """A run made before. Raises Problem for one that is broken or of another schema."""
        return cls(folder, read_run(folder))

    def complete(self) -> set[Pair]:
        """What need not be measured again: all that neither failed nor was cut short."""
        return {
            (each["name"], scenario)
            for each in self.run["contenders"]
            for scenario, found in each["scenarios"].items()
            if found["status"] not in ("failed", UNFINISHED)
        }

    def contenders(self) -> dict[str, dict[str, Any]]:
        """Every contender's results by its name."""
        return {each["name"]: each for each in self.run["contenders"]}

    def results_without(self, gone: Set[Pair]) -> list[dict[str, Any]]:
        """What is left of the contenders' results without those pairs."""
        return [left for each in self.run["contenders"] if (left := _left(each, gone))]

    def samples(self) -> list[dict[str, Any]]:
        """Every sample on disk; a last one torn by a kill is left out. Raises Problem."""
        return [_sample(*line) for line in lines(self.folder)]

    def rewrite(self, samples: Sequence[Mapping[str, object]]) -> None:
        """Put those samples in the place of all that are there."""
        text = "".join(json.dumps(sample) + "\n" for sample in samples)
        self._replace(self.folder / PLAIN, text)

    def forget(self, gone: Set[Pair]) -> None:
        """Drop the results and samples of those pairs. Raises Problem."""
        left = [line[-1] for line in lines(self.folder) if _owner(_sample(*line)) not in gone]
        self.run["contenders"] = self.results_without(gone)
        # The results first: a kill in between leaves samples too many, and none too few.
        self.save()
        # Also where nothing is dropped: what follows must not be added to a torn line.
        self._replace(self.folder / PLAIN, b"".join(left).decode())

    def add(self, made: Sequence[dict[str, Any]], samples: Sequence[Mapping[str, object]]) -> None:
        """Put contenders' results on disk in the place of those before, new samples first."""
        with self._disk(), (self.folder / PLAIN).open("a") as stream:
            stream.writelines(json.dumps(sample) + "\n" for sample in samples)
            stream.flush()
            os.fsync(stream.fileno())
        self.run["contenders"] = list(
            (self.contenders() | {each["name"]: each for each in made}).values()
        )
        self.save()

    def log(self, name: str, text: str) -> Path:
        """Write a log, and say where it is."""
        path = self.folder / "logs" / f"{name.replace('/', '-')}.log"
        with self._disk():
            path.write_text(text)
        return path

    def previous_log(self, contender: Mapping[str, Any]) -> list[str]:
        """What the log of a contender says, if it has one."""
        name = contender.get("log")
        return [(self.folder / name).read_text()] if name and (self.folder / name).exists() else []

    def save(self) -> None:
        """Write run.json whole, or leave the old one."""
        self._replace(self.folder / "run.json", json.dumps(self.run, indent=1))

    def _replace(self, path: Path, text: str) -> None:
        fresh = path.with_suffix(path.suffix + ".new")
        with self._disk():
            fresh.write_text(text)
            fresh.replace(path)

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            raise Problem(
                f"{self.folder} cannot be written: {failure.strerror}.",
                known="What was written before is whole.",
                advice="Free some space, then: ./inv bench --resume",
            ) from failure


def read_run(folder: Path) -> Run:
    """A run's run.json. Raises Problem for one that is missing, broken, or of another schema."""
    path = folder / "run.json"
    try:
        run = json.loads(path.read_text())
        schema = run["schema"]
    except FileNotFoundError:
        raise Problem(
            f"There is no run at {folder}.",
            known=f"Runs: {', '.join(runs()) or 'none yet'}.",
            advice="./inv bench makes one.",
            usage=True,
        ) from None
    except (ValueError, KeyError, TypeError) as failure:
        raise Problem(
            f"{path} is not a run's record: {failure}.",
            advice="Name another run; ./inv report without a name takes the latest.",
            usage=True,
        ) from failure
    if schema != SCHEMA:
        raise Problem(
            f"{path} has schema {schema}; this version reads schema {SCHEMA}.",
            advice="Read it with the version that wrote it, or measure again: ./inv bench",
            usage=True,
        )
    error = best_match(_schema().iter_errors(run))
    if error is not None:
        raise Problem(
            f"{path} is not a run's record: {error.json_path}: "
            f"{textwrap.shorten(error.message, 300)}.",
            known="docs/results.md describes the file.",
            advice="Name another run; ./inv report without a name takes the latest.",
            usage=True,
        )
    checked: Run = run
    update_names(checked)
    return checked


def nothing(status: str, note: str) -> dict[str, Any]:
    """What run.json says of a scenario without figures."""
    return {"status": status, "note": note, "metrics": [], "verdicts": []}


def _left(contender: dict[str, Any], gone: Set[Pair]) -> dict[str, Any] | None:
    mine = {name for name in contender["scenarios"] if (contender["name"], name) not in gone}
    if mine == set(contender["scenarios"]):
        return contender
    if not mine:
        return None
    loads = [
        (guest, {name: load for name, load in guest.get("load", {}).items() if name in mine})
        for guest in contender["guests"]
    ]
    left = {
        **contender,
        "status": UNFINISHED,
        "reason": CUT,
        "guests": [{**guest, "load": load} for guest, load in loads if load],
        "doubts": contender.get("doubts", []) if "restart" in mine else [],
        "scenarios": {
            name: found if name in mine else nothing(UNFINISHED, CUT)
            for name, found in contender["scenarios"].items()
        },
    }
    if all(found["status"] != "failed" for found in left["scenarios"].values()):
        left.pop("log", None)
    return left


def _sample(path: Path, number: int, raw: bytes) -> dict[str, Any]:
    """A line as what it says. Raises Problem for one that is no sample."""
    try:
        sample = dict(json.loads(raw))
        sample["scenario"] = current_name(sample["scenario"])
        sample["contender"]
    except (ValueError, KeyError, TypeError) as failure:
        raise Problem(
            f"{path}, line {number} is not a sample: {failure}.",
            known="docs/results.md describes the file.",
            advice="Name another run, or measure again: ./inv bench",
            usage=True,
        ) from failure
    return sample


def _owner(sample: dict[str, Any]) -> Pair:
    return str(sample["contender"]), str(sample["scenario"])


def _schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))


def find(name: str = "latest") -> Path:
    """The folder of a run, by its name or as a path."""
    as_path = Path(name)
    return as_path if as_path.is_dir() and "/" in name else RESULTS / name


def runs() -> list[str]:
    """Names of the runs there are, oldest first."""
    return sorted(
        path.parent.name for path in RESULTS.glob("*/run.json") if not path.parent.is_symlink()
    )


def _fresh(folder: Path) -> Path:
    for path in (folder, *(folder.with_name(f"{folder.name}-{n}") for n in range(2, 100))):
        with contextlib.suppress(FileExistsError):
            path.mkdir(parents=True)
            return path
    raise Problem(f"{folder} is taken.")


def _point_latest(folder: Path) -> None:
    link = folder.with_name("latest")
    fresh = folder.with_name(f".latest-{os.getpid()}")
    fresh.symlink_to(folder.name)
    fresh.replace(link)
    give_to_sudo_caller(folder.parent)
