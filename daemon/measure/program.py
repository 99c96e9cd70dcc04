"""The program as a whole: read the plan, say hello, run the steps."""

from __future__ import absolute_import, division, print_function

import os
import re
import sys
import traceback

# Importing steps registers them with the plan.
from . import steps
from .checks import PlanError
from .clock import CLOCK_METHOD, clock_resolution, now
from .output import ReaderGone, emit
from .plan import StepFailed, load_plan
from .proc import read_file, read_link
from .stamps import FifoError
from .watcher import ServiceWatcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .plan import Plan, Step


def main(words):
    # type: (list[str]) -> int
    """Run the plan that the command line names; returns the exit code."""
    if len(words) != 1:
        print("usage: python measure PLAN.json (or - for standard input)", file=sys.stderr)
        return 2
    try:
        return run_plan(load_plan(words[0]))
    except (PlanError, FifoError) as e:
        print("measure: %s" % e, file=sys.stderr)
        return 2
    except ReaderGone:
        return 1
    except KeyboardInterrupt:
        return 130


def run_plan(plan):
    # type: (Plan) -> int
    """Run all steps; returns 1 if one failed, else 0. Raises FifoError and ReaderGone."""
    watcher = ServiceWatcher(plan)
    emit_hello(watcher)
    errors = 0
    for index, step in enumerate(plan.steps):
        watcher.step_index = index
        begin_ns = now()
        emit("step", index=index, do=step.name, ns=begin_ns)
        error = run_step(watcher, step)
        if error:
            errors += 1
            emit("error", index=index, do=step.name, what=error)
        watcher.previous_step, watcher.previous_begin_ns = step.name, begin_ns
    watcher.report_pending()
    emit("end", ns=now(), errors=errors)
    return 1 if errors else 0


def run_step(watcher, step):
    # type: (ServiceWatcher, Step) -> str | None
    """Run one step; returns why it failed, or None. Raises ReaderGone."""
    try:
        step.function(watcher, **step.values)
    except ReaderGone:
        raise
    except StepFailed as e:
        return str(e)
    except Exception:
        return traceback.format_exc()
    return None


def emit_hello(watcher):
    # type: (ServiceWatcher) -> None
    """Emit what this program runs on, and how it measures."""
    emit(
        "hello",
        ns=now(),
        python=sys.version.split()[0],
        kernel=os.uname()[2],
        machine=os.uname()[4],
        pid=os.getpid(),
        clock=CLOCK_METHOD,
        pidns=namespace("pid"),
        timens=namespace("time"),
        clock_resolution_ns=clock_resolution(),
        method=watcher.method,
        memory="smaps_rollup" if os.path.exists("/proc/self/smaps_rollup") else "smaps",
        boot_id=(read_file("/proc/sys/kernel/random/boot_id") or "").strip(),
    )


def namespace(kind):
    # type: (str) -> int | None
    """Return the inode of a namespace of this program; None where the kernel does not give it."""
    match = re.match(r"^\w+:\[(\d+)\]$", read_link("self", "ns/" + kind) or "")
    return int(match.group(1)) if match else None
