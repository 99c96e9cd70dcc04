"""A run in the JSON format of pyperf, which pyperf's own commands read."""

from __future__ import annotations

from typing import IO

from pyperf import Benchmark, BenchmarkSuite
from pyperf import Run as PyperfRun

from bench.model.run_file import ContenderResult, Run
from bench.model.run_file.measured_daemon import describe_daemon, is_of_own_daemon
from provision.errors import Problem
from reports.model.contenders import sort_contenders
from reports.model.run_summary import damage_lines
from reports.model.samples import Samples

_MS_TO_S = 1e-3


def write_pyperf(run: Run, samples: Samples, stream: IO[str]) -> None:
    """Write the restart latencies in s, a benchmark for each contender and uptime.

    A trial without a restart has no value there: the metadata counts such trials. Raises Problem
    where no restart was seen at all, because the format requires a value.
    """
    benchmarks = [
        benchmark
        for contender in sort_contenders(run)
        for uptime in ("long", "short")
        if (benchmark := _benchmark(run, contender, uptime, samples))
    ]
    if not benchmarks:
        raise Problem(
            f"{run['id']} saw no restart, which pyperf's format cannot express.",
            advice=f"./inv report {run['id']} --format=csv",
        )
    BenchmarkSuite(benchmarks).dump(stream)


def _benchmark(
    run: Run, contender: ContenderResult, uptime: str, samples: Samples
) -> Benchmark | None:
    """Return the benchmark of one contender and uptime; None without a restart."""
    values, censored = samples.latencies(contender["name"], uptime)
    if not values:
        return None
    host = run["host"]
    metadata: dict[str, str | int] = {
        "name": f"{contender['name']} {uptime}",
        "unit": "second",
        "cpu_model_name": host["processor"],
        "cpu_count": host["cores"],
        "platform": f"{host['system']}, Linux {host['kernel']}",
        "run": run["id"],
        "supervisor_version": contender["version"] or "unknown",
        "censored": censored,
    }
    if digest := contender.get("source", {}).get("sha256"):
        metadata["supervisor_build"] = digest
    if own := contender.get("own_files"):
        metadata["supervisor_config"] = own["sha256"]
    if is_of_own_daemon(run):
        metadata["daemon"] = describe_daemon(run)
    if damage := damage_lines(run):
        metadata["damage"] = " ".join(damage)
    seconds = [value * _MS_TO_S for value in values]
    return Benchmark([PyperfRun(seconds, metadata=metadata, collect_metadata=False)])
