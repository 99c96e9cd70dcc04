"""Spreads a run's contenders over many hosts by Dask distributed, one at a time on each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.merge import Part, merged
from bench.options import Options
from bench.plan import Plan
from bench.record import Record
from bench.run import bench
from bench.scenario import Event
from bench.selection import FLOOR, entries
from bench.sole import Busy
from provision.cache import cache_folder
from provision.errors import Problem

# A worker offers one of these: what measures shares its host with nothing else that measures.
RESOURCE = "bench"
# How often a contender is tried anew where a worker could not do it, or was lost.
RETRIES = 2


class _Silent:
    """An observer for where nobody looks."""

    def planned(self, made: Plan, notes: Any) -> None: ...

    def note(self, sentence: str) -> None: ...

    def phase(self, contender: str, replica: int, phase: str) -> None: ...

    def sample(self, contender: str, event: Event) -> None: ...

    def done(self, contender: str, result: dict[str, Any]) -> None: ...


def spread(options: Options, address: str, say: Callable[[str], None]) -> Record:
    """Have the workers at that scheduler measure the contenders; returns the merged run.

    Every part has the floor beside its contender, on the same host. Raises Problem, where some were
    not measured once the others are merged; after Ctrl-C what has come so far is merged, too.
    """
    if options.keep or options.resume or options.redo:
        raise Problem(
            "--dask cannot be combined with --keep, --resume or --redo.",
            known="Its guests are on other hosts, and gone once a contender is done.",
            advice="Measure what is missing with --only, then: ./inv merge RUN RUN",
            usage=True,
        )
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise Problem(
            "--dask needs the Python package distributed.",
            advice=".venv/bin/pip install --require-hashes -r requirements-dask.lock",
        ) from None
    asked, _ = entries(
        options.guests,
        options.only,
        options.role,
        options.profile,
        versions=options.versions,
        overlays=options.overlays,
    )
    names = [each.name for each in asked if each.supervisor.name != FLOOR] or [FLOOR]
    parts: list[Part] = []
    failed: dict[str, str] = {}
    with _connected(Client, address) as client:
        _check_workers(client, address)
        futures = {
            client.submit(
                part, options, name, resources={RESOURCE: 1}, retries=RETRIES, pure=False
            ): name
            for name in names
        }
        try:
            for done in as_completed(list(futures)):
                name = futures[done]
                if done.status == "finished":
                    parts.append(done.result())
                    say(f"{name} done on {parts[-1].host['name']}")
                else:
                    failed[name] = str(done.exception())
                    say(f"{name} failed: {failed[name]}")
        except KeyboardInterrupt:
            client.cancel(list(futures))
            if parts:
                merged(parts)
            raise
    return together(parts, failed)


def part(options: Options, name: str) -> Part:
    """Measure one contender on this worker's host, and wait for whoever measures here already."""
    with tempfile.TemporaryDirectory(prefix="part-", dir=cache_folder()) as folder:
        own = replace(options, only=(name,), resume=False, keep=False)
        while True:
            try:
                return Part.of(bench(own, _Silent(), Path(folder)).folder)
            except Busy:
                time.sleep(1)


def _connected(client: Any, address: str) -> Any:
    try:
        return client(address, timeout="10s")
    except (OSError, ValueError) as failure:
        raise Problem(
            f"No Dask scheduler answers at {address}.",
            known=str(failure),
            advice="Start one: .venv/bin/dask scheduler",
            usage=True,
        ) from failure


def _check_workers(client: Any, address: str) -> None:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if any(worker["resources"].get(RESOURCE) for worker in workers):
        return
    raise Problem(
        f"No worker at {address} offers to measure ({len(workers)} workers in all).",
        advice="On each host, as root, in a checkout: "
        f"PYTHONPATH=. .venv/bin/dask worker {address} --nthreads 1 --resources {RESOURCE}=1",
    )


def together(
    parts: Sequence[Part], failed: Mapping[str, str], results: Path | None = None
) -> Record:
    """One run of all parts. Raises Problem, once it is on disk, where some contenders failed."""
    reasons = "\n".join(f"{name}: {why or 'it was lost'}" for name, why in failed.items())
    if not parts:
        raise Problem("No worker could measure anything.", known=reasons)
    record = merged(parts, results=results)
    if failed:
        raise Problem(
            f"{len(failed)} of {len(parts) + len(failed)} contenders were measured by no worker.",
            known=reasons,
            advice=f"The others: ./inv report {record.folder.name}. Measure these with --only, "
            "then: ./inv merge RUN RUN",
        )
    return record
