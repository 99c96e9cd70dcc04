"""A `vagrant` that says what a test has written down, and remembers how it was called.

ANSWERS/NAME holds the answers to `vagrant NAME ...`, one JSON object a line, each used once and the
last one for ever: {"stdout": ..., "stderr": ..., "exit": ..., "seconds": ...}.
"""

from __future__ import annotations

import json
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

PROGRAM = f"""#!{sys.executable}
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
print(answer.get("stdout", ""), end="")
print(answer.get("stderr", ""), end="", file=sys.stderr)
sys.exit(answer.get("exit", 0))
"""


class ScriptedVagrant:
    """The program, its answers, and the calls it got."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "answers"
        self.programs = folder / "bin"
        self.folder.mkdir()
        self.programs.mkdir()
        self._program("vagrant", PROGRAM)
        self.install("libvirtd", "qemu-system-x86_64", "qemu-img", "VBoxManage")
        (self.programs / "unshare").symlink_to(str(shutil.which("unshare")))
        self.answer("plugin", {"stdout": PLUGINS})

    def install(self, *names: str) -> None:
        """Programs that are merely there."""
        for name in names:
            self._program(name, "#!/bin/sh\n")

    def remove(self, name: str) -> None:
        """Take a program away."""
        (self.programs / name).unlink()

    def answer(self, command: str, *answers: dict[str, Any]) -> None:
        """What `vagrant COMMAND` is to say, call by call."""
        (self.folder / command).write_text("\n".join(json.dumps(each) for each in answers))

    def calls(self, command: str) -> list[dict[str, Any]]:
        """How `vagrant COMMAND` was called."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        calls: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [call for call in calls if call["arguments"][0] == command]

    def environment(self) -> dict[str, str]:
        """For a process that shall find it, and no other."""
        return {"PATH": str(self.programs), "SCRIPTED_VAGRANT": str(self.folder)}

    def _program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


PLUGINS = (
    "1700000000,,plugin-name,vagrant-libvirt\n"
    "1700000000,vagrant-libvirt,plugin-version,0.11.2%!(VAGRANT_COMMA) system\n"
)
