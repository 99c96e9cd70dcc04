"""Runs on disk as bench writes them, with sealed samples; and every way to damage one."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from bench.model.run_file import Run
from bench.recording.store import Record
from tests.support.samples import sample_runs

RUNIT, FLOOR = "runit/runner/default/hosted", "floor/runner/default/hosted"
LATENCIES = {RUNIT: [4.0, 5.0, 6.0, 9.0], FLOOR: [1.0, 1.5, 2.0, 2.5]}
# What no run.json of this folder says: a restart that took 7 ms.
FOREIGN_LINE = b'{"contender": "%s", "replica": 9, "scenario": "restart", "event": "up"}\n'


def write_sealed_run(
    root: Path, latencies: sample_runs.Latencies = LATENCIES, *, ended: bool = True
) -> Path:
    """Write a run of these latencies (ms) below root; return its folder."""
    contenders = [sample_runs.contender(name, values) for name, values in latencies.items()]
    head = {
        key: value
        for key, value in sample_runs.run(*contenders).items()
        if key not in ("schema", "id", "contenders")
    }
    record = Record.create("debian-lxc", head | ({} if ended else {"ended": None}), root)
    for contender in contenders:
        own = {contender["name"]: latencies[contender["name"]]}
        record.add_results([contender], sample_runs.restart_samples(own))
    return record.folder


def unseal(folder: Path) -> Path:
    """Make a run of one that an older version wrote; return its folder."""
    return change_run(folder, lambda run: run.pop("samples"))


def change_run(folder: Path, change: Callable[[Any], object]) -> Path:
    """Change a run's run.json; return its folder."""
    run = json.loads((folder / "run.json").read_text())
    change(run)
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def change_samples(folder: Path, change: Callable[[list[bytes]], Sequence[bytes]]) -> None:
    """Change the lines of a run's samples."""
    path = folder / "samples.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def compress_samples(folder: Path) -> None:
    """Compress a run's samples, as in reports/published/."""
    path = folder / "samples.jsonl"
    (folder / "samples.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def cut_compressed(folder: Path) -> None:
    """Leave half of a run's compressed samples."""
    compress_samples(folder)
    path = folder / "samples.jsonl.gz"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _set_figure(run: Run, **figures: float | None) -> None:
    cast(Any, run["contenders"][0]["scenarios"]["restart"]["metrics"][0]).update(figures)


# What damages a run, by a name, and a part of the sentence that tells of it.
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda folder: (folder / "samples.jsonl").unlink(), "are missing"),
    "empty": (lambda folder: change_samples(folder, lambda lines: []), "0 lines of 8"),
    "halved": (lambda folder: change_samples(folder, lambda lines: lines[:4]),
               f"4 lines of 8 are there ({FLOOR}: 0 of 4)"),
    "a line less": (lambda folder: change_samples(folder, lambda lines: lines[1:]),
                    f"{RUNIT}: 3 of 4"),
    "a line twice": (lambda folder: change_samples(folder, lambda lines: [lines[0], *lines]),
                     f"{RUNIT}: 5 of 4"),
    "a line more": (
        lambda folder: change_samples(folder, lambda lines: [*lines, FOREIGN_LINE % b"x"]),
        "bytes more than the run sealed"),
    "half a line more": (lambda folder: change_samples(folder, lambda lines: [*lines, b'{"con']),
                         "5 bytes more than the run sealed"),
    "another order": (lambda folder: change_samples(folder, lambda lines: lines[::-1]),
                      "were changed, or are those of another run"),
    "a digit": (
        lambda folder: change_samples(
            folder, lambda lines: [lines[0].replace(b"5000000", b"5000001"), *lines[1:]]),
        "were changed, or are those of another run"),
    "another run's": (
        lambda folder: change_samples(folder, lambda lines: [
            line.replace(b"runit", b"perp_") for line in lines]),
        "are not those that the run sealed"),
    "no lines at all": (lambda folder: (folder / "samples.jsonl").write_bytes(b"\0" * 999),
                        "0 lines of 8"),
    "half of the compressed": (cut_compressed, "cannot be read"),
    "no gzip": (lambda folder: (folder / "samples.jsonl").rename(folder / "samples.jsonl.gz"),
                "cannot be read"),
    "another median": (lambda folder: change_run(folder, lambda run: _set_figure(run, median=5.6)),
                       f"{RUNIT}: the median of restart_long is 5.6 in run.json and 5.5 by"),
    "another n": (lambda folder: change_run(folder, lambda run: _set_figure(run, n=5)),
                  "the n of restart_long is 5 in run.json and 4 by"),
    "another minimum": (lambda folder: change_run(folder, lambda run: _set_figure(run, min=3.0)),
                        "the min of restart_long is 3 in run.json and 4 by"),
    "another maximum": (lambda folder: change_run(folder, lambda run: _set_figure(run, max=99.0)),
                        "the max of restart_long is 99 in run.json and 9 by"),
    "censored": (lambda folder: change_run(folder, lambda run: _set_figure(run, censored=1)),
                 "the censored of restart_long is 1 in run.json and 0 by"),
    "unknown": (lambda folder: change_run(folder, lambda run: _set_figure(run, median=None)),
                "the median of restart_long is unknown in run.json and 5.5 by"),
    "another digest": (
        lambda folder: change_run(folder, lambda run: run["samples"].update(sha256="0" * 64)),
        "the run sealed 000000000000..."),
    "another length": (
        lambda folder: change_run(folder, lambda run: run["samples"].update(bytes=1)),
        "were changed, or are those of another run"),
}  # fmt: skip
