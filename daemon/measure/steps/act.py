"""Steps that do something: write the mode file, send a signal, run a command."""

from __future__ import absolute_import, division, print_function

import os
import resource
import signal as signals

from .. import checks
from ..clock import now, to_ns
from ..output import emit
from ..plan import step
from ..proc import pids_outside_guest, read_all_stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..watcher import ServiceWatcher

OUTPUT_KEPT = 4000  # bytes, of the end of a command's output


@step("mode", service=(checks.service_name,), text=(checks.text,))
def write_mode(watcher, service, text):
    # type: (ServiceWatcher, str, str) -> None
    """Set what testd does from its next start on; an empty text removes the mode file."""
    path = os.path.join(watcher.directory, service + ".mode")
    if text:
        replace_file(path, text + "\n")
    elif os.path.exists(path):
        os.unlink(path)
    emit("mode", service=service, text=text, ns=now())


def replace_file(path, content):
    # type: (str, str) -> None
    """Write a file by rename, so that readers find the old content or the new."""
    temporary = "%s.%d" % (path, os.getpid())
    with open(temporary, "wb") as f:
        f.write(content.encode("utf-8"))
    os.chmod(temporary, 0o644)
    os.rename(temporary, path)


@step("signal", target=(checks.signal_target,), signal=(checks.signal_number,))
def send_signal(watcher, target, signal):
    # type: (ServiceWatcher, str, int) -> None
    """Send a signal to each process that is the target."""
    sent, refused = [], []
    pids = sorted(find_target_pids(watcher, target))
    begin_ns = now()
    for pid in pids:
        try:
            os.kill(pid, signal)
            sent.append(pid)
        except OSError as e:
            refused.append({"pid": pid, "why": e.strerror})
    emit(
        "signalled",
        target=target,
        signal=signal,
        pids=sent,
        refused=refused,
        begin_ns=begin_ns,
        end_ns=now(),
    )


def find_target_pids(watcher, target):
    # type: (ServiceWatcher, str) -> list[int]
    """Return the pids that "service:NAME", "comm:NAME" or "pid:NUMBER" stands for."""
    kind, name = target.split(":", 1)
    if kind == "pid":
        return [int(name)]
    if kind == "comm":
        stats = read_all_stats()
        outside = pids_outside_guest(stats)
        return [s.pid for s in stats.values() if s.comm == name and s.pid not in outside]
    service = watcher.service(name)
    watcher.report_starts_without_line([service])
    return [instance.pid for instance in service.instances]


@step("run", command=(checks.text,), deadline=(checks.seconds,))
def run_command(watcher, command, deadline):
    # type: (ServiceWatcher, str, float) -> None
    """Run a shell command in a session of its own; kill it at the deadline ("rc": null)."""
    # Slow to import, and few plans run commands.
    import subprocess
    import tempfile

    def set_up_child():
        # type: () -> None
        os.setsid()
        signals.signal(signals.SIGPIPE, signals.SIG_DFL)  # Python ignores it; commands must not
        resource.setrlimit(resource.RLIMIT_NOFILE, watcher.original_file_limits)

    with tempfile.TemporaryFile() as output, open(os.devnull) as no_input:
        begin_ns = now()
        child = subprocess.Popen(
            ["/bin/sh", "-c", command.encode("utf-8")],
            stdin=no_input,
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=True,
            preexec_fn=set_up_child,
        )
        rc = watcher.wait_for_child(child, begin_ns + to_ns(deadline))
        end_ns = now()
        size = os.fstat(output.fileno()).st_size
        output.seek(max(0, size - OUTPUT_KEPT))
        tail = output.read().decode("utf-8", "replace")
    emit(
        "ran",
        command=command,
        rc=rc,
        output=tail,
        output_bytes=size,
        begin_ns=begin_ns,
        end_ns=end_ns,
    )
