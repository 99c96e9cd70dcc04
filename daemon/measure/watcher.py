"""The watcher: hears of starts, sees ends, and sends signals to the very process meant."""

from __future__ import absolute_import, division, print_function

import collections
import errno
import os
import resource
import select
import signal

from .clock import now
from .output import ReaderGone, emit
from .pidfd import choose_pidfd
from .proc import is_testd, read_stat
from .service import Instance, WatchedService
from .stamps import StampFifo, parse_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from typing import Any, Iterable

    from .own_program.readiness import Readiness
    from .plan import Plan
    from .stamps import Line

STDOUT = 1
# ms: where ends are found by looking at /proc, how long to wait between two looks
LOOK_OFTEN, LOOK_SELDOM = 1, 20


class Observation(object):
    """What the watcher saw or heard.

    kind: "start", "ready", "exit" or "left" (a line of testd); "gone" (an end, observed); "noise"
    (anything else in the FIFO). instance is None where the line is about none that is known.
    """

    __slots__ = ("instance", "kind", "line", "seen_ns", "text")

    def __init__(self, kind, seen_ns, instance=None, line=None, text=None):
        # type: (str, int, Instance | None, Line | None, str | None) -> None
        self.kind = kind
        self.seen_ns = seen_ns
        self.instance = instance
        self.line = line
        self.text = text  # of noise

    def report(self):
        # type: () -> None
        """Emit it as an event."""
        fields = {"seen_ns": self.seen_ns}  # type: dict[str, Any]
        if self.instance:
            fields.update(self.instance.fields())
        if self.line:
            fields.update(self.line)
            del fields["event"]
        if self.text is not None:
            fields["text"] = self.text
        emit(self.kind, **fields)


class ServiceWatcher(object):
    """What all steps work with: the services, the FIFO, the pidfds, and one poll over all."""

    def __init__(self, plan):
        # type: (Plan) -> None
        """Open the FIFO. Raises FifoError."""
        self.directory = plan.directory
        self.seed = plan.seed
        self.pidfiles = plan.pidfiles
        # Of a program of a person's own; None: testd itself runs.
        self.readiness = None  # type: Readiness | None
        if plan.readiness is not None:
            # Slow to import, and only a person's own program has it.
            from .own_program.readiness import make_readiness

            self.readiness = make_readiness(plan.readiness)
        self.services = collections.OrderedDict()  # type: dict[str, WatchedService]
        for name in plan.services:
            self.service(name)
        self.fifo = StampFifo(self.directory)
        self.original_file_limits = raise_file_limit()
        # Set by the program: index of this step; name and begin of the step before it.
        self.step_index = 0
        self.previous_step, self.previous_begin_ns = None, 0  # type: str | None, int
        # Set by a step that waits for an end: matters where ends are found by looking at /proc.
        self.expects_end = False
        self.open_pidfd, self.send_by_pidfd, self.method = choose_pidfd()
        self.instance_by_pidfd = {}  # type: dict[int, Instance]
        self.ready_fds = []  # type: list[int]
        self.poll_lines, self.poll_all = select.poll(), select.poll()  # lines; lines and ends
        for poll in (self.poll_lines, self.poll_all):
            poll.register(self.fifo.fd, select.POLLIN)
            poll.register(STDOUT, 0)

    def service(self, name):
        # type: (str) -> WatchedService
        """Return the service of that name."""
        if name not in self.services:
            self.services[name] = WatchedService(name, self.directory)
        return self.services[name]

    # -- observing

    def observe(self, until, wake_on_end=True):
        # type: (int, bool) -> list[Observation]
        """Wait until something happens, at most until that instant (ns).

        Returns what happened, ends first, each kind oldest first. wake_on_end: whether the end of
        a daemon ends the wait, and is returned.
        """
        self.wait_ready(until, wake_on_end)
        observations = self.collect_ends(now()) if wake_on_end else []
        lines = self.read_lines()
        if lines:
            seen_ns = now()  # after the read: it also takes lines that came after the wait
            for line in lines:
                observations.extend(self.interpret_line(line, seen_ns))
        return observations

    def wait_ready(self, until, wake_on_end=True):
        # type: (int, bool) -> None
        """Wait once, and note which descriptors are ready. Raises ReaderGone."""
        remaining = until - now()
        milliseconds = min(-(-remaining // 1000000), 1000) if remaining > 0 else 0
        if wake_on_end and not self.open_pidfd:
            milliseconds = min(milliseconds, LOOK_OFTEN if self.expects_end else LOOK_SELDOM)
        try:
            ready = (self.poll_all if wake_on_end else self.poll_lines).poll(milliseconds)
        except (OSError, select.error) as e:
            if e.args[0] != errno.EINTR:
                raise
            ready = []
        self.ready_fds = [fd for fd, _ in ready] if ready else []
        if STDOUT in self.ready_fds:
            raise ReaderGone()

    def read_lines(self):
        # type: () -> list[bytes]
        """Return the lines that have arrived, if the last wait found any."""
        return self.fifo.read_lines() if self.fifo.fd in self.ready_fds else []

    def collect_ends(self, seen_ns):
        # type: (int) -> list[Observation]
        """Return the ends that the last wait found, or that a look at /proc finds."""
        if self.open_pidfd:
            if not self.ready_fds:
                return []
            by_pidfd = self.instance_by_pidfd
            ended = [by_pidfd[fd] for fd in self.ready_fds if fd in by_pidfd]
        else:
            running = [i for service in self.services.values() for i in service.instances]
            ended = [instance for instance in running if not self.is_running(instance)]
        return [self.mark_ended(instance, seen_ns) for instance in ended]

    @staticmethod
    def is_running(instance):
        # type: (Instance) -> bool
        """Look at /proc whether that very process runs."""
        stat = read_stat(instance.pid)
        return bool(stat and stat.starttime == instance.starttime and stat.state not in "ZX")

    def mark_ended(self, instance, seen_ns):
        # type: (Instance, int) -> Observation
        """Take an instance off its service, and close its pidfd."""
        instance.end_ns = seen_ns
        if instance.pidfd is not None:
            self.poll_all.unregister(instance.pidfd)
            del self.instance_by_pidfd[instance.pidfd]
            os.close(instance.pidfd)
            instance.pidfd = None
        instance.service.instances.remove(instance)
        return Observation("gone", seen_ns, instance)

    def interpret_line(self, content, seen_ns):
        # type: (bytes, int) -> list[Observation]
        """Return what a line tells; nothing where it tells of a start that is registered."""
        line = parse_line(content)
        if not line:
            text = content[:200].decode("utf-8", "replace")
            noise = [Observation("noise", seen_ns, text=text)]
            # What lacks its newline runs into the next line, which is whole all the same.
            begin = content.rfind(b'{"event"')
            return noise + self.interpret_line(content[begin:], seen_ns) if begin > 0 else noise
        service = self.service(line["service"])
        if line["event"] == "start":
            started = self.register_start(service, line, "line")
            return [Observation("start", seen_ns, started)] if started else []
        if line["event"] == "left":
            service.register_left(line)
        instance = None
        for candidate in service.instances:
            if candidate.pid == line["pid"] and candidate.seq == line["seq"]:
                instance = candidate
                break
        if instance and line["event"] == "ready":
            instance.ready_ns = line["ready_ns"]
        return [Observation(line["event"], seen_ns, instance, line)]

    # -- instances

    def register_start(self, service, start, source):
        # type: (WatchedService, Line, str) -> Instance | None
        """Return a new instance; None where that start is registered."""
        if (start["pid"], start["main_ns"]) in service.registered:
            return None
        instance = Instance(service, start, source)
        service.register(instance)
        self.attach(instance)
        return instance

    def attach(self, instance):
        # type: (Instance) -> None
        """Attach to the process of an instance, or note that it has ended.

        First take what tells the process from any other of its pid, then check that it is the one.
        """
        pidfd = None
        if self.open_pidfd:
            try:
                pidfd = self.open_pidfd(instance.pid)
            except OSError as e:
                if e.errno not in (errno.ESRCH, errno.EINVAL):
                    raise
                instance.end_ns = now()
                return
        else:
            stat = read_stat(instance.pid)
            instance.starttime = stat.starttime if stat else None
        if not self.is_daemon(instance.pid, instance.service, instance.up_ns):
            if pidfd is not None:
                os.close(pidfd)
            instance.end_ns = now()
            return
        instance.service.instances.append(instance)
        if pidfd is not None:
            instance.pidfd = pidfd
            self.instance_by_pidfd[pidfd] = instance
            self.poll_all.register(pidfd, select.POLLIN)

    def is_daemon(self, pid, service, up_ns):
        # type: (int, WatchedService, int) -> bool
        """Tell whether a process is the daemon of a service that took that stamp itself."""
        if self.readiness is None:
            return is_testd(pid, service.name)
        return self.readiness.is_program(pid, up_ns)

    def check_record(self, service):
        # type: (WatchedService) -> Instance | None
        """Return the running instance whose start line did not arrive; None where none is new."""
        starts, _, pid, begun_ns, main_ns, up_ns = service.read_record()
        if not pid or (pid, main_ns) in service.registered:
            return None
        stat = read_stat(pid)
        if not stat or not self.is_daemon(pid, service, up_ns):
            return None
        start = {
            "pid": pid,
            "ppid": stat.ppid,
            "seq": starts,
            "begun_ns": begun_ns,
            "main_ns": main_ns,
            "up_ns": up_ns,
        }  # type: Line
        instance = self.register_start(service, start, "record")
        return instance if instance and instance.end_ns is None else None

    def send_signal(self, instance, number):
        # type: (Instance, int) -> int | None
        """Send a signal to that very process; returns the stamp just before, None if it is gone.

        Signal 0 goes first. It has no effect, but it takes the same path through the kernel. On a
        processor that has slept, the second call is then closer to its stamp.
        """
        try:
            if instance.pidfd is not None and self.send_by_pidfd:
                send, pidfd = self.send_by_pidfd, instance.pidfd
                send(pidfd, 0)
                kill_ns = now()
                send(pidfd, number)
                return kill_ns
            if not self.is_running(instance):
                return None
            os.kill(instance.pid, 0)
            kill_ns = now()
            os.kill(instance.pid, number)
            return kill_ns
        except OSError as e:
            if e.errno != errno.ESRCH:
                raise
            return None

    # -- reporting

    def report_until(self, until):
        # type: (int) -> None
        """Report all that happens until that instant."""
        while now() < until:
            for observation in self.observe(until):
                observation.report()

    def report_pending(self):
        # type: () -> None
        """Report what has happened up to now, before any later event is emitted."""
        for observation in self.observe(now()):
            observation.report()

    def report_starts_without_line(self, services):
        # type: (Iterable[WatchedService]) -> None
        """Report the running instances that only the records show."""
        self.report_pending()  # lines first, in their order
        for service in services:
            instance = self.check_record(service)
            if instance:
                Observation("start", now(), instance).report()

    def wait_for_child(self, child, until):
        # type: (subprocess.Popen[bytes], int) -> int | None
        """Report until a child ends; returns its exit code, None where it had to be killed."""
        pidfd = self.open_pidfd(child.pid) if self.open_pidfd else None
        try:
            if pidfd is not None:
                self.poll_all.register(pidfd, select.POLLIN)
            while child.poll() is None and now() < until:
                for observation in self.observe(until):
                    observation.report()
            self.report_pending()
            return child.returncode
        finally:
            if pidfd is not None:
                self.poll_all.unregister(pidfd)
                os.close(pidfd)
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def raise_file_limit():
    # type: () -> tuple[int, int]
    """Make room for a pidfd of each of many services; returns the original limits."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    return limits
