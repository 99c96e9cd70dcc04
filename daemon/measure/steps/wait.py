"""Steps that wait: for starts, for ends, or for time to pass."""

from __future__ import absolute_import, division, print_function

import math

from .. import checks
from ..clock import SECOND, now, to_ns
from ..output import emit
from ..plan import step
from ..stamps import parse_line
from .act import run_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..service import WatchedService
    from ..watcher import ServiceWatcher

RECORD_CHECK_NS = SECOND // 5  # between two looks at the records, for starts whose line was lost
COMMAND_DEADLINE = 60  # s: for the command of "otherwise"
STAMPS_KEPT = 150  # of the first starts in a crash loop, and of its last


@step(
    "await",
    services=(checks.service_names,),
    deadline=(checks.seconds,),
    fresh=(checks.truth, False),
    otherwise=(checks.text, ""),
)
def await_services(watcher, services, deadline, fresh, otherwise):
    # type: (ServiceWatcher, list[str], float, bool, str) -> None
    """Wait until each service runs.

    fresh: count only starts after this step began, or after the signal or command right before it
    began: the successor may be up before this step is. otherwise: a shell command for when one is
    down at the deadline; the services then have as long again.
    """
    follows_break = watcher.previous_step in ("signal", "run")
    begin_ns = watcher.previous_begin_ns if follows_break else now()
    since = begin_ns if fresh else 0
    if await_until(watcher, services, now() + to_ns(deadline), since, deadline) and otherwise:
        run_command(watcher, otherwise, COMMAND_DEADLINE)
        await_until(watcher, services, now() + to_ns(deadline), since, deadline)


def await_until(watcher, names, until, since, deadline):
    # type: (ServiceWatcher, list[str], int, int, float) -> list[str]
    """Report which services are up and which are not; returns the names of the latter."""
    missing = {name: watcher.service(name) for name in names}
    while True:
        watcher.report_starts_without_line(missing.values())
        next_look = min(until, now() + RECORD_CHECK_NS)
        report_up(missing, since)
        while missing and now() < next_look:
            for observation in watcher.observe(next_look):
                observation.report()
            report_up(missing, since)
        if not missing or now() >= until:
            break
    for name, service in sorted(missing.items()):
        starts, lost = service.read_record()[:2]
        emit("down", service=name, deadline_s=deadline, starts=starts, lost=lost, ns=now())
    return sorted(missing)


def report_up(missing, since):
    # type: (dict[str, WatchedService], int) -> None
    """Report the services that run by a start since then, and remove them from `missing`."""
    for name, service in sorted(missing.items()):
        instance = service.current()
        if instance and instance.main_ns >= since:
            emit("up", **instance.fields())
            del missing[name]


@step("end", service=(checks.service_name,), deadline=(checks.seconds,))
def await_end(watcher, service, deadline):
    # type: (ServiceWatcher, str, float) -> None
    """Wait until no instance of the service is left."""
    ending = watcher.service(service)
    until = now() + to_ns(deadline)
    watcher.report_starts_without_line([ending])
    watcher.expects_end = True
    while ending.instances and now() < until:
        for observation in watcher.observe(until):
            observation.report()
    watcher.expects_end = False
    if ending.instances:
        pids = [instance.pid for instance in ending.instances]
        emit("alive", service=service, deadline_s=deadline, ns=now(), pids=pids)


@step("starts", service=(checks.service_name,), seconds=(checks.seconds,))
def count_starts(watcher, service, seconds):
    # type: (ServiceWatcher, str, float) -> None
    """Count a service's starts without attaching to any: there may be a thousand in a second.

    per_second: how many in each second of the window; first, last: the main_ns of some.
    """
    counted = watcher.service(service)
    begin_ns, lost = now(), counted.read_record()[1]
    stamps = read_start_stamps(watcher, service, begin_ns + to_ns(seconds))
    per_second = [0] * max(1, int(math.ceil(seconds)))
    for stamp in stamps:
        second = (stamp - begin_ns) // SECOND
        per_second[min(max(0, second), len(per_second) - 1)] += 1
    emit(
        "starts",
        service=service,
        begin_ns=begin_ns,
        end_ns=now(),
        total=len(stamps),
        lost=counted.read_record()[1] - lost,
        per_second=per_second,
        first=stamps[:STAMPS_KEPT],
        last=stamps[STAMPS_KEPT:][-STAMPS_KEPT:],
    )


def read_start_stamps(watcher, service, until):
    # type: (ServiceWatcher, str, int) -> list[int]
    """Return the main_ns of all starts of a service that arrive by then, in order."""
    stamps = []  # type: list[int]
    while now() < until:
        watcher.wait_ready(until)
        for observation in watcher.collect_ends(now()):
            observation.report()
        for content in watcher.read_lines():
            line = parse_line(content)
            if line and line["event"] == "start" and line["service"] == service:
                stamps.append(line["main_ns"])
            elif line and line["event"] == "left":
                watcher.service(line["service"]).register_left(line)
    stamps.sort()
    return stamps


@step("sleep", seconds=(checks.seconds,))
def sleep(watcher, seconds):
    # type: (ServiceWatcher, float) -> None
    """Do nothing for a while but report what happens, as every step but the trials does."""
    watcher.report_until(now() + to_ns(seconds))


@step("watch", seconds=(checks.seconds,))
def watch(watcher, seconds):
    # type: (ServiceWatcher, float) -> None
    """Do as `sleep`, but report first which of the plan's services ran unheard."""
    watcher.report_starts_without_line(list(watcher.services.values()))
    sleep(watcher, seconds)
