"""A million samples make a page within 1 GiB; `pytest -m lengthy -s` prints how long it takes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.samples import sample_runs

SAMPLES = 1_000_000
NAMES = [f"s6/runner/{profile}/{place}" for profile in ("default", "fast")
         for place in ("hosted", "pid1")] + ["floor/runner/default/hosted"]  # fmt: skip


@pytest.mark.lengthy
def test_a_million_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = SAMPLES // len(NAMES)
    latencies = [4.0 + (number * 7919 % 1000) / 250 for number in range(count)]
    run = sample_runs.run(*(sample_runs.contender(name, latencies) for name in NAMES))
    folder = sample_runs.write_run(tmp_path / "results" / "20261122-120000-million", run, [])
    with (folder / "samples.jsonl").open("w") as file:
        for name in NAMES:
            for sample in sample_runs.restart_samples({name: latencies}):
                file.write(json.dumps(sample) + "\n")
    start = time.monotonic()
    command = [sys.executable, "-m", "invoke", "report", f"--run={folder}", "--format=html"]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[4], capture_output=True)
    seconds = time.monotonic() - start
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    with capsys.disabled():
        print(f"\n{SAMPLES} samples: a page in {seconds:.1f} s, {memory >> 10} MiB at most")
    assert (folder / "article.html").stat().st_size < 3 << 20
    assert memory < 1 << 20  # kB
