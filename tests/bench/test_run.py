"""What `./inv bench` loads before it knows whether there is anything to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_run_that_is_complete_waits_for_no_library_of_figures() -> None:
    code = (
        "import sys, bench.live, bench.options, bench.run, reports.terminal;"
        "bench.options.Options(scenarios=('restart',));"
        "print(*sorted({'numpy', 'scipy', 'vl_convert', 'distributed'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")
