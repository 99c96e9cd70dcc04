"""The step that waits until a program of a person's own is ready."""

from __future__ import absolute_import, division, print_function

import os

from .. import checks
from ..clock import now, to_ns
from ..output import emit
from ..plan import StepFailed, step
from ..proc import descendants, read_all_stats
from .wait import RECORD_CHECK_NS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from ..own_program.readiness import Readiness
    from ..service import WatchedService
    from ..watcher import Observation, ServiceWatcher

MOST_ENDS = 3  # of a program that ends before it is ready: it will not do better
OUTPUT_KEPT = 2000  # bytes, of the end of a program's output


@step("ready", service=(checks.service_name,))
def await_readiness(watcher, service):
    # type: (ServiceWatcher, str) -> None
    """Wait until an instance of the service is ready; emit "ready", or "unready" with the facts."""
    if watcher.readiness is None:
        raise StepFailed('the plan has no "readiness"')
    FirstReadiness(watcher, watcher.service(service), watcher.readiness).run()


class FirstReadiness(object):
    """Waits for the first instance that gets ready, and counts those that end before."""

    def __init__(self, watcher, service, readiness):
        # type: (ServiceWatcher, WatchedService, Readiness) -> None
        self.watcher = watcher
        self.service = service
        self.readiness = readiness
        self.ended = 0
        self.output, self.output_bytes = "", 0  # of the last start that has written something

    def run(self):
        # type: () -> None
        """Wait, and emit what came of it."""
        until = now() + to_ns(self.readiness.deadline)
        while now() < until and self.ended < MOST_ENDS:
            instance = self.service.current()
            if instance is None:
                self.observe(min(until, now() + RECORD_CHECK_NS))
                continue
            with open_output(self.service.path) as output:
                self.readiness.await_ready(self.watcher, instance, until, self.report)
                self.keep_end(output)
            if instance.ready_ns is not None:
                fields = dict(instance.fields(), ready_ns=instance.ready_ns, seen_ns=now())
                emit("ready", **fields)
                return
        self.emit_unready()

    def observe(self, until):
        # type: (int) -> None
        """Report what happens until then, and starts that only the record shows."""
        for observation in self.watcher.observe(until):
            self.report(observation)
        self.watcher.report_starts_without_line([self.service])

    def report(self, observation):
        # type: (Observation) -> None
        """Report it, and count an end."""
        observation.report()
        instance = observation.instance
        if instance is None or instance.service is not self.service:
            return
        # A start of what has ended by now is followed by no observed end.
        if observation.kind == "gone" or (observation.kind == "start" and instance.end_ns):
            self.ended += 1

    def keep_end(self, output):
        # type: (IO[bytes]) -> None
        """Keep the end of what a start has written; the next start has a file of its own."""
        size = os.fstat(output.fileno()).st_size
        if size:
            output.seek(max(0, size - OUTPUT_KEPT))
            self.output, self.output_bytes = output.read().decode("utf-8", "replace"), size

    def emit_unready(self):
        # type: () -> None
        """Emit what tells why the program is not ready."""
        emit(
            "unready",
            service=self.service.name,
            deadline_s=self.readiness.deadline,
            ns=now(),
            ended=self.ended,
            running=self.service.current() is not None,
            holders=self.describe_strangers(),
            output=self.output,
            output_bytes=self.output_bytes,
        )

    def describe_strangers(self):
        # type: () -> list[dict[str, Any]]
        """Return who holds the program's port or socket, and is not below its process."""
        instance = self.service.current()
        own = descendants(read_all_stats(), [instance.pid]) if instance else set()
        holders = self.readiness.holders()
        return [{"pid": stat.pid, "comm": stat.comm} for stat in holders if stat.pid not in own]


def open_output(path):
    # type: (str) -> IO[bytes]
    """Open what the newest start of a service writes; nothing where it is not there."""
    try:
        return open(path + ".output", "rb")
    except (IOError, OSError):
        return open(os.devnull, "rb")
