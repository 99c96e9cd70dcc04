"""Whether a run's figures and samples belong together: seal, counts, figures computed again."""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench.model.run_file import ContenderResult, MetricResult, Run, SealedSamples
from bench.model.selection.scenario_names import current_name
from bench.recording.samples.kept_trials import KEPT_TRIALS, TrialJournal
from bench.recording.samples.samples_file import (
    COMPRESSED,
    PLAIN,
    raw_lines,
    sample_lines,
    samples_path,
)
from bench.recording.samples.seal import Seal
from provision.errors import Problem

UNSEALED = (
    "not sealed, because an older version made this run: only the restart figures show that they "
    "are the run's."
)
_GROUPS = ("long", "short")
# ms: stamps are whole nanoseconds.
_ROUNDING = 2e-6
_NAMED = 3  # contenders in a sentence
_NS_PER_MS = 1e6


class _Trial(msgspec.Struct):
    """The part of a sample that restart figures follow from."""

    contender: str
    scenario: str
    event: str
    group: str = ""
    warmup: bool = False
    censored: bool = False
    kill_ns: int | None = None
    main_ns: int | None = None


_decode_trial = msgspec.json.Decoder(_Trial).decode


@dataclass
class _Restarts:
    """Restarts of one contender's group of trials: latencies in ms, and trials without one."""

    latencies: array[float] = field(default_factory=lambda: array("d"))
    censored: int = 0

    def figures(self) -> dict[str, float | None]:
        """Return what run.json must say of them."""
        ordered = [*sorted(self.latencies), *[math.inf] * self.censored]
        if not ordered:
            return {"n": 0, "censored": 0, "median": None, "min": None, "max": None}
        half = len(ordered) // 2
        low, high = ordered[-half - 1], ordered[half]
        median = low if low == high else low + (high - low) * 0.5
        figures = {"median": median, "min": ordered[0], "max": ordered[-1]}
        finite = {key: value if math.isfinite(value) else None for key, value in figures.items()}
        return {"n": len(ordered), "censored": self.censored, **finite}


@dataclass
class _Scan:
    """One reading of a run's samples.

    digests: by number of bytes, up to each seal's end. restarts: without warm-ups.
    """

    digests: dict[int, str] = field(default_factory=dict)
    bytes: int = 0
    restarts: dict[tuple[str, str], _Restarts] = field(
        default_factory=lambda: defaultdict(_Restarts)
    )


def find_damage(run: Run, folder: Path) -> list[str]:
    """Return a sentence for each way in which a run's samples and figures do not fit together.

    Empty for a whole run, and for one that was killed: what it wrote last is not sealed yet.
    """
    if damage := _false_kept_trials(run, folder):
        return [damage]
    path = samples_path(folder)
    if path is None:
        return _missing_file(run)
    seals = list(_seals(run))
    try:
        scan = _scan(path, {seal["bytes"] for seal in seals})
        if seals and (damage := _broken_seal(run, folder, scan)):
            return [damage]
        seal = _matching(seals, scan)
        if seal and scan.bytes > seal["bytes"]:
            scan = _scan(path, set(), seal["bytes"])
    except Problem as problem:
        return [f"Its samples cannot be read. {problem.what}"]
    return _false_figures(run, scan.restarts)


def refuse_damaged(run: Run, damage: Sequence[str]) -> None:
    """Raise Problem for a damaged run."""
    if damage:
        raise Problem(
            f"{run['id']} is damaged: its figures and its samples do not belong together.",
            known="\n".join(damage),
            advice="Restore its folder from a copy, or measure again: ./inv bench",
            usage=True,
        )


def matching_seal(run: Run, folder: Path) -> SealedSamples | None:
    """Return the seal that the samples match; None where none does, or the run has none.

    A run that was killed while its samples were rewritten has two.
    """
    path, seals = samples_path(folder), list(_seals(run))
    return _matching(seals, _scan(path, {seal["bytes"] for seal in seals})) if path else None


def _seals(run: Run) -> Iterator[SealedSamples]:
    if seal := run.get("samples"):
        yield seal
        if next_seal := seal.get("replaced_by"):
            yield next_seal


def _matching(seals: Sequence[SealedSamples], scan: _Scan) -> SealedSamples | None:
    return next((seal for seal in seals if scan.digests.get(seal["bytes"]) == seal["sha256"]), None)


def _scan(path: Path, ends: Set[int], limit: int | None = None) -> _Scan:
    """Read the samples once. limit: bytes to read; None: all. Raises Problem."""
    scan, digest = _Scan(), hashlib.sha256()
    if 0 in ends:
        scan.digests[0] = digest.hexdigest()
    for text in raw_lines(path):
        if limit is not None and scan.bytes + len(text) > limit:
            break
        digest.update(text)
        scan.bytes += len(text)
        if scan.bytes in ends:
            scan.digests[scan.bytes] = digest.hexdigest()
        if b'"sample"' in text:
            _add_restart(scan, text)
    return scan


def _add_restart(scan: _Scan, text: bytes) -> None:
    try:
        trial = _decode_trial(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return  # it is no restart; who reads all samples names the line
    if trial.event != "sample" or current_name(trial.scenario) != "restart":
        return
    group = scan.restarts[trial.contender, trial.group]
    # A warm-up without a restart counts all the same, as in bench/scenarios/restarts/restart.py.
    if trial.censored or trial.main_ns is None or trial.kill_ns is None:
        group.censored += 1
    elif not trial.warmup:
        group.latencies.append((trial.main_ns - trial.kill_ns) / _NS_PER_MS)


def _false_kept_trials(run: Run, folder: Path) -> str:
    """Return a sentence where kept trials are not those that an ended run sealed; else nothing."""
    sealed = run.get("kept_trials")
    if run["ended"] is None or sealed is None:
        return ""
    try:
        present = TrialJournal(folder).seal()
    except Problem as problem:
        return f"Its kept trials cannot be read. {problem.what}"
    if present["sha256"] == sealed["sha256"]:
        return ""
    return (
        f"Its kept trials ({KEPT_TRIALS}) are not those that the run sealed: {present['lines']:,} "
        f"lines are there, and it sealed {sealed['lines']:,}."
    )


def _missing_file(run: Run) -> list[str]:
    seal = run.get("samples")
    lost = seal["lines"] if seal else sum(metric["n"] for _, metric in _restart_metrics(run))
    if not lost:
        return []
    return [f"Its samples are missing: the folder has neither {PLAIN} nor {COMPRESSED}."]


def _broken_seal(run: Run, folder: Path, scan: _Scan) -> str:
    seal = _matching(list(_seals(run)), scan)
    if seal is None:
        return _describe_mismatch(run["samples"], folder)
    if run["ended"] is not None and scan.bytes > seal["bytes"]:
        return f"Its samples have {scan.bytes - seal['bytes']:,} bytes more than the run sealed."
    return ""


def _describe_mismatch(seal: SealedSamples, folder: Path) -> str:
    present = Seal.of_lines(line.text for line in sample_lines(folder)).facts()
    sealed, found = seal["by_contender"], present["by_contender"]
    counts = [
        f"{name}: {found.get(name, 0):,} of {sealed.get(name, 0):,}"
        for name in sorted({*sealed, *found})
        if found.get(name, 0) != sealed.get(name, 0)
    ]
    if not counts:
        return (
            "Its samples were changed, or are those of another run: their digest is "
            f"{present['sha256'][:12]}..., and the run sealed {seal['sha256'][:12]}..."
        )
    more = f", and {len(counts) - _NAMED} more" if len(counts) > _NAMED else ""
    return (
        f"Its samples are not those that the run sealed: {present['lines']:,} lines of "
        f"{seal['lines']:,} are there ({'; '.join(counts[:_NAMED])}{more})."
    )


def _false_figures(run: Run, restarts: dict[tuple[str, str], _Restarts]) -> list[str]:
    damage = [
        sentence
        for contender, metric in _restart_metrics(run)
        if (sentence := _compare(contender, metric, restarts))
    ]
    damage += _lost_figures(run, restarts)
    names = {contender["name"] for contender in run["contenders"]}
    foreign = sorted({name for name, _ in restarts} - names)
    if foreign and run["ended"] is not None:
        damage.append(f"It has samples of contenders that it does not have: {_names(foreign)}.")
    return damage


def _lost_figures(run: Run, restarts: Mapping[tuple[str, str], _Restarts]) -> Iterator[str]:
    """Yield a sentence for each measured group of trials that has samples and no figures."""
    stated = {(one["name"], metric["metric"]) for one, metric in _restart_metrics(run)}
    for contender in run["contenders"]:
        result = contender["scenarios"].get("restart")
        if not result or result["status"] != "measured":
            continue
        for group in _GROUPS:
            key = (contender["name"], f"restart_{group}")
            if key not in stated and (contender["name"], group) in restarts:
                yield f"{key[0]}: run.json lacks {key[1]}, of which there are samples."


def _compare(
    contender: ContenderResult,
    metric: MetricResult,
    restarts: dict[tuple[str, str], _Restarts],
) -> str:
    """Return a sentence where a metric is not what the samples give; empty where it is."""
    group = metric["metric"].removeprefix("restart_")
    by_samples = restarts.get((contender["name"], group), _Restarts()).figures()
    for key, value in by_samples.items():
        stated = metric[key]  # type: ignore[literal-required]
        if not _agree(stated, value):
            return (
                f"{contender['name']}: the {key} of {metric['metric']} is {_figure(stated)} in "
                f"run.json and {_figure(value)} by its samples."
            )
    return ""


def _restart_metrics(run: Run) -> Iterator[tuple[ContenderResult, MetricResult]]:
    names = {f"restart_{group}" for group in _GROUPS}
    for contender in run["contenders"]:
        result = contender["scenarios"].get("restart")
        if result and result["status"] == "measured":
            yield from ((contender, one) for one in result["metrics"] if one["metric"] in names)


def _agree(stated: float | None, value: float | None) -> bool:
    if stated is None or value is None:
        return stated is value
    return math.isclose(stated, value, rel_tol=1e-9, abs_tol=_ROUNDING)


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def _names(names: Iterable[str]) -> str:
    first = list(names)
    more = f" and {len(first) - _NAMED} more" if len(first) > _NAMED else ""
    return ", ".join(first[:_NAMED]) + more
