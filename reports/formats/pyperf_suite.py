"""A run in the JSON format of pyperf, so that its commands read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from pyperf import Benchmark, BenchmarkSuite, Run

from provision.errors import Problem
from reports.model.samples import Samples
from reports.model.view import ordered

_SECONDS = 1e-3


def write(run: dict[str, Any], samples: Samples, stream: IO[str]) -> None:
    """Write the restart latencies in seconds, a benchmark for each contender and uptime.

    A trial that saw no restart has no value there: the metadata counts such. Raises Problem where
    no restart was seen at all, for which that format has no words.
    """
    found = [
        made
        for each in ordered(run)
        for group in ("long", "short")
        for made in _benchmark(run, each, group, samples)
    ]
    if not found:
        raise Problem(
            f"{run['id']} saw no restart, and pyperf's format cannot say so.",
            advice=f"./inv report {run['id']} --format=csv",
        )
    BenchmarkSuite(found).dump(stream)


def _benchmark(
    run: dict[str, Any], each: dict[str, Any], group: str, samples: Samples
) -> Iterator[Benchmark]:
    values, censored = samples.latencies(each["name"], group)
    if not values:
        return
    host = run["host"]
    metadata = {
        "name": f"{each['name']} {group}",
        "unit": "second",
        "cpu_model_name": host["processor"],
        "cpu_count": host["cores"],
        "platform": f"{host['system']}, Linux {host['kernel']}",
        "run": run["id"],
        "supervisor_version": each["version"] or "unknown",
        "censored": censored,
    }
    seconds = [value * _SECONDS for value in values]
    yield Benchmark([Run(seconds, metadata=metadata, collect_metadata=False)])
