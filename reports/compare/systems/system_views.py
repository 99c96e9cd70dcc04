"""One system of a run of several, as a run of its own, so that everything compares it as such."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from bench.model.run_file import ContenderResult, Run, SystemFacts
from bench.model.run_file.run_systems import list_systems
from bench.recording.store import read_run, run_folder
from provision.systems import unknown_name_error
from reports.compare.runs import RunWithSamples, with_samples
from reports.model.samples import Samples


def load_run(name: str) -> RunWithSamples:
    """Read a run with its samples; RUN@RELEASE is one system of a run of several.

    Raises Problem for a run that is damaged or lacks that system.
    """
    path, _, release = name.partition("@")
    folder = run_folder(path or "latest")
    run = with_samples(read_run(folder), folder)
    return system_view(run, release) if release else run


def release_of(system: SystemFacts) -> str:
    """Return a system's codename."""
    return system.get("release", system["name"])


def system_title(run: Run, contender: ContenderResult) -> str:
    """Return the title of the system that a contender of a run of several was measured on."""
    release = contender["name"].partition("@")[2]
    return next(item["title"] for item in list_systems(run) if release_of(item) == release)


def system_view(run: RunWithSamples, release: str) -> RunWithSamples:
    """Return what a run has of one system, under names without the release.

    The floor, which all systems have in common, is part of each view. Raises Problem for a release
    that the run does not have.
    """
    systems = {release_of(system): system for system in list_systems(run.run)}
    if release not in systems:
        raise unknown_name_error("system in that run", release, list(systems))
    names = {
        contender["name"]: contender["name"].partition("@")[0]
        for contender in run.run["contenders"]
        if contender["name"].partition("@")[2] in ("", release)
    }
    contenders = [
        _without_release(contender, run.run)
        for contender in run.run["contenders"]
        if contender["name"] in names
    ]
    view = {**run.run, "id": f"{run.run['id']}@{release}", "system": systems[release],
            "contenders": contenders}  # fmt: skip
    view.pop("systems", None)
    return RunWithSamples(cast(Run, view), rename_samples(run.samples, names))


def main_release(run: Run) -> str:
    """Return the release that has most contenders, of several the newest; empty: of one system."""
    counts = {
        release_of(system): sum(
            item["name"].partition("@")[2] == release_of(system) for item in run["contenders"]
        )
        for system in run.get("systems", ())
    }
    return max(reversed(counts), key=lambda release: counts[release], default="")


def main_release_note(run: Run) -> str:
    """Say of which system an article's figures are; empty for a run of one system."""
    release = main_release(run)
    titles = (
        item["title"] for item in list_systems(run) if release and release_of(item) == release
    )
    title = next(titles, "")
    return f"Unless another release is named, figures are of {title}." if title else ""


def reference_view(run: RunWithSamples) -> RunWithSamples:
    """Return what an article tells of a run of several systems in detail: its main release.

    Supervisors that this release lacks are in it by the release that has most of them, under the
    names that they have in the run. A run of one system is its own view.
    """
    release = main_release(run.run)
    if not release:
        return run
    view = system_view(run, release)
    held = {item["supervisor"] for item in view.run["contenders"]}
    others = [
        contender
        for name in dict.fromkeys(item["supervisor"] for item in run.run["contenders"])
        if name not in held
        for contender in _fullest_release(run.run, name)
    ]
    held |= {item["supervisor"] for item in others}
    names = {item["name"]: item["name"] for item in others}
    absent = [item for item in run.run["absent"] if item["supervisor"] not in held]
    whole = {**view.run, "id": run.run["id"], "absent": absent,
             "contenders": [*view.run["contenders"], *others]}  # fmt: skip
    return RunWithSamples(
        cast(Run, whole), _joined(view.samples, rename_samples(run.samples, names))
    )


def _fullest_release(run: Run, supervisor: str) -> list[ContenderResult]:
    """Return a supervisor's contenders on the release that has most of them.

    Of several, that with most measured scenarios counts, and of those the newest.
    """
    by_release = [
        [
            item
            for item in run["contenders"]
            if item["supervisor"] == supervisor
            and item["name"].partition("@")[2] == release_of(system)
        ]
        for system in reversed(list_systems(run))
    ]
    return max(by_release, key=lambda items: (len(items), sum(map(_count_measured, items))))


def _count_measured(contender: ContenderResult) -> int:
    return sum(result["status"] == "measured" for result in contender["scenarios"].values())


def names_of_evidence(view: Run, whole: Run) -> dict[str, str]:
    """Return the name that each contender of a view has in the whole run.

    Not all have a release there: the floor is common to all systems.
    """
    release, names = main_release(whole), {item["name"] for item in whole["contenders"]}
    return {
        item["name"]: item["name"] if item["name"] in names else f"{item['name']}@{release}"
        for item in view["contenders"]
    }


def _joined(one: Samples, other: Samples) -> Samples:
    """Return the samples of contenders that have different names in both."""
    return replace(
        one,
        contenders=one.contenders | other.contenders,
        latencies_ms={**one.latencies_ms, **other.latencies_ms},
        censored={**one.censored, **other.censored},
        start_times={**one.start_times, **other.start_times},
        busy_seconds={**one.busy_seconds, **other.busy_seconds},
    )


def _without_release(contender: ContenderResult, run: Run) -> ContenderResult:
    renamed = contender.copy()
    renamed["name"] = contender["name"].partition("@")[0]
    renamed["title"] = run["supervisors"][contender["supervisor"]]["title"]
    return renamed


def rename_samples(samples: Samples, names: dict[str, str]) -> Samples:
    """Return the samples of some contenders under other names. names: by today's name, the other.

    A contender's numbers are not copied.
    """
    return replace(
        samples,
        contenders={new for old, new in names.items() if old in samples.contenders},
        latencies_ms={
            (names[name], uptime): values
            for (name, uptime), values in samples.latencies_ms.items()
            if name in names
        },
        censored={
            (names[name], uptime): count
            for (name, uptime), count in samples.censored.items()
            if name in names
        },
        start_times={names[name]: v for name, v in samples.start_times.items() if name in names},
        busy_seconds={names[name]: v for name, v in samples.busy_seconds.items() if name in names},
    )
