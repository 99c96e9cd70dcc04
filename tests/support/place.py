"""A real testd under a real floor, measured by the real measure.py, in a temporary folder."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from daemon.build import Binaries, find_compiler

MEASURE = Path(__file__).parents[2] / "daemon" / "measure"
PATIENCE = 20.0  # s: bound of waiting for what must come; nothing asserts how long it took

Event = dict[str, Any]
Answer = TypeVar("Answer")


def working(name: str) -> str | None:
    """That interpreter's path, if it is there and starts (a version manager's stub may not)."""
    path = shutil.which(name)
    if not path or subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode:
        return None
    return path


@functools.cache
def stamps_its_entry() -> bool:
    """Whether testd as it is built here stamps its begin."""
    return platform.machine() == "x86_64" and find_compiler("x86_64").lays_out


def pythons() -> list[str]:
    """This interpreter, and an old one where there is one: guests have either."""
    old = working("python2.7")
    return [sys.executable, *([old] if old else [])]


def eventually(ask: Callable[[], Answer | None]) -> Answer:
    """What the question is answered with, as soon as the answer is not None, False or empty."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError("it did not come about")


@dataclass
class Result:
    """What one measure.py said."""

    rc: int
    events: list[Event]
    stderr: str

    def all(self, event: str) -> list[Event]:
        return [e for e in self.events if e["event"] == event]

    def one(self, event: str) -> Event:
        found = self.all(event)
        assert len(found) == 1, (event, self.events, self.stderr)
        return found[0]


@dataclass
class Place:
    """A folder of stamps, with what was started in it."""

    dir: Path
    binaries: Binaries
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def testd(self, *options: str) -> list[str]:
        return [str(self.binaries.testd), "--dir", str(self.dir), *options]

    def start(
        self,
        *command: str,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        env: dict[str, str] | None = None,
        pass_fds: tuple[int, ...] = (),
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            text=True,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=env,
            pass_fds=pass_fds,
        )
        self.started.append(process)
        return process

    def floor(self, *options: str) -> subprocess.Popen[str]:
        """A floor that keeps one testd with these options; its last option is the service."""
        return self.start(str(self.binaries.floor), *self.testd(*options))

    def keeper(self, between: str, *options: str) -> subprocess.Popen[str]:
        """A supervisor in shell that does something of its own between an end and a start."""
        command = " ".join(self.testd(*options))
        return self.start("/bin/sh", "-c", f"while :; do {command}; {between}; done")

    def record(self, service: str = "s1") -> tuple[int, ...]:
        """starts, lost, pid, begun_ns, main_ns, up_ns; zeros before the first start."""
        path = self.dir / f"{service}.count"
        data = path.read_bytes() if path.exists() else b""
        words = [data[i : i + 8] for i in range(0, 48, 8)]
        return tuple(int.from_bytes(word, sys.byteorder) for word in words)

    def pid(self, service: str = "s1", starts: int = 1) -> int:
        """The service's process, once it has been started that often."""

        def started() -> int:
            count, _, pid, *_ = self.record(service)
            return pid if count >= starts else 0

        return eventually(started)

    def plan(self, *steps: Event, seed: int = 7) -> Event:
        return {"dir": str(self.dir), "services": ["s1"], "seed": seed, "steps": steps}

    def measure(
        self,
        *steps: Event,
        python: str = sys.executable,
        without_pidfd: bool = False,
        seed: int = 7,
    ) -> Result:
        """Run measure.py over these steps, the plan by standard input."""
        command = [python, str(MEASURE), "-"]
        if without_pidfd:
            # As on a kernel before 5.3.
            code = (
                f"import sys; sys.path.insert(0, {str(MEASURE.parent)!r}); "
                "from measure import program, watcher; "
                "watcher.choose_pidfd = lambda: (None, None, 'proc polling'); "
                "sys.exit(program.main(['-']))"
            )
            command = [python, "-B", "-c", code]
        done = subprocess.run(
            command,
            input=json.dumps(self.plan(*steps, seed=seed)),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return Result(done.returncode, events, done.stderr)

    def processes(self) -> list[int]:
        """Processes that were started with this folder in their command line."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if str(self.dir).encode() in words and state != "Z":
                found.append(int(entry.name))
        return found

    def clear(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
        # Those that daemonized, or lost their supervisor just now; their command line names us.
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
