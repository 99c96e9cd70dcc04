"""Cached trees that lie between an image and what a guest writes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from filelock import FileLock

from provision.cache import cache_folder, make_open_folder, remove_tree
from provision.errors import Problem
from provision.guests.bytecode import BYTECODE, python_command
from provision.guests.files import File
from provision.guests.limit_class import LARGE
from provision.guests.suite_files import files_below
from provision.lxc.guest import start_guest
from provision.lxc.trees.image import ensure_image
from provision.lxc.trees.stale_cache import OVERLAY
from provision.lxc.trees.userns import SHIFT
from provision.provider import Installation
from provision.systems import System


def file_layer(files: Sequence[File]) -> Path:
    """The layer of those files, made if it does not exist: the same inodes for every guest."""
    layer = _layer_path("files", repr(files))
    with FileLock(f"{layer}.lock"):
        if not layer.exists():
            _write_files(files, layer)
    return layer


def bytecode_layer(system: System, files: Sequence[File], lower: Path) -> Path:
    """Return the layer with the compiled bytecode of the measuring program.

    It is made if it does not exist, by the system's own Python. Without it, each guest would
    compile the modules anew. files: all that guests are given. lower: the layer of these. Raises
    Problem.
    """
    name = f"{system.name}-bytecode"
    # What this module does decides it as well.
    key = f"{ensure_image(system).name}\n{lower.name}\n{Path(__file__).read_text()}"
    layer = _layer_path(name, key)
    with FileLock(f"{layer}.lock"):
        if not layer.exists():
            _write_files(_compile(system, lower, f"{name}-{os.getpid()}", files), layer)
    return layer


def _compile(system: System, lower: Path, name: str, files: Sequence[File]) -> list[File]:
    """Import every module of the files in a guest, and return what its Python has kept of that."""
    modules = [PurePosixPath(file.path) for file in files if file.path.endswith(".py")]
    programs = [path.parent for path in modules if path.name == "__main__.py"]
    guest = start_guest(name, system, [lower], LARGE)
    try:
        python = python_command(system, keeps=True)
        for program in programs:
            names = ", ".join(_module_names(program, modules))
            guest.run(f"cd {program.parent}; {python} -c 'import {names}'")
            guest.run(f"{python} {program}", check=False)  # it only says how it is used
        guest.halt()
        compiled = guest.upper / BYTECODE.lstrip("/")
        return [replace(file, path=f"{BYTECODE}{file.path}") for file in files_below(compiled)]
    finally:
        guest.destroy()


def _module_names(program: PurePosixPath, modules: Sequence[PurePosixPath]) -> Iterator[str]:
    for path in modules:
        if program in path.parents and path.stem not in ("__init__", "__main__"):
            yield ".".join(path.relative_to(program.parent).with_suffix("").parts)


def _write_files(files: Sequence[File], layer: Path) -> None:
    new = layer.with_suffix(".new")
    remove_tree(new)
    new.mkdir()
    for file in files:
        path = new / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
        path.chmod(file.mode)
    for path in (new, *new.rglob("*")):
        os.chown(path, SHIFT, SHIFT)
        if path.is_dir():
            path.chmod(0o755)
    new.rename(layer)


def installation_layer(system: System, installation: Installation) -> Path:
    """The layer that the installation writes over the image, made if it does not exist.

    Raises Problem.
    """
    key = f"{ensure_image(system).name}\n{system.mirror.aur}\n{installation.key}"
    kind = OVERLAY if installation.from_overlay else ""
    layer = _layer_path(f"{system.name}-{installation.name}{kind}", key)
    with FileLock(f"{layer}.lock"):
        Path(f"{layer}.lock").touch()  # its last use, for `remove_stale_entries`
        if not layer.exists():
            # It may have waited here for an installation that Ctrl-C has ended.
            installation.check_wanted()
            _install(system, installation, layer)
    return layer


def _install(system: System, installation: Installation, layer: Path) -> None:
    # With the system in its name: a run of several installs in all of them at once.
    name = f"install-{system.name}-{installation.name}-{os.getpid()}"
    guest = start_guest(name, system, [], LARGE)
    try:
        installation.install(guest)
        guest.halt()
        guest.upper.rename(layer)
    except Problem as problem:
        why = guest.why_ended()
        if why:
            raise Problem(why, known=str(problem)) from problem
        raise
    finally:
        guest.destroy()


def _layer_path(name: str, key: str) -> Path:
    layer = cache_folder() / "layers" / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    make_open_folder(layer.parent)
    return layer
