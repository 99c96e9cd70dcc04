#!/usr/bin/env python
"""The measuring program: runs inside a guest, beside the supervisor, and says what happens.

    measure.py PLAN.json        (or - for standard input)

A plan is a JSON object: {"dir": "/srv/testd", "services": ["s1"], "seed": 7, "steps": [...]}.
The steps run in order; what happens is printed as JSON, one object a line, as it happens. The
program ends by itself: every step has a deadline. It knows no supervisor by name.

One file, Python 2.7.3 and later, standard library only. README.md lists the steps and lines.
Exit code: 0 all steps ran, 1 a step failed in itself (an "error" line says how) or nobody reads
the output any more, 2 the plan is malformed.
"""
from __future__ import division, print_function

import bisect
import collections
import ctypes
import errno
import fcntl
import gc
import json
import math
import os
import platform
import random
import re
import resource
import select
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import traceback

SECOND = 1000000000
SERVICE_NAME = re.compile(r"^[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,63}$")
RECORD = struct.Struct("=6Q")  # struct record of testd.c
LONGEST_LINE = 4096  # PIPE_BUF: testd's lines are shorter
CHUNK = 1 << 16
F_SETPIPE_SZ = 1031
PIPE_SIZE = 1 << 20
NR_PIDFD_SEND_SIGNAL, NR_PIDFD_OPEN = 424, 434  # the same numbers on every architecture used
FRESH_BELOW = 1.0  # s: groups whose upper uptime is below it need a fresh start
FRESH_SLACK = 0.05  # s: how much later than drawn a kill of a fresh group may be
UNWATCHED = 20000000  # ns after a kill: an end is watched for later, or once the successor is there
COMMAND_DEADLINE = 60  # s: for a command that asks a supervisor for something
KEPT = 1000  # starts of a service that are remembered
STAMPS_KEPT = 150  # of the first starts in a crash loop, and of its last
RETRIES = 20  # unexpected ends of the service that one trial puts up with

try:
    TEXT = (str, unicode)
    INTEGER = (int, long)
except NameError:
    TEXT = (str,)
    INTEGER = (int,)


# ---- clock ---------------------------------------------------------------------------------


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def libc_with(name):
    """The C library that has the function; librt had the clocks before glibc 2.17."""
    for library in (None, "librt.so.1"):
        try:
            loaded = ctypes.CDLL(library, use_errno=True)
            getattr(loaded, name)
            return loaded
        except (OSError, AttributeError):
            continue
    return None


def clock_by_ctypes():
    function = libc_with("clock_gettime").clock_gettime
    spec = Timespec()
    where = ctypes.byref(spec)

    def now():
        function(1, where)
        return spec.seconds * SECOND + spec.nanoseconds

    return now


def choose_clock():
    """CLOCK_MONOTONIC in ns, and how it is read."""
    if hasattr(time, "clock_gettime_ns"):
        read, monotonic = time.clock_gettime_ns, time.CLOCK_MONOTONIC
        return (lambda: read(monotonic)), "clock_gettime_ns"
    return clock_by_ctypes(), "clock_gettime by ctypes"


now, CLOCK_METHOD = choose_clock()


def clock_resolution():
    spec = Timespec()
    libc_with("clock_getres").clock_getres(1, ctypes.byref(spec))
    return spec.seconds * SECOND + spec.nanoseconds


# ---- processes -----------------------------------------------------------------------------


def failing(number):
    return OSError(number, os.strerror(number))


def pidfd_by_ctypes():
    libc = ctypes.CDLL(None, use_errno=True)

    def system_call(*arguments):
        result = libc.syscall(*arguments)
        if result < 0:
            raise failing(ctypes.get_errno())
        return result

    def open_pidfd(pid):
        return system_call(NR_PIDFD_OPEN, ctypes.c_int(pid), ctypes.c_uint(0))

    def send(pidfd, number):
        system_call(NR_PIDFD_SEND_SIGNAL, ctypes.c_int(pidfd), ctypes.c_int(number),
                    ctypes.c_void_p(None), ctypes.c_uint(0))

    return open_pidfd, send


def choose_pidfd():
    """How to hold a process: (open, send, name), or (None, None, name) where the kernel cannot."""
    candidates = [pidfd_by_ctypes() + ("pidfd by ctypes",)]
    if hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal"):
        candidates.insert(0, (os.pidfd_open, signal.pidfd_send_signal, "pidfd"))
    for open_pidfd, send, name in candidates:
        try:
            fd = open_pidfd(os.getpid())
            send(fd, 0)
            os.close(fd)
        except OSError:
            continue
        return open_pidfd, send, name
    return None, None, "proc polling"


def read_bytes(path, limit):
    """Content of a file, up to that size; b"" where it cannot be had.

    Without a file object: to make one costs a processor that has slept as much as the reading.
    """
    parts, left = [], limit
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            while left:
                parts.append(os.read(fd, min(left, CHUNK)))
                left -= len(parts[-1])
                if not parts[-1]:
                    break
        finally:
            os.close(fd)
    except OSError:
        return b""
    return b"".join(parts)


def read_proc(pid, name, limit=1 << 20):
    """Content of /proc/PID/NAME as text; '' where it cannot be had (the process may be gone)."""
    return read_bytes("/proc/%s/%s" % (pid, name), limit).decode("utf-8", "replace")


Stat = collections.namedtuple(
    "Stat", "pid comm state ppid utime stime cutime cstime threads starttime")


def read_stat(pid):
    """The fields of /proc/PID/stat that are used here, times in ticks; None if it is gone."""
    text = read_proc(pid, "stat")
    if ")" not in text:
        return None
    name, rest = text.rsplit(")", 1)
    fields = rest.split()
    numbers = [int(fields[i]) for i in (1, 11, 12, 13, 14, 17, 19)]
    return Stat(int(pid), name.split("(", 1)[1], fields[0], *numbers)


def pids():
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def all_stats():
    """pid -> Stat of every process that can be seen."""
    stats = ((pid, read_stat(pid)) for pid in pids())
    return dict((pid, s) for pid, s in stats if s)


def arguments(pid):
    return read_proc(pid, "cmdline").split("\0")[:-1]


def link(pid, name):
    try:
        return os.readlink(("/proc/%s/%s" % (pid, name)).encode()).decode("utf-8", "replace")
    except OSError:
        return None


def status_fields(pid, name="status"):
    """/proc/PID/status and its like as a dict of texts."""
    lines = (line.split(":", 1) for line in read_proc(pid, name).splitlines())
    return dict((l[0], l[1].strip()) for l in lines if len(l) == 2)


def kilobytes(fields, key):
    text = fields.get(key, "")
    return int(text.split()[0]) if text else None


def is_testd(pid, service):
    """Is that process the test daemon of that service, and no zombie, which has no arguments?

    testd names itself, whatever ran it.
    """
    return read_proc(pid, "comm") == "testd\n" and service in arguments(pid)[1:]


def descendants(stats, roots):
    """The pids in roots and all below them."""
    children = collections.defaultdict(list)
    for s in stats.values():
        children[s.ppid].append(s.pid)
    found, todo = set(), [pid for pid in roots if pid in stats]
    while todo:
        pid = todo.pop()
        if pid in found:
            continue
        found.add(pid)
        todo.extend(children[pid])
    return found


def strangers(stats):
    """Pids that are no part of the guest: this program, its ancestors, and what came from outside.

    A session that entered the namespace (and the kernel's threads) has parent 0, as only PID 1 has
    otherwise.
    """
    outside = descendants(stats, [s.pid for s in stats.values() if s.ppid == 0 and s.pid != 1])
    pid = os.getpid()
    while pid in stats and pid != 1:
        outside.add(pid)
        pid = stats[pid].ppid
    return outside


# ---- output --------------------------------------------------------------------------------


class NobodyListens(Exception):
    """The reader of the output has gone."""


class Failed(Exception):
    """A step cannot do what it is for: what, and what is known."""


encode = json.JSONEncoder(sort_keys=True).encode  # json.dumps makes such a one for each call


def emit(event, **fields):
    """Print one line, at once. Raises NobodyListens when the reader has gone."""
    fields["event"] = event
    data = (encode(fields) + "\n").encode("ascii")
    while data:
        try:
            data = data[os.write(1, data):]
        except OSError as e:
            if e.errno == errno.EPIPE:
                raise NobodyListens()
            if e.errno not in (errno.EAGAIN, errno.EINTR):
                raise
            select.select([], [1], [], 1.0)


# ---- services ------------------------------------------------------------------------------


class Life(object):
    """One process life of a service, from its start line (or the record) to its end."""

    def __init__(self, service, start, found_by):
        self.service = service
        self.pid, self.seq = start["pid"], start["seq"]
        self.ppid, self.main_ns, self.up_ns = start["ppid"], start["main_ns"], start["up_ns"]
        self.begun_ns = start["begun_ns"] or None  # where the entry point has no stamp
        self.found_by = found_by  # "line" or "record"
        self.missed = 0  # starts between the one seen before and this one
        self.ready_ns = None
        self.pidfd = None
        self.starttime = None
        self.gone_ns = None  # when its end was observed


class Service(object):
    def __init__(self, name, directory):
        self.name = name
        self.path = os.path.join(directory, name)
        self.lives = []  # those not known to be gone, oldest first
        self.seq = None  # the newest start known
        self.known = collections.OrderedDict()  # (pid, main_ns) of the last lives taken note of
        self.stamped = 0  # how many lives were taken note of
        # main_ns of each start, in order; one that went unseen counts as of the next that was seen
        self.starts = []

    def record(self):
        """(starts, lost, pid, begun_ns, main_ns, up_ns) of testd; zeros before the first start."""
        for _ in range(100):
            first, second = self.read_record(), self.read_record()
            if first == second and (first[2] or not first[0]):
                return first
            time.sleep(0.0001)
        return first

    def read_record(self):
        data = read_bytes(self.path + ".count", RECORD.size)
        return RECORD.unpack(data) if len(data) == RECORD.size else (0,) * 6

    def current(self):
        """The newest living life, or None."""
        return self.lives[-1] if self.lives else None

    def begin(self, life):
        """Take note of a start."""
        unseen = max(0, life.seq - (self.seq or 0) - 1)
        life.missed = unseen if self.seq is not None else 0  # before our time: nobody's loss
        self.seq = max(self.seq or 0, life.seq)
        self.known[life.pid, life.main_ns] = None
        if len(self.known) > KEPT:
            self.known.popitem(last=False)
        self.stamped += 1
        at = bisect.bisect(self.starts, life.main_ns)
        self.starts[at:at] = [life.main_ns] * (min(unseen, KEPT) + 1)
        del self.starts[:-KEPT]


class Bench(object):
    """What the steps work with: the services, the FIFO, the processes held, the poll over all."""

    def __init__(self, plan):
        self.dir = plan["dir"]
        self.seed = plan["seed"]
        self.pidfiles = plan["pidfiles"]
        self.services = collections.OrderedDict()
        for name in plan["services"]:
            self.services[name] = Service(name, self.dir)
        self.fifo = open_fifo(self.dir)
        self.rest = b""
        self.held = {}  # pidfd -> Life
        self.files = raise_file_limit()
        self.did, self.began_ns = None, 0  # the step before this one
        self.vigil = False  # an end is awaited now: matters where ends have to be polled
        self.open_pidfd, self.send, self.method = choose_pidfd()
        self.told, self.poll = select.poll(), select.poll()  # lines; lines and ends
        for each in (self.told, self.poll):
            each.register(self.fifo, select.POLLIN)
            each.register(1, 0)

    def service(self, name):
        if name not in self.services:
            self.services[name] = Service(name, self.dir)
        return self.services[name]

    # -- listening

    def listen(self, until, ends=True):
        """One turn: wait for something to happen, at most until that instant (ns).

        Returns what happened, oldest first: dicts with "event" (start, ready, exit as testd told,
        gone as observed if ends are watched for, noise), "seen_ns" and, but for noise, "life".
        """
        self.poll_once(until, ends)
        seen_ns = now()
        happened = self.ends(seen_ns) if ends else []
        for line in self.lines():
            happened.extend(self.understand(line, seen_ns))
        return happened

    def poll_once(self, until, ends=True):
        left = max(0, until - now())
        milliseconds = min(-(-left // 1000000), 1000)
        if ends and not self.open_pidfd:
            milliseconds = min(milliseconds, 1 if self.vigil else 20)
        try:
            ready = (self.poll if ends else self.told).poll(milliseconds)
        except (OSError, select.error) as e:
            if e.args[0] != errno.EINTR:
                raise
            ready = []
        self.readable = [fd for fd, _ in ready]
        if 1 in self.readable:
            raise NobodyListens()

    def ends(self, seen_ns):
        if self.open_pidfd:
            over = [self.held[fd] for fd in self.readable if fd in self.held]
        else:
            lives = [life for s in self.services.values() for life in s.lives]
            over = [life for life in lives if not self.lives_by_proc(life)]
        return [self.bury(life, seen_ns) for life in over]

    @staticmethod
    def lives_by_proc(life):
        s = read_stat(life.pid)
        return bool(s) and s.starttime == life.starttime and s.state not in "ZX"

    def bury(self, life, seen_ns):
        life.gone_ns = seen_ns
        if life.pidfd is not None:
            self.poll.unregister(life.pidfd)
            del self.held[life.pidfd]
            os.close(life.pidfd)
            life.pidfd = None
        life.service.lives.remove(life)
        return {"event": "gone", "life": life, "seen_ns": seen_ns}

    def lines(self):
        """Whole lines that have arrived in the FIFO, if the last poll told of any."""
        if self.fifo not in self.readable:
            return []
        while True:
            try:
                data = os.read(self.fifo, CHUNK)
            except OSError as e:
                if e.errno == errno.EINTR:
                    continue
                if e.errno != errno.EAGAIN:
                    raise
                break
            self.rest += data
            if len(data) < CHUNK:
                break
        parts = self.rest.split(b"\n")
        self.rest = parts.pop()
        if len(self.rest) > LONGEST_LINE:
            parts.append(self.rest)
            self.rest = b""
        return parts

    def understand(self, line, seen_ns):
        told = parse_line(line)
        if not told:
            noise = {"event": "noise", "seen_ns": seen_ns,
                     "text": line[:200].decode("utf-8", "replace")}
            # What lacks its newline runs into the next line, which is whole all the same.
            begin = line.rfind(b'{"event"')
            return [noise] + (self.understand(line[begin:], seen_ns) if begin > 0 else [])
        service = self.service(told["service"])
        if told["event"] == "start":
            life = self.begin(service, told, "line")
            return [{"event": "start", "life": life, "seen_ns": seen_ns}] if life else []
        for life in service.lives:
            if life.pid == told["pid"] and life.seq == told["seq"]:
                if told["event"] == "ready":
                    life.ready_ns = told["ready_ns"]
                break
        else:
            life = None
        return [{"event": told["event"], "life": life, "seen_ns": seen_ns, "told": told}]

    # -- lives

    def begin(self, service, start, found_by):
        """A new life from a start line or the record; None if it is known already."""
        if (start["pid"], start["main_ns"]) in service.known:
            return None
        life = Life(service, start, found_by)
        service.begin(life)
        self.hold(life)
        return life

    def hold(self, life):
        """Get hold of the process: first what tells it from others, then whether it is the one."""
        pidfd = None
        if self.open_pidfd:
            try:
                pidfd = self.open_pidfd(life.pid)
            except OSError as e:
                if e.errno not in (errno.ESRCH, errno.EINVAL):
                    raise
                life.gone_ns = now()
                return
        else:
            s = read_stat(life.pid)
            life.starttime = s and s.starttime
        if not is_testd(life.pid, life.service.name):
            if pidfd is not None:
                os.close(pidfd)
            life.gone_ns = now()
            return
        life.service.lives.append(life)
        if pidfd is not None:
            life.pidfd = pidfd
            self.held[pidfd] = life
            self.poll.register(pidfd, select.POLLIN)

    def look_at_record(self, service):
        """Find by the record a life whose start line went unseen; None if there is none."""
        starts, _, pid, begun_ns, main_ns, up_ns = service.record()
        if not pid or (pid, main_ns) in service.known:
            return None
        s = read_stat(pid)
        if not s or not is_testd(pid, service.name):
            return None
        start = {"pid": pid, "ppid": s.ppid, "seq": starts, "begun_ns": begun_ns,
                 "main_ns": main_ns, "up_ns": up_ns}
        life = self.begin(service, start, "record")
        return life if life and life.gone_ns is None else None

    def signal(self, life, number):
        """Send a signal to that very process; returns the stamp before the call, None if gone.

        Signal 0 before it does nothing but walk the same way, on a processor that has slept: what
        follows lies closer to the stamp.
        """
        try:
            if life.pidfd is not None:
                send, pidfd = self.send, life.pidfd
                send(pidfd, 0)
                kill_ns = now()
                send(pidfd, number)
                return kill_ns
            if not self.lives_by_proc(life):
                return None
            os.kill(life.pid, 0)
            kill_ns = now()
            os.kill(life.pid, number)
            return kill_ns
        except OSError as e:
            if e.errno != errno.ESRCH:
                raise
            return None

    def wait_for_child(self, child, until):
        """Listen until a child of ours ends; its exit code, or None if it had to be killed."""
        pidfd = self.open_pidfd(child.pid) if self.open_pidfd else None
        try:
            if pidfd is not None:
                self.poll.register(pidfd, select.POLLIN)
            while child.poll() is None and now() < until:
                for thing in self.listen(until):
                    say(thing)
            self.drain()
            return child.returncode
        finally:
            if pidfd is not None:
                self.poll.unregister(pidfd)
                os.close(pidfd)
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def watch(self, until):
        """Listen until that instant and say all that happens."""
        while now() < until:
            for thing in self.listen(until):
                say(thing)

    def drain(self):
        """Say what has happened up to now, so that it is not said after what follows."""
        for thing in self.listen(now()):
            say(thing)

    def meet(self, services):
        """Look at the records, and say which lives they made known."""
        self.drain()  # what was told comes first, and in its order
        for service in services:
            life = self.look_at_record(service)
            if life:
                say({"event": "start", "life": life, "seen_ns": now()})


def raise_file_limit():
    """Room for a pidfd of each of many services; returns the limits as they were."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    return limits


def open_fifo(directory):
    """DIR/stamps, made if missing; held for reading and writing, so that it never ends.

    Raises Malformed where it cannot be had, or where another measuring program holds it.
    """
    path = os.path.join(directory, "stamps")
    try:
        if not os.path.isdir(directory):
            os.makedirs(directory)
            os.chmod(directory, 0o777)
        try:
            os.mkfifo(path)
            os.chmod(path, 0o666)
        except OSError as e:
            if e.errno != errno.EEXIST:
                raise
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError as e:
        raise Malformed("%s: %s" % (path, e.strerror))
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        raise Malformed("%s is no FIFO: remove it" % path)
    fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (IOError, OSError):
        raise Malformed("%s: another measure.py reads it" % path)
    try:
        fcntl.fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE)
    except (IOError, OSError):
        pass  # older kernels and tighter limits: 64 KiB hold some 400 lines
    return fd


LINE_KEYS = {"start": ("pid", "ppid", "seq", "begun_ns", "main_ns", "up_ns"),
             "ready": ("pid", "seq", "ready_ns"),
             "exit": ("pid", "seq", "exit_ns"),
             "left": ("pid", "seq", "left_ns")}


def parse_line(line):
    """One line of testd as a dict, or None if it is anything else."""
    try:
        told = json.loads(line.decode("ascii"))
    except (ValueError, RuntimeError):  # the latter when nested too deep
        return None
    if not isinstance(told, dict) or not isinstance(told.get("event"), TEXT):
        return None
    if told["event"] not in LINE_KEYS:
        return None
    name = told.get("service")
    if not isinstance(name, TEXT) or not SERVICE_NAME.match(name):
        return None
    for key in LINE_KEYS[told["event"]]:
        value = told.get(key)
        if isinstance(value, bool) or not isinstance(value, INTEGER):
            return None
        if not 0 <= value < (1 << 31 if key in ("pid", "ppid") else 1 << 64):
            return None
    return told


def life_fields(life):
    return {"service": life.service.name, "pid": life.pid, "ppid": life.ppid, "seq": life.seq,
            "main_ns": life.main_ns, "up_ns": life.up_ns, "by": life.found_by,
            "missed": life.missed}


# ---- plans ---------------------------------------------------------------------------------


class Malformed(Exception):
    """The plan, or where it is to run, is wrong: what, where, what would be right."""


REQUIRED = object()
STEPS = {}  # name -> (function, {key: (check, default)})


def step(name, **keys):
    """Register a step. Its keys: name=(check) is required, name=(check, default) is not."""
    def register(function):
        STEPS[name] = (function, dict((k, v + (REQUIRED,) if len(v) == 1 else v)
                                      for k, v in keys.items()))
        return function
    return register


def expect(good, what):
    if not good:
        raise Malformed("must be " + what)


def is_number(value):
    return isinstance(value, INTEGER + (float,)) and not isinstance(value, bool)


def seconds(value):
    expect(is_number(value) and 0 <= value < 1e6, "a number of seconds, 0 or more")
    return value


def whole(value):
    expect(isinstance(value, INTEGER) and not isinstance(value, bool) and value >= 0,
           "a whole number, 0 or more")
    return value


def signal_number(value):
    expect(1 <= whole(value) <= 64, "a signal's number, 1 to 64")
    return value


def truth(value):
    expect(isinstance(value, bool), "true or false")
    return value


def text(value):
    expect(isinstance(value, TEXT), "a text")
    return value


def service_name(value):
    expect(isinstance(value, TEXT) and SERVICE_NAME.match(value),
           "a service name (1 to 64 of a-z A-Z 0-9 . _ @ -)")
    return value


def service_names(value):
    expect(isinstance(value, list) and value, "a list of service names")
    return [service_name(name) for name in value]


def root_names(value):
    expect(isinstance(value, list) and all(
        (isinstance(v, INTEGER) and not isinstance(v, bool)) or isinstance(v, TEXT)
        for v in value), "a list of process names and pids")
    return value


def target(value):
    expect(isinstance(value, TEXT) and re.match(r"^(service|comm|pid):.+$", value) and
           (not value.startswith("pid:") or value[4:].isdigit()),
           "service:NAME, comm:NAME or pid:NUMBER")
    return value


def limit_of_starts(value):
    if value is None:
        return None
    expect(isinstance(value, list) and len(value) == 2, "[count, window in seconds] or null")
    expect(whole(value[0]) >= 3, "[count of 3 or more, window in seconds]")
    return [value[0], seconds(value[1])]


def slot_of_time(value):
    if value is None:
        return None
    expect(isinstance(value, dict) and sorted(value) == ["count", "index", "width"],
           '{"index": i, "count": n, "width": seconds} or null')
    expect(whole(value["index"]) < whole(value["count"]), "a slot whose index is below its count")
    expect(seconds(value["width"]) > 0, "a slot wider than 0 s")
    return value


def trial_groups(value):
    expect(isinstance(value, list) and value, "a list of groups")
    groups = []
    for group in value:
        expect(isinstance(group, dict) and set(group) - set(["fresh"]) ==
               set(["name", "trials", "uptime"]),
               'a list of {"name", "trials", "uptime": [low, high]} and perhaps "fresh"')
        text(group["name"])
        whole(group["trials"])
        expect(isinstance(group["uptime"], list) and len(group["uptime"]) == 2,
               "groups with an uptime [low, high] in seconds")
        low, high = [seconds(u) for u in group["uptime"]]
        expect(low <= high, "groups with an uptime [low, high], low first")
        fresh = truth(group.get("fresh", high < FRESH_BELOW))
        groups.append({"name": group["name"], "trials": group["trials"], "low": low,
                       "high": high, "fresh": fresh})
    return groups


def checked(where, given, keys):
    """The given object with each key checked and defaults filled in."""
    expect(isinstance(given, dict), "an object")
    for key in sorted(given):
        if key not in keys:
            raise Malformed("%s: unknown key %s; known: %s" % (
                where, json.dumps(key), " ".join(sorted(keys))))
    values = {}
    for key, (check, default) in keys.items():
        if key not in given and default is REQUIRED:
            raise Malformed("%s: %s is missing" % (where, json.dumps(key)))
        if key not in given:
            values[key] = default
            continue
        try:
            values[key] = check(given[key])
        except Malformed as e:
            raise Malformed("%s: %s %s, not %s" % (
                where, json.dumps(key), e, json.dumps(given[key])[:200]))
    return values


def list_of_steps(value):
    expect(isinstance(value, list), "a list of steps")
    return value


def pidfile_names(value):
    expect(isinstance(value, dict) and all(isinstance(v, TEXT) for v in value.values()),
           "an object of service names and paths")
    return value


PLAN_KEYS = {
    "dir": (text, "/srv/testd"),
    "services": (service_names, REQUIRED),
    "seed": (whole, REQUIRED),
    "steps": (list_of_steps, REQUIRED),
    "pidfiles": (pidfile_names, {}),
}


def check_plan(given):
    """The plan with defaults, its steps as (function, values). Raises Malformed."""
    if not isinstance(given, dict):
        raise Malformed("plan: must be an object")
    plan = checked("plan", given, PLAN_KEYS)
    steps = []
    for index, one in enumerate(plan["steps"]):
        where = "steps[%d]" % index
        name = one.get("do") if isinstance(one, dict) else None
        if not isinstance(name, TEXT) or name not in STEPS:
            raise Malformed('%s: "do" must be one of %s, not %s' % (
                where, " ".join(sorted(STEPS)), json.dumps(name)))
        function, keys = STEPS[name]
        rest = dict((k, v) for k, v in one.items() if k != "do")
        steps.append((name, function, checked("%s (%s)" % (where, name), rest, keys)))
    plan["steps"] = steps
    return plan


def ns(value):
    return int(value * SECOND)


# ---- steps: waiting ------------------------------------------------------------------------


LOOK = SECOND // 5  # ns between looks at the records: for starts that nobody heard


@step("await", services=(service_names,), deadline=(seconds,), fresh=(truth, False),
      otherwise=(text, ""))
def await_services(bench, p):
    """Wait until each service lives; "fresh": only a start after this step began counts, or after
    the signal or command right before it did: the successor may be up before this step is.

    "otherwise": a shell command for when they do not, after which they have as long again.
    """
    begin = bench.began_ns if bench.did in ("signal", "run") else now()
    if await_until(bench, p, begin, now() + ns(p["deadline"])) and p["otherwise"]:
        run(bench, {"command": p["otherwise"], "deadline": COMMAND_DEADLINE})
        await_until(bench, p, begin, now() + ns(p["deadline"]))


def await_until(bench, p, begin, until):
    """Say which services are up and which are not; returns the names of the latter."""
    waited = dict((name, bench.service(name)) for name in p["services"])
    while True:
        bench.meet(waited.values())
        next_look = min(until, now() + LOOK)
        say_who_is_up(waited, begin if p["fresh"] else 0)
        while waited and now() < next_look:
            for thing in bench.listen(next_look):
                say(thing)
            say_who_is_up(waited, begin if p["fresh"] else 0)
        if not waited or now() >= until:
            break
    for name, service in sorted(waited.items()):
        starts, lost = service.record()[:2]
        emit("down", service=name, deadline_s=p["deadline"], starts=starts, lost=lost, ns=now())
    return sorted(waited)


def say_who_is_up(waited, since):
    """Say which of the services live by a start since then, and take them off the list."""
    for name, service in sorted(waited.items()):
        life = service.current()
        if life and life.main_ns >= since:
            emit("up", **life_fields(life))
            del waited[name]


@step("end", service=(service_name,), deadline=(seconds,))
def await_end(bench, p):
    """Wait until no life of the service is left."""
    service = bench.service(p["service"])
    until = now() + ns(p["deadline"])
    bench.meet([service])
    bench.vigil = True
    while service.lives and now() < until:
        for thing in bench.listen(until):
            say(thing)
    bench.vigil = False
    if service.lives:
        emit("alive", service=service.name, deadline_s=p["deadline"], ns=now(),
             pids=[life.pid for life in service.lives])


@step("starts", service=(service_name,), seconds=(seconds,))
def count_starts(bench, p):
    """Count a service's starts, getting hold of none: there may be a thousand in a second.

    per_second: how many in each second of the window; first, last: the main_ns of some.
    """
    service = bench.service(p["service"])
    begin_ns, lost = now(), service.record()[1]
    until = begin_ns + ns(p["seconds"])
    stamps, per_second = [], [0] * max(1, int(math.ceil(p["seconds"])))
    while now() < until:
        bench.poll_once(until)
        for thing in bench.ends(now()):
            say(thing)
        for line in bench.lines():
            told = parse_line(line)
            if told and told["event"] == "start" and told["service"] == service.name:
                stamps.append(told["main_ns"])
    stamps.sort()
    for stamp in stamps:
        second = (stamp - begin_ns) // SECOND
        per_second[min(max(0, second), len(per_second) - 1)] += 1
    emit("starts", service=service.name, begin_ns=begin_ns, end_ns=now(), total=len(stamps),
         lost=service.record()[1] - lost, per_second=per_second, first=stamps[:STAMPS_KEPT],
         last=stamps[STAMPS_KEPT:][-STAMPS_KEPT:])


@step("sleep", seconds=(seconds,))
def sleep(bench, p):
    """Do nothing for a while: what is seen is said, as it is by every step but the trials."""
    bench.watch(now() + ns(p["seconds"]))


@step("watch", seconds=(seconds,))
def watch(bench, p):
    """As sleep, but say first which of the plan's services were up already, unheard."""
    bench.meet(list(bench.services.values()))
    sleep(bench, p)


def say(thing):
    """Print what listening brought: a start, ready or exit told, an end observed, or noise."""
    fields = {"seen_ns": thing["seen_ns"]}
    if thing.get("life"):
        fields.update(life_fields(thing["life"]))
    fields.update(thing.get("told", {}))
    if "text" in thing:
        fields["text"] = thing["text"]
    fields.pop("event", None)
    emit(thing["event"], **fields)


# ---- steps: doing --------------------------------------------------------------------------


@step("mode", service=(service_name,), text=(text,))
def mode(bench, p):
    """What testd does from its next start on; an empty text removes it."""
    path = os.path.join(bench.dir, p["service"] + ".mode")
    if p["text"]:
        write_whole(path, p["text"] + "\n")
    elif os.path.exists(path):
        os.unlink(path)
    emit("mode", service=p["service"], text=p["text"], ns=now())


def write_whole(path, content):
    """Readers find the old content or the new."""
    temporary = "%s.%d" % (path, os.getpid())
    with open(temporary, "wb") as f:
        f.write(content.encode("utf-8"))
    os.chmod(temporary, 0o644)
    os.rename(temporary, path)


@step("signal", target=(target,), signal=(signal_number,))
def send_signal(bench, p):
    kind, name = p["target"].split(":", 1)
    sent, refused = [], []
    targets = sorted(find_targets(bench, kind, name))
    begin_ns = now()
    for pid in targets:
        try:
            os.kill(pid, p["signal"])
            sent.append(pid)
        except OSError as e:
            refused.append({"pid": pid, "why": e.strerror})
    emit("signalled", target=p["target"], signal=p["signal"], pids=sent, refused=refused,
         begin_ns=begin_ns, end_ns=now())


def find_targets(bench, kind, name):
    if kind == "pid":
        return [int(name)]
    if kind == "comm":
        stats = all_stats()
        outside = strangers(stats)
        return [s.pid for s in stats.values() if s.comm == name and s.pid not in outside]
    service = bench.service(name)
    bench.meet([service])
    return [life.pid for life in service.lives]


@step("run", command=(text,), deadline=(seconds,))
def run(bench, p):
    """A shell command, in a session of its own; killed at the deadline ("rc": null)."""
    def alone():
        os.setsid()
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it; commands must not
        resource.setrlimit(resource.RLIMIT_NOFILE, bench.files)

    with tempfile.TemporaryFile() as output, open(os.devnull) as nothing:
        begin_ns = now()
        child = subprocess.Popen(["/bin/sh", "-c", p["command"].encode("utf-8")], stdin=nothing,
                                 stdout=output, stderr=subprocess.STDOUT, close_fds=True,
                                 preexec_fn=alone)
        rc = bench.wait_for_child(child, begin_ns + ns(p["deadline"]))
        end_ns = now()
        size = os.fstat(output.fileno()).st_size
        output.seek(max(0, size - 4000))
        tail = output.read().decode("utf-8", "replace")
    emit("ran", command=p["command"], rc=rc, output=tail, output_bytes=size, begin_ns=begin_ns,
         end_ns=end_ns)


# ---- steps: looking ------------------------------------------------------------------------


def describe(s):
    return {"pid": s.pid, "ppid": s.ppid, "comm": s.comm, "exe": link(s.pid, "exe"),
            "argv": arguments(s.pid), "cgroup": read_proc(s.pid, "cgroup").splitlines(),
            "state": s.state, "starttime": s.starttime,
            "uid": int((status_fields(s.pid).get("Uid") or "-1").split()[0])}


@step("snapshot")
def snapshot(bench, p):
    """Every process of the guest, but for this program's own session."""
    stats = all_stats()
    outside = strangers(stats)
    bench.meet(list(bench.services.values()))
    services = []
    for name, service in bench.services.items():
        starts, lost, pid, _, main_ns, up_ns = service.record()
        one = {"service": name, "pids": [life.pid for life in service.lives], "starts": starts,
               "lost": lost, "pid": pid, "main_ns": main_ns, "up_ns": up_ns}
        if name in bench.pidfiles:
            one["pidfile"] = read_file(bench.pidfiles[name])
        services.append(one)
    emit("processes", ns=now(), pid1=describe(stats[1]) if 1 in stats else None,
         services=services,
         processes=[describe(s) for pid, s in sorted(stats.items()) if pid not in outside])


def read_file(path):
    try:
        with open(path, "rb") as f:
            return f.read(4096).decode("utf-8", "replace")
    except (IOError, OSError):
        return None


def supervision(bench, p):
    """The supervision tree: pid -> Stat of the roots and what is below, without the services."""
    stats = all_stats()
    outside = strangers(stats)
    inside = dict((pid, s) for pid, s in stats.items() if pid not in outside)
    daemons = [s.pid for s in inside.values() if s.comm.startswith("testd")]
    services = descendants(inside, daemons)
    roots = [1] if p["pid1"] else find_roots(inside, p["root"])
    if not roots:
        raise Failed("no process is named %s; there are: %s" % (
            " or ".join(str(root) for root in p["root"]) or "in \"root\"",
            " ".join(sorted(set(s.comm for s in inside.values())))))
    return dict((pid, inside[pid]) for pid in descendants(inside, roots) if pid not in services)


def find_roots(stats, wanted):
    """Processes given by pid, by name, or by the name of the program or script they run."""
    def matches(s):
        if s.pid in wanted or s.comm in wanted:
            return True
        return any(os.path.basename(word) in wanted for word in arguments(s.pid)[:2])

    return [s.pid for s in stats.values() if matches(s)]


MEMORY_KEYS = ("VmPeak", "VmHWM", "VmRSS")


def proportional(pid):
    """Pss and Private_Dirty in kB, and from which file they are."""
    rolled = status_fields(pid, "smaps_rollup")
    if "Pss" in rolled:
        return kilobytes(rolled, "Pss"), kilobytes(rolled, "Private_Dirty"), "smaps_rollup"
    sums = {"Pss": 0, "Private_Dirty": 0}
    content = read_proc(pid, "smaps", 1 << 26)
    if not content:
        return None, None, "none"
    for line in content.splitlines():
        key, _, value = line.partition(":")
        if key in sums:
            sums[key] += int(value.split()[0])
    return sums["Pss"], sums["Private_Dirty"], "smaps"


def count_fds(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return None


def total(values):
    """The sum, or None where a part of it is not known."""
    values = list(values)
    return None if any(v is None for v in values) else sum(values)


TREE = {"root": (root_names, []), "pid1": (truth, False), "label": (text, "")}


@step("footprint", services=(whole,), **TREE)
def footprint(bench, p):
    """Memory (kB), threads and open files of each process of the supervision tree, and in all."""
    processes, vanished, methods = [], 0, set()
    for pid, s in sorted(supervision(bench, p).items()):
        fields = status_fields(pid)
        pss, dirty, method = proportional(pid)
        one = {"pid": pid, "ppid": s.ppid, "name": s.comm, "argv": arguments(pid)[:3],
               "Pss": pss, "Private_Dirty": dirty, "threads": s.threads, "fds": count_fds(pid)}
        for key in MEMORY_KEYS:
            one[key] = kilobytes(fields, key)
        if not read_stat(pid):
            vanished += 1
            continue
        methods.add(method)
        processes.append(one)
    keys = MEMORY_KEYS + ("Pss", "Private_Dirty", "threads", "fds")
    sums = dict((key, total(one[key] for one in processes)) for key in keys)
    sums["processes"] = len(processes)
    emit("footprint", ns=now(), label=p["label"], services=p["services"], processes=processes,
         total=sums, vanished=vanished, method=" and ".join(sorted(methods)))


# ---- steps: processor time -----------------------------------------------------------------

TICK_NS = SECOND // os.sysconf("SC_CLK_TCK")


def tasks(pid):
    try:
        return os.listdir("/proc/%d/task" % pid)
    except OSError:
        return []


def usage(s):
    """CPU time (ns) and context switches of one process, over the threads it has now.

    cpu_ns: to the nanosecond where the kernel tells; ticks_ns: to the tick, ended threads included.
    reaped_ns: what its ended and awaited children used, services among them (ticks).
    """
    by_schedstat, voluntary, involuntary = 0, 0, 0
    threads = tasks(s.pid)
    for task in threads:
        first = read_proc(s.pid, "task/%s/schedstat" % task).split()
        by_schedstat += int(first[0]) if first else 0
        fields = status_fields(s.pid, "task/%s/status" % task)
        voluntary += int(fields.get("voluntary_ctxt_switches", 0))
        involuntary += int(fields.get("nonvoluntary_ctxt_switches", 0))
    ticks_ns = (s.utime + s.stime) * TICK_NS
    return {"pid": s.pid, "starttime": s.starttime, "name": s.comm, "threads": threads,
            "cpu_ns": by_schedstat or ticks_ns, "method": "schedstat" if by_schedstat else "ticks",
            "ticks_ns": ticks_ns, "reaped_ns": (s.cutime + s.cstime) * TICK_NS,
            "voluntary": voluntary, "involuntary": involuntary}


USAGE_KEYS = ("cpu_ns", "ticks_ns", "reaped_ns", "voluntary", "involuntary")


def usages(bench, p):
    """(pid, starttime) -> usage of each process of the supervision tree."""
    found = [usage(s) for s in supervision(bench, p).values()]
    return dict(((u["pid"], u["starttime"]), u) for u in found)


def used_between(before, after):
    """What one process used; by ticks where threads ended, since they took their figures along."""
    used = dict((key, after[key] - before[key]) for key in USAGE_KEYS)
    used["method"] = after["method"]
    if set(before["threads"]) - set(after["threads"]):
        used.update(cpu_ns=used["ticks_ns"], method="ticks")
    return used


def sum_usages(many):
    return dict((key, sum(u[key] for u in many)) for key in USAGE_KEYS)


def methods_of(many):
    return " and ".join(sorted(set(u["method"] for u in many)))


@step("cpu_mark", **TREE)
def cpu_mark(bench, p):
    """What the supervision tree has used up to now, for taking differences around other steps."""
    begin_ns = now()
    many = list(usages(bench, p).values())
    emit("cpu_mark", label=p["label"], begin_ns=begin_ns, end_ns=now(), total=sum_usages(many),
         processes=sorted(many, key=lambda u: u["pid"]), method=methods_of(many))


@step("cpu", window=(seconds,), **TREE)
def cpu(bench, p):
    """What the supervision tree uses in a window: differences of what is known of each process."""
    begin_ns = now()
    before = usages(bench, p)
    bench.watch(begin_ns + ns(p["window"]))
    end_ns = now()
    after = usages(bench, p)
    nothing = dict(dict.fromkeys(USAGE_KEYS, 0), threads=[])
    used = [used_between(before.get(who, nothing), u) for who, u in after.items()]
    emit("cpu", label=p["label"], begin_ns=begin_ns, end_ns=end_ns,
         total=sum_usages(used), processes=len(after),
         came=sorted(u["name"] for who, u in after.items() if who not in before),
         went=sorted(u["name"] for who, u in before.items() if who not in after),
         method=methods_of(used))


# ---- steps: trials -------------------------------------------------------------------------


class Trial(object):
    """What one kill is to be, drawn before the first kill so that nothing shifts the sequence."""

    def __init__(self, group, generator, warmup=False):
        self.group = group["name"]
        self.fresh = group["fresh"]
        self.low, self.high = group["low"], group["high"]
        self.uptime = self.low + (self.high - self.low) * generator.random()
        self.offset = generator.random()  # where in the first tenth of the slot
        self.warmup = warmup
        self.number = None
        self.following = 0  # fresh trials next in line, whose kills must fit the limit too


def plan_trials(p, generator):
    """The trials in their order: warm-up first, then all groups mixed. Uses random() only,
    whose sequence is the same in every Python."""
    trials = [Trial(p["groups"][0], generator, warmup=True) for _ in range(p["warmup"])]
    rest = [Trial(group, generator) for group in p["groups"] for _ in range(group["trials"])]
    for i in range(len(rest) - 1, 0, -1):
        j = int(generator.random() * (i + 1))
        rest[i], rest[j] = rest[j], rest[i]
    trials.extend(rest)
    for number, trial in enumerate(trials):
        trial.number = number
    for trial, successor in reversed(list(zip(trials, trials[1:]))):
        trial.following = successor.following + 1 if successor.fresh else 0
    return trials


def next_in_slot(instant, slot, offset):
    """The first instant (ns) not before the given one that lies in the slot's first tenth."""
    if not slot:
        return instant
    width = ns(slot["width"])
    cycle = width * slot["count"]
    chosen = instant - instant % cycle + slot["index"] * width + int(width * 0.1 * offset)
    return chosen if chosen >= instant else chosen + cycle


class Trials(object):
    """The engine of restarts: waits, kills, and stamps what comes after."""

    def __init__(self, bench, p, generator):
        self.bench = bench
        self.p = p
        self.service = bench.service(p["service"])
        self.deadline = ns(p["deadline"])
        self.generator = generator

    def run(self):
        trials = plan_trials(self.p, self.generator)
        # A collection, between two kills, then looks at their objects alone: 3 ms become 0.1 ms.
        if hasattr(gc, "freeze"):
            gc.collect()
            gc.freeze()
        for index, trial in enumerate(trials):
            why = self.one(trial)
            if why:
                emit("gaveup", service=self.service.name, trial=trial.number, why=why,
                     remaining=len(trials) - index, patience_s=self.p["patience"])
                return

    def one(self, trial):
        """One trial, whatever it takes; returns why it is hopeless, or None when it is done."""
        for _ in range(RETRIES):
            life = self.living()
            if not life:
                return "it does not come back"
            when = self.when(life, trial)
            if when is None:
                self.freshen(life, trial)
            elif self.wait(life, when["at"]) and self.kill(life, trial, when):
                return None
        return "in %d tries it never stayed up, or fresh, until it was to be killed" % RETRIES

    def living(self):
        """The service's current life; waits for one as long as patience lasts. None: it is over."""
        life = self.service.current() or self.bench.look_at_record(self.service)
        if life:
            return life
        until = now() + ns(self.p["patience"])
        while not self.service.current() and now() < until:
            for thing in self.bench.listen(min(until, now() + LOOK)):
                self.concerns_us(thing)
            self.bench.look_at_record(self.service)
        life = self.service.current()
        if life:
            emit("back", **life_fields(life))
        return life

    # -- when to kill

    def allowed(self, following):
        """The first instant at which a kill keeps to the limit, with room for those following."""
        if not self.p["limit"]:
            return 0
        count, window = self.p["limit"]
        starts = self.service.starts
        at = 0
        for ahead in range(min(following, count - 2) + 1):
            back = count - 1 - ahead
            if len(starts) >= back:
                at = max(at, starts[-back] + ns(window) + 1)
        return at

    def when(self, life, trial):
        """At which instant to kill, and by how much (ns) the limit and the slot delayed it.

        None if the trial needs a fresh start and this life is too old for it.
        """
        instant = now()
        drawn = life.main_ns + ns(trial.uptime)
        if drawn < instant and not trial.fresh:
            # Too late for what was drawn: as far into the range from now on, so that a poller's
            # phase stays as random as it was.
            drawn = instant + ns(trial.uptime - trial.low)
        if trial.fresh:
            limited = max(drawn, self.allowed(0))
            if max(limited, instant) > drawn + ns(FRESH_SLACK):
                return None
        else:
            limited = self.allowed(trial.following)
            # Not at the very instant that the limit allows: that would lock a poller's phase.
            limited = drawn if limited <= drawn else limited + ns(trial.uptime - trial.low)
        # A fresh trial's uptime is its point: it does not wait for a slot.
        at = next_in_slot(limited, None if trial.fresh else self.p["slot"], trial.offset)
        return {"at": at, "limited_ns": limited - drawn, "pushed_ns": at - limited}

    def wait(self, life, until):
        """Wait until it is time; False if the service ended or started by itself meanwhile.

        Listens even where it is time already: the end may have gone unheard.
        """
        undisturbed = True
        while True:
            for thing in self.bench.listen(until):
                undisturbed = self.expected(thing) and undisturbed
            if life.gone_ns is not None or now() >= until:
                return undisturbed and life.gone_ns is None

    def expected(self, thing):
        """Is it none of what should not happen between trials? What should not is said."""
        if not self.concerns_us(thing) or thing["event"] not in ("start", "gone"):
            return True
        emit("unexpected", what=thing["event"], seen_ns=thing["seen_ns"],
             **life_fields(thing["life"]))
        return False

    def concerns_us(self, thing):
        """Is it about the service on trial? What is not is just said."""
        life = thing.get("life")
        if life and life.service is self.service:
            return True
        say(thing)
        return False

    # -- the kill

    def freshen(self, life, trial):
        """A kill whose only use is the fresh start that comes of it; recorded as warm-up."""
        fresher = Trial({"name": "fresh", "fresh": False, "low": 0, "high": 0}, self.generator,
                        warmup=True)
        fresher.number = trial.number
        fresher.following = trial.following + 1
        when = self.when(life, fresher)
        if self.wait(life, when["at"]):
            self.kill(life, fresher, when)

    def kill(self, life, trial, when):
        """Kill and emit the sample; False if the service was gone before the signal."""
        bench = self.bench
        bench.vigil = True
        gc.disable()
        try:
            kill_ns = bench.signal(life, self.p["signal"])
            new = self.restarted(life, kill_ns) if kill_ns is not None else None
        finally:
            gc.enable()
            bench.vigil = False
        if kill_ns is None:
            return False
        lost = self.service.read_record()[1]
        emit("sample", service=self.service.name, group=trial.group, trial=trial.number,
             warmup=trial.warmup, signal=self.p["signal"], drawn_s=trial.uptime,
             uptime_ns=kill_ns - life.main_ns, at_ns=when["at"], limited_ns=when["limited_ns"],
             pushed_ns=when["pushed_ns"], deadline_s=self.p["deadline"], kill_ns=kill_ns,
             exit_ns=life.gone_ns, old_pid=life.pid, old_seq=life.seq, old_main_ns=life.main_ns,
             censored=new is None, lost=lost,
             new_pid=new and new.pid, new_ppid=new and new.ppid, seq=new and new.seq,
             begun_ns=new and new.begun_ns, main_ns=new and new.main_ns, up_ns=new and new.up_ns,
             ready_ns=new and new.ready_ns, by=new and new.found_by,
             starts_missed=new.missed if new else 0)
        return True

    def restarted(self, old, kill_ns):
        """The life that the kill brought about, by the deadline, with its stamps; None if none.

        The end is not watched for at first: to be woken by it would be a part of a quick restart.
        """
        until, watch = kill_ns + self.deadline, kill_ns + UNWATCHED
        new = None
        while now() < until and not self.complete(old, new):
            ends = new is not None or now() >= watch
            for thing in self.bench.listen(until if ends else min(until, watch), ends):
                life = thing.get("life")
                if life is old or not self.concerns_us(thing):
                    continue
                if thing["event"] == "start" and new is None and life.main_ns >= kill_ns:
                    new = life
                else:
                    self.expected(thing)
        if new is not None:
            return new
        # The line may have been lost on the way; the record still knows.
        life = self.bench.look_at_record(self.service)
        if life and kill_ns <= life.main_ns <= until:
            return life
        if life:
            emit("back", **life_fields(life))
        return None

    def complete(self, old, new):
        if new is None or old.gone_ns is None:
            return False
        return not self.p["ready"] or new.ready_ns is not None


@step("trials", service=(service_name,), signal=(signal_number, 9), groups=(trial_groups,),
      warmup=(whole, 0), deadline=(seconds,), patience=(seconds, None),
      limit=(limit_of_starts, None), slot=(slot_of_time, None), ready=(truth, False))
def trials(bench, p):
    """Kill the service again and again, and stamp each restart."""
    if p["patience"] is None:
        p["patience"] = p["deadline"]
    Trials(bench, p, random.Random(bench.seed * 1000 + bench.step)).run()


# ---- steps: many at once -------------------------------------------------------------------


class Storm(object):
    """Kills every service in one go, and waits for the successors of all."""

    def __init__(self, bench, names):
        self.bench = bench
        self.services = [bench.service(name) for name in names]
        bench.meet(self.services)
        self.old = dict((s.name, s.current()) for s in self.services if s.current())
        self.new = {}
        self.again = collections.Counter()  # starts after the first one
        self.killed = {}

    def rage(self, number, deadline):
        gc.collect()
        gc.disable()
        self.bench.vigil = True
        try:
            for service in self.services:
                if service.name in self.old:
                    kill_ns = self.bench.signal(self.old[service.name], number)
                    if kill_ns is not None:
                        self.killed[service.name] = kill_ns
            self.wait(now() + deadline)
        finally:
            gc.enable()
            self.bench.vigil = False

    def wait(self, until):
        look = now() + LOOK
        while len(self.new) < len(self.killed) and now() < until:
            for thing in self.bench.listen(min(until, look)):
                if thing["event"] == "start":
                    self.note(thing["life"])
            if now() < look:
                continue
            # Starts that were not heard of; seldom, for it takes time that the starts need.
            look = now() + LOOK
            for name in set(self.killed) - set(self.new):
                life = self.bench.look_at_record(self.bench.service(name))
                if life:
                    self.note(life)

    def note(self, life):
        name = life.service.name
        if name not in self.killed or life.main_ns < self.killed[name]:
            return
        if name in self.new:
            self.again[name] += 1
        else:
            self.new[name] = life

    def tell(self, service):
        old, new = self.old[service.name], self.new.get(service.name)
        return {"service": service.name, "old_pid": old.pid, "kill_ns": self.killed[service.name],
                "exit_ns": old.gone_ns, "new_pid": new and new.pid, "main_ns": new and new.main_ns,
                "by": new and new.found_by, "again": self.again[service.name]}


@step("storm", services=(service_names,), signal=(signal_number, 9), deadline=(seconds,))
def storm(bench, p):
    """Kill all those services at once, in that order, and wait until each was started anew."""
    it = Storm(bench, p["services"])
    begin_ns = now()
    it.rage(p["signal"], ns(p["deadline"]))
    emit("storm", begin_ns=begin_ns, end_ns=now(), deadline_s=p["deadline"],
         asked=len(it.services), killed=[it.tell(s) for s in it.services if s.name in it.killed])


@step("gather", services=(service_names,), new=(service_names,), stall=(seconds,))
def gather(bench, p):
    """Wait until all those services live, or none has come for so many seconds; one line for all.

    Of the new ones among them: first_ns, last_ns: the first and the last start; starts: how many
    their records count; lost: of how many of those no stamp is known.
    """
    begin_ns = now()
    waited = set(p["services"])
    until = begin_ns + ns(p["stall"])
    while waited and now() < until:
        bench.drain()
        for name in sorted(waited):
            bench.look_at_record(bench.service(name))
        up = set(name for name in waited if bench.service(name).current())
        waited -= up
        if up:
            until = now() + ns(p["stall"])
        # Whatever came is in the lives of its service; its record is looked at once in a while.
        look = now() + SECOND // 2
        while waited and now() < look:
            bench.listen(look)
    end_ns = now()
    new = [bench.service(name) for name in p["new"]]
    counted = [service.record()[0] for service in new]
    bench.watch(now() + SECOND // 10)  # a start that is counted already tells itself a moment later
    bench.meet(new)
    stamps = sorted(service.current().main_ns for service in new if service.current())
    emit("gathered", begin_ns=begin_ns, end_ns=end_ns, asked=len(p["services"]), down=len(waited),
         missing=sorted(waited)[:20], first_ns=stamps[0] if stamps else None,
         last_ns=stamps[-1] if stamps else None, stall_s=p["stall"], starts=sum(counted),
         lost=sum(max(0, starts - s.stamped) for starts, s in zip(counted, new)))


@step("reap", comm=(text,), after=(service_name, None), deadline=(seconds,))
def reap(bench, p):
    """Look until no process of that name is left, and no service says that it made them all yet."""
    begin_ns = now()
    until = begin_ns + ns(p["deadline"])
    made_ns, most, looks = None, 0, 0
    while True:
        states = [s.state for s in all_stats().values() if s.comm == p["comm"]]
        looked_ns = now()
        looks += 1
        most = max(most, states.count("Z"))
        if looked_ns >= until or (not states and (made_ns or not p["after"])):
            break
        for thing in bench.listen(min(until, looked_ns + SECOND // 100)):
            if thing["event"] == "left" and thing["told"]["service"] == p["after"]:
                made_ns = thing["told"]["left_ns"]
    emit("reaped", comm=p["comm"], begin_ns=begin_ns, made_ns=made_ns, end_ns=looked_ns,
         left=len(states), zombies=states.count("Z"), most_zombies=most, looks=looks,
         deadline_s=p["deadline"])


# ---- the whole -----------------------------------------------------------------------------


def namespace(kind):
    """The inode of a namespace that this program is in; None on kernels that do not tell."""
    found = re.match(r"^\w+:\[(\d+)\]$", link("self", "ns/" + kind) or "")
    return int(found.group(1)) if found else None


def hello(bench):
    emit("hello", ns=now(), python=platform.python_version(), kernel=os.uname()[2],
         machine=os.uname()[4], pid=os.getpid(), clock=CLOCK_METHOD,
         pidns=namespace("pid"), timens=namespace("time"),
         clock_resolution_ns=clock_resolution(), method=bench.method,
         memory="smaps_rollup" if os.path.exists("/proc/self/smaps_rollup") else "smaps",
         boot_id=(read_file("/proc/sys/kernel/random/boot_id") or "").strip())


def run_plan(plan):
    bench = Bench(plan)
    hello(bench)
    errors = 0
    for index, (name, function, values) in enumerate(plan["steps"]):
        bench.step = index
        began_ns = now()
        emit("step", index=index, do=name, ns=began_ns)
        try:
            function(bench, values)
        except NobodyListens:
            raise
        except Failed as e:
            errors += 1
            emit("error", index=index, do=name, what=str(e))
        except Exception:
            errors += 1
            emit("error", index=index, do=name, what=traceback.format_exc())
        bench.did, bench.began_ns = name, began_ns
    bench.drain()
    emit("end", ns=now(), errors=errors)
    return 1 if errors else 0


def load_plan(path):
    try:
        if path == "-":
            content = getattr(sys.stdin, "buffer", sys.stdin).read()
        else:
            with open(path, "rb") as f:
                content = f.read()
    except (IOError, OSError) as e:
        raise Malformed("%s: %s" % (path, e.strerror))
    try:
        plan = json.loads(content.decode("utf-8"))
    except ValueError as e:
        raise Malformed("%s is not JSON: %s" % (path, e))
    return check_plan(plan)


def main(words):
    if len(words) != 1:
        print("usage: measure.py PLAN.json (or - for standard input)", file=sys.stderr)
        return 2
    try:
        return run_plan(load_plan(words[0]))
    except Malformed as e:
        print("measure.py: %s" % e, file=sys.stderr)
        return 2
    except NobodyListens:
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
