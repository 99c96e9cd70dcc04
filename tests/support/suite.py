"""The suite as a user runs it: as processes, in a checkout and a cache made for the test."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from bench.engine import lock
from provision.cache import APP, cache_folder
from provision.lxc.trees.image import ensure_image
from provision.systems import SYSTEMS
from tests.support import wait

ROOT = Path(__file__).parents[2]
DEBIAN = SYSTEMS["debian"]
# Seconds: a bound of every wait. No test asserts how long a wait took.
PATIENCE = 240.0
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS = 0x00020000
Value = TypeVar("Value")


def eventually(condition: Callable[[], Value], what: str, seconds: float = PATIENCE) -> Value:
    """Wait as `tests.support.wait.eventually` does, by default for as long as a suite may take."""
    return wait.eventually(condition, what, seconds)


@dataclass
class Finished:
    """A command's exit code and output, both streams as one."""

    code: int
    output: str


@dataclass
class Running:
    """A running command; a thread collects its output."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> None:
        """Wait until a line of its output contains that text; it must not end before."""

        def printed() -> bool:
            return any(text in line for line in self.lines)

        try:
            eventually(lambda: printed() or self.process.poll() is not None, f"output of {text!r}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.output}") from failure
        self._reader.join(0 if self.process.poll() is None else PATIENCE)
        assert printed(), f"The suite ended without {text!r}:\n{self.output}"

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal sends SIGINT to the whole foreground process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Send SIGKILL to the suite alone."""
        self.process.kill()

    def end(self, seconds: float = 900.0) -> Finished:
        """Wait for its end; interrupt it after so many seconds, for its guests would outlive it.

        Raises AssertionError with its output where it did not end by itself.
        """
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.interrupt()
            self.process.wait(PATIENCE)
            raise AssertionError(f"Not ended within {seconds:g} s:\n{self.output}") from None
        self._reader.join(PATIENCE)
        return Finished(code, self.output)


@dataclass(frozen=True)
class Suite:
    """A copy of the checkout, with a home, a cache and a folder for temporary files."""

    base: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def checkout(self) -> Path:
        return self.base / "checkout"

    @property
    def cache(self) -> Path:
        return self.base / "cache" / APP

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def temporary(self) -> Path:
        return self.base / "tmp"

    @property
    def results(self) -> Path:
        return self.checkout / "results"

    @classmethod
    def create(cls, base: Path, *, seeded: bool = True) -> Suite:
        """Copy the checkout. seeded: fill the cache from the user's own."""
        suite = cls(base)
        for folder in (suite.cache, suite.home, suite.temporary):
            folder.mkdir(parents=True)
        tracked = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"],
            capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, tracked):
            if (ROOT / name).exists():
                (suite.checkout / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, suite.checkout / name)
        if seeded:
            suite.seed()
        return suite

    def seed(self) -> None:
        """Fill the cache from the user's own, where the image is built if it does not exist.

        Guests' trees are hard links, so no test may change one. The rest is copied.
        """
        root = ensure_image(DEBIAN)
        trees = [root, *_latest_layers()]
        copied = [cache_folder() / "key", cache_folder() / "bin"]
        for option, paths in (("-al", trees), ("-a", copied)):
            for path in filter(Path.exists, paths):
                copy = self.cache / path.relative_to(cache_folder())
                copy.parent.mkdir(exist_ok=True)
                subprocess.run(["cp", option, str(path), str(copy)], check=True)

    @property
    def lock(self) -> str:
        """The name of its lock: suites measure side by side."""
        return f"tests-{os.getpid()}-{self.base.name}"

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SUDO_")}
        return {
            **inherited,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.cache.parent),
            lock.VARIABLE: self.lock,
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def command(self, *words: str, before: tuple[str, ...] = ()) -> list[str]:
        # As `./inv` does. With -m, Python dies of SIGINT at its end where Ctrl-C hit an exec().
        return [*before, sys.executable, str(Path(sys.executable).with_name("invoke")), *words]

    def start(
        self,
        *words: str,
        before: tuple[str, ...] = (),
        program: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Running:
        """Start a task, or that program, in a process group of its own, without a terminal.

        before: the prefix of a command that executes the suite, such as unshare's.
        """
        command = self.command(*words, before=before)
        if program is not None:
            command = [*before, sys.executable, str(program), *words]
        process = subprocess.Popen(
            command,
            cwd=self.checkout,
            env=self.environment(**(environment or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Tests that run in a shell's background ignore SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.started.append(process)
        return Running(process)

    def had_guest(self, guest: str) -> bool:
        """Tell whether that guest was one of this suite's: its name ends with the suite's pid."""
        return any(guest.endswith(f"-{process.pid}") for process in self.started)

    def run(self, *words: str, **options: Any) -> Finished:
        return self.start(*words, **options).end()

    def bench(self, *words: str, **options: Any) -> Finished:
        return self.run("bench", *words, **options)

    def record(self) -> dict[str, Any]:
        """The latest run's run.json."""
        run: dict[str, Any] = json.loads((self.results / "latest" / "run.json").read_text())
        return run

    def samples(self) -> list[dict[str, Any]]:
        text = (self.results / "latest" / "samples.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def guests(self) -> list[str]:
        return sorted(path.name for path in (self.cache / "guests").glob("*"))

    def remove(self) -> None:
        """Remove the suite, and what a failed test has left running."""
        running = [process for process in self.started if process.poll() is None]
        for process in running:
            process.kill()
            process.wait()
        if running or self.guests():
            self.run("destroy")
            eventually(lambda: not descendants(), "the end of all processes")
        shutil.rmtree(self.base)
        lock.lock_file(self.lock).unlink(missing_ok=True)


def _latest_layers() -> list[Path]:
    """Return the latest layer of each kind that guests of DEBIAN may want.

    A cache keeps those of other systems and of earlier code, too: to link them all takes seconds.
    """
    layers = (path for path in (cache_folder() / "layers").iterdir() if path.is_dir())
    by_age = sorted(layers, key=lambda path: path.stat().st_mtime)
    latest = {path.name.rpartition("-")[0]: path for path in by_age}
    return [path for kind, path in latest.items() if kind.startswith((f"{DEBIAN.name}-", "files"))]


def mount_apart() -> None:
    """Enter a new mount namespace, in which other processes' mounts do not appear.

    Call it before any other thread starts: a thread that runs already stays outside.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "CLONE_NEWNS")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


@contextlib.contextmanager
def adopt_orphans() -> Iterator[None]:
    """Have every descendant whose parent dies become a child of this process, not of PID 1.

    A thread reaps the adopted ones: a guest cannot end before its last process is reaped. Other
    tests' orphans are PID 1's again afterwards: the thread leaves those that are in no guest.
    """
    ended = threading.Event()
    reaper = threading.Thread(target=_reap_adopted, args=(ended,), daemon=True)
    _set_subreaper(adopts=True)
    reaper.start()
    try:
        yield
    finally:
        _set_subreaper(adopts=False)
        ended.set()
        reaper.join()


def _set_subreaper(*, adopts: bool) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def _reap_adopted(ended: threading.Event) -> None:
    while not ended.wait(0.05):
        for child in psutil.Process().children():
            try:
                if child.status() == psutil.STATUS_ZOMBIE and _adopted(child.pid):
                    os.waitpid(child.pid, os.WNOHANG)
            except (psutil.NoSuchProcess, OSError):
                continue


def _adopted(pid: int) -> bool:
    """Tell whether this process has adopted that child, and not started it.

    The children that it starts are in no guest, and in its session or the leader of one. An orphan
    of a killed nsenter is in this session and in a guest.
    """
    if os.getsid(pid) not in (os.getsid(0), pid):
        return True
    status = Path(f"/proc/{pid}/status").read_text()
    return len(re.findall(r"^NSpid:(.*)$", status, re.MULTILINE)[0].split()) > 1


def runs_program(process: psutil.Process, program: str) -> bool:
    """Tell whether a word of the process's command line contains that program."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(program in word for word in process.cmdline())
    return False


def descendants() -> list[psutil.Process]:
    """Every living descendant of this process; reaps the orphans that have ended.

    Call it only while no other thread waits for a child of this process.
    """
    alive = []
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
            elif process.ppid() == os.getpid():
                os.waitpid(process.pid, os.WNOHANG)
        except (psutil.NoSuchProcess, ChildProcessError):
            continue
    return alive
