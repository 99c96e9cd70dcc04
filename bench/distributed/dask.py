"""Spreads a run's contenders over many hosts by Dask distributed, one at a time on each."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.distributed.merge import Part, merged_apart
from bench.engine.lock import RunInProgress
from bench.engine.observer import SilentObserver
from bench.engine.request import RunOptions, resolve_request
from bench.engine.run import run_bench
from bench.model.run_file import FLOOR
from bench.recording.store import Record
from daemon.build import build
from provision.cache import cache_folder
from provision.errors import Problem

# A worker offers one of these: what measures shares its host with nothing else that measures.
RESOURCE = "bench"
# How often a contender is tried anew where a worker could not do it. Where one was lost, Dask's
# own setting distributed.scheduler.allowed-failures counts.
RETRIES = 2
# Seconds of silence after which it is looked whether anybody is left to measure.
SILENCE = 30.0


def spread(options: RunOptions, address: str, say: Callable[[str], None]) -> Record:
    """Have the workers at that scheduler measure the contenders; returns the merged run.

    Every part has the floor beside its contender, on the same host. Raises Problem before anything
    is measured where a worker cannot do it, and as `together` does. After Ctrl-C what has come so
    far is merged, too, and KeyboardInterrupt says where that is.
    """
    if options.keep or options.continues_latest:
        raise Problem(
            "--dask cannot be combined with --keep, --resume or --redo.",
            known="Its guests are on other hosts, and gone once a contender is done.",
            advice="Measure what is missing with --only, then: ./inv merge RUN RUN",
            usage=True,
        )
    try:
        from distributed import Client
    except ImportError:
        raise Problem(
            "--dask needs the Python package distributed.",
            advice=".venv/bin/pip install --require-hashes -r requirements-dask.lock",
        ) from None
    selected = options.select().contenders
    others = [contender for contender in selected if contender.supervisor.name != FLOOR]
    names = [contender.name for contender in others or selected]
    parts: list[Part] = []
    failed: dict[str, str] = {}
    with _connected(Client, address) as client:
        _check_workers(client, address, options)
        futures = {
            client.submit(
                part, options, name, resources={RESOURCE: 1}, retries=RETRIES, pure=False
            ): name
            for name in names
        }
        try:
            for done in _as_they_end(client, futures, say):
                name = futures[done]
                try:
                    parts.append(done.result())
                except Exception as failure:  # Whatever it was, the other parts are to be kept.
                    failed[name] = str(failure)
                    say(f"{name} failed: {failed[name]}")
                else:
                    say(f"{name} done on {parts[-1].host['name']}")
        except KeyboardInterrupt:
            client.cancel(list(futures))
            raise KeyboardInterrupt(_interrupted(parts)) from None
    return together(parts, failed)


def _as_they_end(client: Any, futures: Iterable[Any], say: Callable[[str], None]) -> Iterator[Any]:
    """Each future once it is done; where nobody is left who could do one, that is said once."""
    from distributed import as_completed

    ended, looked, said = as_completed(futures), time.monotonic(), False
    while not ended.is_empty():
        if ended.has_ready():
            yield next(ended)
            looked, said = time.monotonic(), False
        elif time.monotonic() - looked < SILENCE:
            time.sleep(0.2)
        else:
            looked = time.monotonic()
            if not said and not _able(client):
                say(f"No worker is left for what is due ({ended.count()}): start one, or Ctrl-C.")
                said = True


def _able(client: Any) -> list[str]:
    """The workers that offer to measure."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return [name for name, worker in workers.items() if worker["resources"].get(RESOURCE)]


def part(options: RunOptions, name: str) -> Part:
    """Measure one contender on this worker's host, and wait for whoever measures here already."""
    with tempfile.TemporaryDirectory(prefix="part-", dir=cache_folder()) as folder:
        request = resolve_request(replace(options, only=(name,)))
        while True:
            try:
                return Part.of(run_bench(request, SilentObserver(), Path(folder)).folder)
            except RunInProgress:
                time.sleep(1)


def check_fit(options: RunOptions) -> None:
    """Raises Problem where this worker's host cannot measure so: what `bench` would meet first."""
    resolve_request(options)
    build(platform.machine(), cache_folder())


def _connected(client: Any, address: str) -> Any:
    try:
        return client(address, timeout="10s")
    except (OSError, ValueError, TypeError) as failure:  # the last of tls:// without keys
        raise Problem(
            f"No Dask scheduler answers at {address}.",
            known=str(failure),
            advice="Start one: .venv/bin/dask scheduler",
            usage=True,
        ) from failure


def _check_workers(client: Any, address: str, options: RunOptions) -> None:
    able = _able(client)
    start = f"PYTHONPATH=. .venv/bin/dask worker {address} --nthreads 1 --resources {RESOURCE}=1"
    if not able:
        raise Problem(
            f"No worker at {address} offers to measure.",
            known=f"It has {len(client.scheduler_info(n_workers=-1)['workers'])} workers in all.",
            advice=f"On each host, as root, in a checkout: {start}",
        )
    # One that fails at once would take contender after contender while the others measure.
    said = client.run(check_fit, options, workers=able, on_error="return")
    unfit = {name: why for name, why in said.items() if why is not None}
    if unfit:
        raise Problem(
            f"{len(unfit)} of {len(able)} workers cannot measure so; nothing was measured.",
            known="\n".join(f"{name}: {why}" for name, why in unfit.items()),
            advice=f"Stop them, or mend that and start them anew, as root, in a checkout: {start}",
            usage=True,
        )


def together(
    parts: Sequence[Part], failed: Mapping[str, str], results: Path | None = None
) -> Record:
    """One run of all parts.

    Raises Problem, once all is on disk, where some contenders failed, or where the workers chose
    several providers: each has a run of its own then.
    """
    reasons = [f"{name}: {why or 'it was lost'}" for name, why in failed.items()]
    if not parts:
        raise Problem("No worker could measure anything.", known="\n".join(reasons))
    records = merged_apart(parts, results)
    if not failed and len(records) == 1:
        return records[0]
    if len(records) > 1:
        reasons.append(f"Several providers were used, so there are {len(records)} runs.")
    what = f"{len(failed)} of {len(parts) + len(failed)} contenders were measured by no worker."
    advice = "Measure these with --only, then: ./inv merge RUN RUN"
    if not failed:
        what = "What the workers measured does not belong together; all of it is kept."
        advice = "For one run of all, name a provider that every host has: --provider=NAME"
    kept = ", ".join(f"./inv report {record.folder.name}" for record in records)
    raise Problem(what, known="\n".join(reasons), advice=f"What was measured: {kept}. {advice}")


def _interrupted(parts: Sequence[Part]) -> str:
    """Keeps the parts, and says where."""
    kept = ", ".join(str(record.folder) for record in merged_apart(parts)) or "nothing yet"
    return (
        f"Interrupted: what was measured is kept ({kept}). "
        "Each worker still ends the contender that it is at, and its guests go then."
    )
