"""The suite as a person runs it: processes of their own, in a checkout and a cache of their own."""

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
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from provision.cache import APP, cache_folder
from provision.lxc.image import ensure_image
from provision.systems import SYSTEMS
from tests.support import wait

ROOT = Path(__file__).parents[2]
DEBIAN = SYSTEMS["debian"]
PATIENCE = 240.0  # s: bound of waiting for what must come; nothing asserts how long it took
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNS = 0x00020000
Value = TypeVar("Value")


def eventually(condition: Callable[[], Value], what: str, seconds: float = PATIENCE) -> Value:
    """Wait as `tests.support.wait.eventually` does, by default for as long as a suite may take."""
    return wait.eventually(condition, what, seconds)


@dataclass
class Done:
    """What a command printed, both streams as one, and its exit code."""

    code: int
    output: str


@dataclass
class Running:
    """A command under way. Its output is collected as it comes."""

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

    def until(self, text: str) -> None:
        """Wait until it prints a line with that text."""

        def printed() -> bool:
            return any(text in line for line in self.lines)

        try:
            eventually(lambda: printed() or self.process.poll() is not None, f"output of {text!r}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.output}") from failure
        self._reader.join(0 if self.process.poll() is None else PATIENCE)
        assert printed(), f"The suite ended without {text!r}:\n{self.output}"

    def interrupt(self) -> None:
        """Ctrl-C: the terminal sends SIGINT to the whole foreground process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the suite alone."""
        self.process.kill()

    def end(self, seconds: float = 900.0) -> Done:
        code = self.process.wait(seconds)
        self._reader.join(PATIENCE)
        return Done(code, self.output)


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
    def made(cls, base: Path, *, seeded: bool = True) -> Suite:
        """seeded: with the image and the layers that the user's own cache has, by hard links."""
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
        """Give the cache what the user's own has; the image is built there first, if need be.

        Guests' trees are linked, file by file: no test may change one. All else is copied.
        """
        root = ensure_image(DEBIAN)
        trees = [root, *(path for path in (cache_folder() / "layers").glob("*") if path.is_dir())]
        others = [cache_folder() / "key", cache_folder() / "bin"]
        for how, paths in (("-al", trees), ("-a", others)):
            for path in filter(Path.exists, paths):
                copy = self.cache / path.relative_to(cache_folder())
                copy.parent.mkdir(exist_ok=True)
                subprocess.run(["cp", how, str(path), str(copy)], check=True)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("SUDO_")}
        return {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.cache.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def command(self, *words: str, before: tuple[str, ...] = ()) -> list[str]:
        return [*before, sys.executable, "-m", "invoke", *words]

    def start(
        self,
        *words: str,
        before: tuple[str, ...] = (),
        program: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Running:
        """Start a task, or that program, in a process group of its own, without a terminal.

        before: a command that becomes the suite, such as unshare's.
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
            # Whoever started the tests in a shell's background has SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.started.append(process)
        return Running(process)

    def ever_had(self, guest: str) -> bool:
        """Whether a guest of that name is one of this suite's: it ends with the suite's pid."""
        return any(guest.endswith(f"-{process.pid}") for process in self.started)

    def run(self, *words: str, **how: Any) -> Done:
        return self.start(*words, **how).end()

    def bench(self, *words: str, **how: Any) -> Done:
        return self.run("bench", *words, **how)

    def record(self) -> dict[str, Any]:
        """The latest run's run.json."""
        found: dict[str, Any] = json.loads((self.results / "latest" / "run.json").read_text())
        return found

    def samples(self) -> list[dict[str, Any]]:
        text = (self.results / "latest" / "samples.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def guests(self) -> list[str]:
        return sorted(path.name for path in (self.cache / "guests").glob("*"))

    def remove(self) -> None:
        """Also what a test that failed has left running: the next one must not find it."""
        running = [process for process in self.started if process.poll() is None]
        for process in running:
            process.kill()
            process.wait()
        if running or self.guests():
            self.run("destroy")
            eventually(lambda: not descendants(), "the end of all that was started")
        shutil.rmtree(self.base)


def mount_apart() -> None:
    """Have a mount namespace of our own, in which nobody else's mounts come and go.

    To be called before there is any other thread: those would stay where they are.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "CLONE_NEWNS")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def adopt_orphans() -> None:
    """Have every descendant whose parent dies become a child of this process, not of PID 1.

    What is adopted is reaped in PID 1's stead: a guest cannot end before its last process is.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
    threading.Thread(target=_reap_adopted, daemon=True).start()


def _reap_adopted() -> None:
    while True:
        time.sleep(0.05)
        for child in psutil.Process().children():
            try:
                if child.status() == psutil.STATUS_ZOMBIE and _adopted(child.pid):
                    os.waitpid(child.pid, os.WNOHANG)
            except (psutil.NoSuchProcess, OSError):
                continue


def _adopted(pid: int) -> bool:
    """Whether this process did not start that child itself.

    Its own children are in no guest, and in its session or lead one; an orphan of a killed nsenter
    is in this session and in a guest.
    """
    if os.getsid(pid) not in (os.getsid(0), pid):
        return True
    status = Path(f"/proc/{pid}/status").read_text()
    return len(re.findall(r"^NSpid:(.*)$", status, re.MULTILINE)[0].split()) > 1


def runs(process: psutil.Process, program: str) -> bool:
    """Whether that is a process of such a program; no, if it has ended meanwhile."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(program in word for word in process.cmdline())
    return False


def descendants() -> list[psutil.Process]:
    """Every living descendant of this process; orphans that have ended are reaped on the way.

    To be asked while nobody waits for a process that this one has started.
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
