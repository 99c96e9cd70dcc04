"""A folder in which the real testd, floor and measuring program run."""

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from daemon.build import Binaries, find_compiler
from tests.support.wait import eventually

MEASURE = Path(__file__).parents[2] / "daemon" / "measure"

Event = dict[str, Any]  # a line of JSON, as the programs print it; or a step of a plan


@functools.cache
def entry_is_stamped() -> bool:
    """Return whether testd, as it is built here, takes a stamp at its entry point."""
    return platform.machine() == "x86_64" and find_compiler("x86_64").takes_linker_script


@functools.cache
def python27() -> str | None:
    """Return the path of a Python 2.7 that starts; None where this host has none.

    pyenv's own `python2.7` on PATH is a stub that may not start, so its versions are tried too.
    """
    candidates = [shutil.which("python2.7"), *map(str, _pyenv_versions("2.7.*"))]
    return next((path for path in candidates if path and _starts(path)), None)


def _pyenv_versions(pattern: str) -> list[Path]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return sorted(root.glob(f"versions/{pattern}/bin/python"))


def _starts(python: str) -> bool:
    done = subprocess.run([python, "-c", ""], capture_output=True, check=False)
    return done.returncode == 0


def pythons() -> list[str]:
    """Return the Pythons to run the measuring program with: guests have old ones and new ones."""
    return [sys.executable, *filter(None, [python27()])]


def process_state(pid: int) -> str:
    """Return the letter for the state of a process: S asleep, T stopped, Z zombie, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def pauses(pid: int) -> bool:
    """Return whether a process waits for a signal, without a time limit."""
    # The numbers of pause, or of what stands for it, on x86-64, other 64-bit and 32-bit machines.
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] in {"34", "73", "29"}


@dataclass
class Result:
    """The outcome of one run of the measuring program."""

    rc: int
    events: list[Event]
    stderr: str

    def all(self, event: str) -> list[Event]:
        """Return the events of that name."""
        return [e for e in self.events if e["event"] == event]

    def one(self, event: str) -> Event:
        """Return the only event of that name."""
        matches = self.all(event)
        assert len(matches) == 1, (event, self.events, self.stderr)
        return matches[0]

    def during(self, step: str) -> list[Event]:
        """Return the events between the beginning of the only such step and that of the next."""
        begins = [i for i, e in enumerate(self.events) if e["event"] in {"step", "end"}]
        (begin,) = (i for i in begins if self.events[i].get("do") == step)
        end = next(i for i in begins if i > begin)
        return self.events[begin + 1 : end]


@dataclass
class Sandbox:
    """A folder of stamps, and the processes that a test starts in it."""

    dir: Path
    binaries: Binaries
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def testd(self, *options: str) -> list[str]:
        """Return the command of a testd with these options; the last one is the service."""
        return [str(self.binaries.testd), "--dir", str(self.dir), *options]

    def run_testd(
        self, *options: str, pass_fds: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a testd with these options until it ends."""
        return subprocess.run(
            self.testd(*options),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            pass_fds=pass_fds,
        )

    def start(
        self,
        *command: str,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        env: dict[str, str] | None = None,
        pass_fds: tuple[int, ...] = (),
    ) -> subprocess.Popen[str]:
        """Start a process that `clean_up` ends."""
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

    def start_floor(self, *options: str) -> subprocess.Popen[str]:
        """Start a floor that keeps one testd with these options alive."""
        return self.start(str(self.binaries.floor), *self.testd(*options))

    def exec_options(self, *words: str) -> tuple[str, str]:
        """Return the options by which testd executes a command line in its own place."""
        path = self.dir / "command"
        path.write_bytes(b"".join(word.encode() + b"\0" for word in words))
        return "--exec", str(path)

    def start_floor_of(self, *services: str) -> subprocess.Popen[str]:
        """Start a floor that keeps a testd for each of the services alive."""
        words: list[str] = []
        for service in services:
            words += ["--", *self.testd(service)]
        return self.start(str(self.binaries.floor), *words[1:])

    def start_shell_supervisor(self, between: str, *options: str) -> subprocess.Popen[str]:
        """Start a supervisor in shell that runs a command between an end and the next start."""
        command = " ".join(self.testd(*options))
        return self.start("/bin/sh", "-c", f"while :; do {command}; {between}; done")

    def start_measuring(self, *steps: Event) -> subprocess.Popen[str]:
        """Start the measuring program over these steps, its output a pipe."""
        process = self.start(
            *(sys.executable, str(MEASURE), "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin
        process.stdin.write(json.dumps(self.plan(*steps)))
        process.stdin.close()
        return process

    def read_record(self, service: str = "s1") -> tuple[int, ...]:
        """Read starts, lost, pid, begun_ns, main_ns, up_ns; zeros before the first start."""
        path = self.dir / f"{service}.count"
        data = path.read_bytes() if path.exists() else b""
        words = [data[i : i + 8] for i in range(0, 48, 8)]
        return tuple(int.from_bytes(word, sys.byteorder) for word in words)

    def await_pid(self, service: str = "s1", starts: int = 1) -> int:
        """Wait until the service has started that often; return the pid of its process."""

        def current_pid() -> int:
            count, _, pid, *_ = self.read_record(service)
            return pid if count >= starts else 0

        return eventually(current_pid, f"start {starts} of {service}")

    def plan(self, *steps: Event, seed: int = 7) -> Event:
        """Return a plan of these steps for service s1."""
        return {"dir": str(self.dir), "services": ["s1"], "seed": seed, "steps": steps}

    def measure(
        self,
        *steps: Event,
        python: str = sys.executable,
        without_pidfd: bool = False,
        seed: int = 7,
        pidfiles: dict[str, str] | None = None,
        readiness: Event | None = None,
    ) -> Result:
        """Run the measuring program over these steps, the plan by standard input.

        without_pidfd: as on a kernel before Linux 5.3. readiness: of a program in testd's place.
        """
        command = [python, str(MEASURE), "-"]
        if without_pidfd:
            code = (
                f"import sys; sys.path.insert(0, {str(MEASURE.parent)!r}); "
                "from measure import program, watcher; "
                "watcher.choose_pidfd = lambda: (None, None, 'proc polling'); "
                "sys.exit(program.main(['-']))"
            )
            command = [python, "-B", "-c", code]
        plan = {
            **self.plan(*steps, seed=seed),
            "pidfiles": pidfiles or {},
            "readiness": readiness,
        }
        done = subprocess.run(
            command,
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return Result(done.returncode, events, done.stderr)

    def processes(self) -> list[int]:
        """Return the processes that have this folder in their command line, or write into it."""
        pids = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
                # A program that testd has become has a command line of its own.
                output = (entry / "fd/1").readlink()
            except OSError:
                continue
            is_own = str(self.dir).encode() in words or self.dir in output.parents
            if is_own and state != "Z":
                pids.append(int(entry.name))
        return pids

    def clean_up(self) -> None:
        """End all processes of this folder."""
        for process in self.started:
            process.kill()
            process.wait()
        # Daemons that detached themselves, or that have just lost their supervisor.
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
