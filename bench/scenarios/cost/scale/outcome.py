"""What the samples say of one number of services."""

from __future__ import annotations

import sys

from bench.model.events import DIED, FOOTPRINT, GATHERED, RAN, RESTART
from bench.model.observation.evidence import Samples, numbers
from bench.model.observation.latency import restart_latencies
from bench.model.observation.timing import NS_PER_MS, NS_PER_S, format_duration
from bench.model.scenario import Answer, Verdict
from bench.model.statistics import Metric, single_value, summarize

# kB of free memory below which the guest counts as full.
_LITTLE = 65536


def size_metrics(size: int, numbered: Samples) -> list[Metric]:
    """Return the figures of that size; none where no guest had so many services."""
    gathered = [one.event for one in numbered.all(GATHERED, size=size)]
    if not gathered:
        return []
    metrics = [
        single_value(f"scale_up_{size}", "", event["asked"] - event["down"]) for event in gathered
    ]
    metrics.append(single_value(f"scale_lost_{size}", "", _starts_so_far(size, numbered)[1]))
    brought_up_ns = _bring_up_ns(size, numbered)
    if brought_up_ns is not None:
        metrics.append(single_value(f"scale_seconds_{size}", "s", brought_up_ns / NS_PER_S))
    for footprint in numbered.all(FOOTPRINT, size=size):
        total = footprint.event["total"]
        metrics.append(single_value(f"scale_processes_{size}", "", total["processes"]))
        if total["Private_Dirty"] is not None:
            private = total["Private_Dirty"]
            metrics.append(single_value(f"scale_private_dirty_{size}", "kB", private))
        if total["Pss"] is not None:
            metrics.append(single_value(f"scale_pss_{size}", "kB", total["Pss"]))
    trials = [
        trial.event for trial in numbered.all(RESTART, size=size) if not trial.event["warmup"]
    ]
    latencies = restart_latencies(trials)
    censored = len(trials) - len(latencies)
    return [*metrics, summarize(f"scale_restart_{size}", "ms", latencies, censored)]


def _starts_so_far(size: int, numbered: Samples) -> tuple[int, int]:
    """Return the number of starts up to that size, and of how many no stamp is known.

    Services start when they are brought up, and after a kill.
    """
    gathered = [one.event for one in numbered.all(GATHERED) if one.event["size"] <= size]
    restarts = [
        trial.event
        for trial in numbered.all(RESTART, censored=False)
        if trial.event["size"] <= size
    ]
    starts = len(restarts) + sum(event["starts"] for event in gathered)
    lost = sum(event["lost"] for event in gathered)
    return starts, lost + sum(trial["starts_missed"] for trial in restarts)


def _bring_up_ns(size: int, numbered: Samples) -> int | None:
    """Return the ns from the request, or the first start, to the last start of the new ones."""
    gathered = numbered.first(GATHERED, size=size)
    if size == 1 or gathered is None:
        return None
    first_ns, last_ns = gathered.event["first_ns"], gathered.event["last_ns"]
    if first_ns is None or last_ns is None:
        return None
    # Without a request, the supervisor was restarted; with one, a scanner may find them earlier.
    commands = [ran.event["begin_ns"] for ran in numbered.all(RAN, size=size)]
    begin_ns = min(first_ns, commands[0]) if len(commands) == 2 else first_ns
    return last_ns - begin_ns


def size_verdict(size: int, numbered: Samples) -> Verdict:
    """Judge whether the supervisor keeps so many services, and say what they cost."""
    behaviour = f"keeps {size} services"
    gathered, footprints = numbered.all(GATHERED, size=size), numbered.all(FOOTPRINT, size=size)
    trials, commands = numbered.all(RESTART, size=size), numbered.all(RAN, size=size)
    died = numbered.all(DIED, size=size)
    evidence = numbers(gathered, footprints, trials, commands, died)
    if not gathered:
        sentence = "PID 1 died while it took them up, and the machine with it."
        return Verdict(behaviour, "no", sentence, evidence)
    up = gathered[0].event["asked"] - gathered[0].event["down"]
    took_ns = _bring_up_ns(size, numbered)
    after = f" {format_duration(took_ns / NS_PER_S)} after the request" if took_ns else ""
    starts, lost = _starts_so_far(size, numbered)
    stamps = f"{lost or 'no'} stamp{'s' if lost > 1 else ''} lost of {starts} starts so far"
    phrases = [f"{up} of {size} ran{after}", stamps, *_describe_cost(size, up, numbered)]
    latencies = restart_latencies(trial.event for trial in trials if not trial.event["warmup"])
    if latencies:
        slowest = format_duration(max(latencies) * NS_PER_MS / NS_PER_S)
        phrases.append(f"one killed was back after {slowest} at the latest")
    elif trials:
        phrases.append("one killed was not back in time")
    if died:
        phrases.append("the supervisor itself has died of it")
    if up < size and commands and footprints:
        files = max(process["fds"] or 0 for process in footprints[0].event["processes"])
        phrases.append(_describe_room(commands[-1].event["output"], files))
    answer: Answer = "yes" if up == size and latencies else "no"
    return Verdict(behaviour, answer, "; ".join(phrases) + ".", evidence)


def _describe_cost(size: int, up: int, numbered: Samples) -> list[str]:
    """Say what each further service costs beyond the first."""
    one, many = (numbered.first(FOOTPRINT, size=count) for count in (1, size))
    if one is None or many is None or up < 2:
        return []
    of_one, of_many = one.event["total"], many.event["total"]
    processes = (of_many["processes"] - of_one["processes"]) / (up - 1)
    private_of_one, private_of_many = of_one["Private_Dirty"], of_many["Private_Dirty"]
    if private_of_one is None or private_of_many is None:
        return [f"{processes:.2f} processes more for each"]
    memory = (private_of_many - private_of_one) / (up - 1)
    return [f"{processes:.2f} processes and {round(memory)} kB of private memory more for each"]


def _describe_room(room: str, files: int) -> str:
    """Say whether the guest was full; files: the most that one supervising process has open."""
    processes, pids, of_user, most_files, memory = (
        int(word) if word.isdigit() else sys.maxsize for word in room.split()
    )
    most = min(pids, of_user)
    full = processes > 0.95 * most or files > 0.95 * most_files or memory < _LITTLE
    return (
        f"the guest {'gave out' if full else 'had room'}: {processes} of {most} processes,"
        f" {files} of {most_files} open files in the busiest process, {memory >> 10} MiB free"
    )
