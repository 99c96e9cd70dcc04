"""A `vagrant` that answers as a test has scripted it, and records how it was called.

ANSWERS/NAME holds the answers to `vagrant NAME ...`, one JSON object a line. Each serves one call,
and the last one serves all further calls.
"""

from __future__ import annotations

import json
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import pytest

from provision.vagrant import host_check
from provision.vagrant.machines.machine import machine_names
from provision.vagrant.provider import Vagrant

_PROGRAM = f"""#!{sys.executable}
import json, os, sys, time
from pathlib import Path

folder = Path(os.environ["SCRIPTED_VAGRANT"])
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps({{"arguments": sys.argv[1:], "uid": os.getuid(), "cwd": os.getcwd(),
        "guest": os.environ.get("BENCH_GUEST"), "home": os.environ["VAGRANT_HOME"]}}) + "\\n")
script = folder / sys.argv[1]
lines = script.read_text().splitlines() if script.exists() else ["{{}}"]
if len(lines) > 1:
    script.write_text("\\n".join(lines[1:]))
answer = json.loads(lines[0])
time.sleep(answer.get("seconds", 0))
if "console" in answer:
    Path(os.environ["BENCH_CONSOLE"]).write_text(answer["console"])
print(answer.get("stdout", ""), end="")
print(answer.get("stderr", ""), end="", file=sys.stderr)
sys.exit(answer.get("exit", 0))
"""
_PLUGINS = (
    "1700000000,,plugin-name,vagrant-libvirt\n"
    "1700000000,vagrant-libvirt,plugin-version,0.11.2%!(VAGRANT_COMMA) system\n"
)


class Answer(TypedDict, total=False):
    """What one call prints, its exit code, and how many seconds it takes.

    console: what the machine prints meanwhile.
    """

    stdout: str
    stderr: str
    console: str
    exit: int
    seconds: float


class Call(TypedDict):
    """How the program was called; guest and home are values of its environment."""

    arguments: list[str]
    uid: int
    cwd: str
    guest: str
    home: str


class ScriptedVagrant:
    """The program, its answers, and its calls."""

    def __init__(self, folder: Path) -> None:
        self.answers = folder / "answers"
        self.programs = folder / "bin"
        self.answers.mkdir()
        self.programs.mkdir()
        self._write_program("vagrant", _PROGRAM)
        for name in ("libvirtd", "qemu-system-x86_64", "qemu-img", "VBoxManage"):
            self._write_program(name, "#!/bin/sh\n")
        (self.programs / "unshare").symlink_to(str(shutil.which("unshare")))
        self.answer("plugin", {"stdout": _PLUGINS})

    def remove(self, name: str) -> None:
        """Remove a program."""
        (self.programs / name).unlink()

    def answer(self, command: str, *answers: Answer) -> None:
        """Script the answers to `vagrant COMMAND`, call by call."""
        (self.answers / command).write_text("\n".join(json.dumps(answer) for answer in answers))

    def calls(self, command: str) -> list[Call]:
        """Return the calls of `vagrant COMMAND`."""
        path = self.answers / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        calls: list[Call] = [json.loads(line) for line in lines]
        return [call for call in calls if call["arguments"][0] == command]

    def environment(self) -> dict[str, str]:
        """Return the variables with which a process finds this `vagrant` and no other."""
        return {"PATH": str(self.programs), "SCRIPTED_VAGRANT": str(self.answers)}

    def _write_program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


@contextmanager
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedVagrant]:
    """Have this process find the scripted `vagrant`, and a cache folder of its own.

    Machines that the block leaves are removed after it.
    """
    program = ScriptedVagrant(folder)
    # pytest's folders may be longer than libvirt's sockets allow.
    monkeypatch.setattr(host_check, "LONGEST_FOLDER", 1000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    for name, value in program.environment().items():
        monkeypatch.setenv(name, value)
    yield program
    for hypervisor in ("libvirt", "virtualbox"):
        program.answer("destroy", {})
        for name in machine_names(hypervisor):
            Vagrant(hypervisor).remove(name)
