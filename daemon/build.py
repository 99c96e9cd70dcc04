"""Compiles the programs in C: testd and floor for guests, bareloop and sleeper for the host."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from provision.errors import Problem

SOURCES = Path(__file__).parent / "c"
PROGRAMS = ("testd", "floor", "bareloop", "sleeper")
_INSTALL = "apt-get install gcc musl-tools"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-static", "-s", "-Wl,-z,norelro")
_LAYOUT = "testd.ld"
_PLACED = ("-fno-pie", "-no-pie")

# What platform.machine() calls an architecture, and what zig does; others are the same in both.
ZIG_NAMES = {"amd64": "x86_64", "arm64": "aarch64", "i386": "x86", "i686": "x86"}


@dataclass(frozen=True)
class Binaries:
    """Paths of the programs on the host; a guest is given the first two."""

    testd: Path
    floor: Path
    bareloop: Path
    sleeper: Path


@dataclass(frozen=True)
class Compiler:
    """A command that compiles for one architecture, and what tells its versions apart.

    lays_out: its linker takes testd.ld, which zig's does not.
    """

    command: tuple[str, ...]
    version: str
    lays_out: bool = False

    def flags(self, program: str) -> tuple[str, ...]:
        """What that program is compiled and linked with."""
        if program != "testd" or not self.lays_out:
            return FLAGS
        return (*FLAGS, *_PLACED, "-T", str(SOURCES / _LAYOUT))


def build(arch: str, cache: Path) -> Binaries:
    """The programs for an architecture (as platform.machine() names it), compiled at most once.

    cache: a folder; what is built stays below its bin/. Two processes may build at once.
    Raises Problem where there is no compiler for that architecture, or where compiling fails.
    """
    compiler = find_compiler(arch)
    folder = cache / "bin" / _key(arch, compiler)
    if not folder.is_dir():
        _fill(folder, compiler)
    return Binaries(*(folder / name for name in PROGRAMS))


def find_compiler(arch: str) -> Compiler:
    """The host's compiler for its own architecture, else the zig compiler. Raises Problem.

    Both link against musl: before main(), glibc's start-up would take longer than a quick restart.
    """
    own = arch == platform.machine()
    cc = shutil.which("musl-gcc")
    if own and cc:
        return Compiler((cc,), _ask(cc, "--version"), lays_out=True)
    if importlib.util.find_spec("ziglang"):
        zig = (sys.executable, "-m", "ziglang")
        target = f"{ZIG_NAMES.get(arch, arch)}-linux-musl"
        return Compiler((*zig, "cc", "-target", target), _ask(*zig, "version"))
    raise Problem(
        f"There is no C compiler for {arch} on this {platform.machine()} host.",
        known="Tried: " + ("musl-gcc and " if own else "") + "the Python package ziglang.",
        advice=(f"{_INSTALL}, or: " if own else "") + ".venv/bin/pip install ziglang",
    )


def _ask(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"{' '.join(command)} failed.", known=done.stdout + done.stderr)
    return done.stdout


def _key(arch: str, compiler: Compiler) -> str:
    digest = hashlib.sha256()
    parts = [arch, compiler.version, *compiler.command[-2:], *FLAGS, *_PLACED]
    sources = [_LAYOUT, *(f"{name}.c" for name in PROGRAMS)]
    for part in parts + [(SOURCES / name).read_text() for name in sources]:
        digest.update(part.encode() + b"\0")
    return f"{arch}-{digest.hexdigest()[:16]}"


def _fill(folder: Path, compiler: Compiler) -> None:
    """Build beside the folder, then rename: it is there whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=folder.parent) as made:
        fresh = Path(made) / "whole"
        fresh.mkdir()
        for name in PROGRAMS:
            _compile(compiler, name, fresh, folder.parent / "zig")
        try:
            fresh.rename(folder)
        except OSError:
            # Another process was faster: its result is the same.
            if not folder.is_dir():
                raise


def _compile(compiler: Compiler, program: str, folder: Path, zig_cache: Path) -> None:
    source, result = SOURCES / f"{program}.c", folder / program
    command = [*compiler.command, *compiler.flags(program), "-o", str(result), str(source)]
    # Left alone, zig keeps its own cache in the home folder and in the current one.
    cached = {"ZIG_GLOBAL_CACHE_DIR": str(zig_cache), "ZIG_LOCAL_CACHE_DIR": str(zig_cache)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **cached}
    )
    if done.returncode:
        raise Problem(
            f"{source.name} does not compile: {' '.join(command)}",
            # A compiler that fails may have had no room.
            known=f"{done.stderr.rstrip()}\n"
            f"{shutil.disk_usage(folder).free >> 20} MiB are free in {folder}.",
            advice=f"Free some space; if nothing at all compiles: {_INSTALL}",
        )
