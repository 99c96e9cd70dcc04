"""Measurement of contenders on many hosts with Dask, one at a time on each."""

from __future__ import annotations

import asyncio
import math
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.distributed.merge import merge_compatible
from bench.distributed.part import RunPart
from bench.engine.interrupt import Interrupted, cause_of
from bench.engine.observer import SilentObserver
from bench.engine.request.options import RunOptions
from bench.engine.request.resolve import resolve_request
from bench.engine.run import run_bench
from bench.model.run_file import FLOOR
from bench.recording.results_folder import make_results_folder, results_folder
from bench.recording.store import Record
from daemon.build import build
from provision.cache import cache_folder
from provision.errors import Problem
from provision.provider import Notify
from provision.scratch import scratch_folder

# A worker offers one of this resource, so that it measures one contender at a time.
RESOURCE = "bench"
# How often a contender is repeated after a worker failed to measure it. Where a worker is lost,
# Dask's own setting distributed.scheduler.allowed-failures counts.
RETRIES = 2
# Seconds within which a scheduler has to answer.
ANSWER_SECONDS = 10
# Seconds without a result after which to check that there are workers left.
CHECK_INTERVAL = 30.0


def bench_on_workers(
    options: RunOptions, address: str, notify: Notify, patience: float = 0.0
) -> Record:
    """Have a scheduler's workers measure the contenders; return the merged run.

    Each part also measures the floor, on the same host. patience: of --wait, which is refused.
    Raises Problem before anything is measured
    where a worker fails the pre-flight check, and as `merge_results` does. After Ctrl-C the parts
    that have arrived are merged, and KeyboardInterrupt says where that run is.
    """
    if options.keep or options.continues_latest or patience:
        raise Problem(
            "--dask cannot be combined with --keep, --resume, --redo or --wait.",
            known="Its guests are on other hosts, and are removed after each contender. Each worker"
            " waits for other benches on its host, as long as it takes.",
            advice="Measure what is missing with --only, then: ./inv merge RUN RUN",
            usage=True,
        )
    selected = options.select().contenders
    others = [contender for contender in selected if contender.supervisor.name != FLOOR]
    names = [contender.name for contender in others or selected]
    parts: list[RunPart] = []
    failures: dict[str, str] = {}
    with _connect(address) as client:
        _check_workers(client, address, options)
        make_results_folder(results_folder())  # an unusable one would be found after hours
        futures = {
            client.submit(
                measure_part, options, name, resources={RESOURCE: 1}, retries=RETRIES, pure=False
            ): name
            for name in names
        }
        try:
            for future in wait_for_results(client, futures, notify):
                _collect(future, futures[future], parts, failures, notify)
        except KeyboardInterrupt as interrupt:
            client.cancel(list(futures))
            raise Interrupted(cause_of(interrupt), _merge_interrupted(parts)) from None
    return merge_results(parts, failures)


def _collect(
    future: Any, name: str, parts: list[RunPart], failures: dict[str, str], notify: Notify
) -> None:
    """Add a contender's part, or the reason why there is none."""
    try:
        part: RunPart = future.result()
    except Exception as failure:  # Whatever it is, keep the other parts.
        failures[name] = str(failure)
        notify(f"{name} failed: {failure}")
    else:
        parts.append(part)
        notify(f"{name} done on {part.host['name']}")


def wait_for_results(client: Any, futures: Iterable[Any], notify: Notify) -> Iterator[Any]:
    """Yield each future when it is done; notify once when no worker is left."""
    from distributed import as_completed

    completed, last_check, notified = as_completed(futures), time.monotonic(), False
    while not completed.is_empty():
        if completed.has_ready():
            yield next(completed)
            last_check, notified = time.monotonic(), False
        elif time.monotonic() - last_check < CHECK_INTERVAL:
            time.sleep(0.2)
        else:
            last_check = time.monotonic()
            if not notified and not _measuring_workers(client):
                notify(
                    f"No worker is left, and {completed.count()} contenders are not measured: "
                    "start a worker, or press Ctrl-C."
                )
                notified = True


def _measuring_workers(client: Any) -> list[str]:
    """Return the workers that offer to measure."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return [name for name, worker in workers.items() if worker["resources"].get(RESOURCE)]


def measure_part(options: RunOptions, name: str) -> RunPart:
    """Measure one contender on this worker's host, after any other run on this host."""
    with scratch_folder(cache_folder(), "part") as folder:
        request = resolve_request(replace(options, only=(name,)))
        record = run_bench(request, SilentObserver(), folder, patience=math.inf)
        return RunPart.load(record.folder)


def check_worker(options: RunOptions) -> None:
    """Raise the Problem that the options would first meet on this worker's host."""
    for folder in options.folders:
        folder.check_same()
    resolve_request(options)
    build(platform.machine(), cache_folder())


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise Problem(
            "--dask needs the Python package distributed.",
            advice=".venv/bin/pip install --require-hashes -r requirements-dask.lock",
        ) from None
    try:
        asyncio.run(asyncio.wait_for(_identify(address), ANSWER_SECONDS))
        return Client(address, timeout=f"{ANSWER_SECONDS}s")
    except (OSError, ValueError, TypeError) as failure:  # TypeError: tls:// without keys
        raise Problem(
            f"No Dask scheduler answers at {address}.",
            known=str(failure) or f"Nothing there has answered within {ANSWER_SECONDS} s.",
            advice="Start one: .venv/bin/dask scheduler",
            usage=True,
        ) from failure


async def _identify(address: str) -> None:
    """Ask a scheduler who it is; a Client itself waits for ever for one that never answers."""
    from distributed.core import rpc

    async with rpc(address, timeout=ANSWER_SECONDS) as scheduler:
        await scheduler.identity()


def _check_workers(client: Any, address: str, options: RunOptions) -> None:
    """Raise Problem where no worker measures, or where one fails the pre-flight check.

    A worker that fails at once would take contender after contender while the others measure.
    """
    workers = _measuring_workers(client)
    start = f"PYTHONPATH=. .venv/bin/dask worker {address} --nthreads 1 --resources {RESOURCE}=1"
    if not workers:
        raise Problem(
            f"No worker at {address} offers to measure.",
            known=f"It has {len(client.scheduler_info(n_workers=-1)['workers'])} workers in all.",
            advice=f"On each host, as root, in a checkout: {start}",
        )
    answers = client.run(check_worker, options, workers=workers, on_error="return")
    failures = {name: failure for name, failure in answers.items() if failure is not None}
    if failures:
        raise Problem(
            f"{len(failures)} of {len(workers)} workers failed the pre-flight check; "
            "nothing was measured.",
            known="\n".join(f"{name}: {failure}" for name, failure in failures.items()),
            advice="Stop these workers. Or solve their problem and start them again, as root, in "
            f"a checkout: {start}",
            usage=True,
        )


def merge_results(
    parts: Sequence[RunPart], failures: Mapping[str, str], results: Path | None = None
) -> Record:
    """Merge all parts into one run.

    failures: the reason by contender. Raises Problem, after writing everything, where a contender
    failed, or where the workers chose several providers: then each provider has its own run.
    """
    reasons = [f"{name}: {reason or 'it was lost'}" for name, reason in failures.items()]
    if not parts:
        raise Problem("No worker measured any contender.", known="\n".join(reasons))
    records = merge_compatible(parts, results)
    if not failures and len(records) == 1:
        return records[0]
    if len(records) > 1:
        reasons.append(f"Several providers were used, so there are {len(records)} runs.")
    if failures:
        total = len(parts) + len(failures)
        what = f"{len(failures)} of {total} contenders were measured by no worker."
        advice = "Measure these with --only, then: ./inv merge RUN RUN"
    else:
        what = "The workers used several providers, so their results cannot be one run."
        advice = "For one run, name a provider that every host has: --provider=NAME"
    reports = ", ".join(f"./inv report {record.folder.name}" for record in records)
    raise Problem(
        what, known="\n".join(reasons), advice=f"What was measured is kept: {reports}. {advice}"
    )


def _merge_interrupted(parts: Sequence[RunPart]) -> str:
    """Merge the parts that have arrived; return the message that says where they are."""
    folders = ", ".join(str(record.folder) for record in merge_compatible(parts))
    return (
        f"what was measured is kept ({folders or 'nothing yet'}). "
        "Each worker finishes its present contender, then removes its guests."
    )
