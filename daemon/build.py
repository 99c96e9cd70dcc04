"""The compiler of the C programs: four for guests, bareloop and sleeper for the host."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from provision.errors import Problem
from provision.scratch import scratch_folder

SOURCES = Path(__file__).parent / "c"
PROGRAMS = ("testd", "floor", "bareloop", "sleeper", "entry", "witness")
_INSTALL_COMMAND = "apt-get install gcc musl-tools"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-static", "-s", "-Wl,-z,norelro")
_LINKER_SCRIPT = "testd.ld"
_LINKER_SCRIPT_FLAGS = ("-fno-pie", "-no-pie")

# Architectures whose name in platform.machine() differs from zig's.
ZIG_NAMES = {"amd64": "x86_64", "arm64": "aarch64", "i386": "x86", "i686": "x86"}


@dataclass(frozen=True)
class Binaries:
    """Paths of the programs on the host; guests get all but bareloop and sleeper."""

    testd: Path
    floor: Path
    bareloop: Path
    sleeper: Path
    entry: Path
    witness: Path


@dataclass(frozen=True)
class Compiler:
    """A command that compiles for one architecture."""

    command: tuple[str, ...]
    version: str  # as the command prints it
    takes_linker_script: bool = False  # GNU ld does, zig's linker does not

    def flags(self, program: str) -> tuple[str, ...]:
        """Return the flags to compile and link a program with."""
        if program != "testd" or not self.takes_linker_script:
            return FLAGS
        return (*FLAGS, *_LINKER_SCRIPT_FLAGS, "-T", str(SOURCES / _LINKER_SCRIPT))


def build(arch: str, cache: Path) -> Binaries:
    """Return the programs for an architecture, compiled at most once.

    arch: as platform.machine() names it. cache: a folder; the programs stay below its bin/. Several
    processes may build at the same time.
    Raises Problem where there is no compiler for the architecture, or where compiling fails.
    """
    compiler = find_compiler(arch)
    folder = cache / "bin" / _cache_key(arch, compiler)
    if not folder.is_dir():
        _build_into(folder, compiler)
    return Binaries(*(folder / name for name in PROGRAMS))


def find_compiler(arch: str) -> Compiler:
    """Return the host's compiler for its own architecture, else the zig compiler.

    Both link against musl: glibc's start-up before main() takes longer than a fast restart.
    Raises Problem where there is neither.
    """
    is_own = arch == platform.machine()
    musl_gcc = shutil.which("musl-gcc")
    if is_own and musl_gcc:
        return Compiler((musl_gcc,), _run(musl_gcc, "--version"), takes_linker_script=True)
    if importlib.util.find_spec("ziglang"):
        zig = (sys.executable, "-m", "ziglang")
        target = f"{ZIG_NAMES.get(arch, arch)}-linux-musl"
        return Compiler((*zig, "cc", "-target", target), _run(*zig, "version"))
    raise Problem(
        f"No C compiler for {arch} is installed on this {platform.machine()} host.",
        known="Tried: " + ("musl-gcc and " if is_own else "") + "the Python package ziglang.",
        advice=(f"{_INSTALL_COMMAND}, or: " if is_own else "") + ".venv/bin/pip install ziglang",
    )


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"{' '.join(command)} failed.", known=done.stdout + done.stderr)
    return done.stdout


def _cache_key(arch: str, compiler: Compiler) -> str:
    """Return a folder name that differs by architecture, compiler, flags and sources."""
    digest = hashlib.sha256()
    parts = [arch, compiler.version, *compiler.command[-2:], *FLAGS, *_LINKER_SCRIPT_FLAGS]
    sources = [_LINKER_SCRIPT, *(f"{name}.c" for name in PROGRAMS)]
    for part in parts + [(SOURCES / name).read_text() for name in sources]:
        digest.update(part.encode() + b"\0")
    return f"{arch}-{digest.hexdigest()[:16]}"


def _build_into(folder: Path, compiler: Compiler) -> None:
    """Build all programs beside the folder, then rename: it appears whole or not at all."""
    with scratch_folder(folder.parent, "build") as scratch:
        new = scratch / "new"
        new.mkdir()
        for name in PROGRAMS:
            _compile(compiler, name, new, folder.parent / "zig")
        try:
            new.rename(folder)
        except OSError:
            # Another process was faster. Its result is the same.
            if not folder.is_dir():
                raise


def _compile(compiler: Compiler, program: str, folder: Path, zig_cache: Path) -> None:
    """Compile one program into the folder. Raises Problem where that fails."""
    source, binary = SOURCES / f"{program}.c", folder / program
    command = [*compiler.command, *compiler.flags(program), "-o", str(binary), str(source)]
    # By default, zig keeps caches in the home folder and in the current one.
    environment = os.environ | {
        "ZIG_GLOBAL_CACHE_DIR": str(zig_cache),
        "ZIG_LOCAL_CACHE_DIR": str(zig_cache),
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Problem(
            f"{source.name} does not compile: {' '.join(command)}",
            # A full disk is a common cause.
            known=f"{done.stderr.rstrip()}\n"
            f"{shutil.disk_usage(folder).free >> 20} MiB are free in {folder}.",
            advice=f"Free some space. If no program compiles at all: {_INSTALL_COMMAND}",
        )
