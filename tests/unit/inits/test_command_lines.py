"""The command line that each container starts, and where it is written."""

from __future__ import annotations

import pytest

from bench.recording.usage_examples import usage_examples
from inits.base import COMMAND_FILE, Init
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.contender import Contender
from supervisors.service import WITNESS, Service

INITS = [init for init in supervisors().values() if isinstance(init, Init)]
EVERY = [(init, contender) for init in INITS for contender in init.contenders]
SERVICE = Service("s1", "init")


@pytest.mark.parametrize(("init", "contender"), EVERY, ids=[case[1].name for case in EVERY])
def test_the_container_starts_the_program_by_a_full_path(init: Init, contender: Contender) -> None:
    files = {file.path: str(file.content) for file in init.files(contender, [SERVICE])}
    words = files[COMMAND_FILE].splitlines()
    assert words[0].startswith("/") and all(words)
    assert words == list(init.command_line(contender, SERVICE))
    assert any("/srv/testd/testd" in text for text in files.values())


@pytest.mark.parametrize(("init", "contender"), EVERY, ids=[case[1].name for case in EVERY])
def test_another_program_takes_the_daemons_place(init: Init, contender: Contender) -> None:
    witness = Service("s1", "init", instead=WITNESS, options=("--relatives",))
    text = "".join(str(file.content) for file in init.files(contender, [witness]))
    assert "/srv/testd/witness" in text and "--relatives" in text
    assert "testd/testd" not in text


def test_bash_and_busybox_execute_a_single_command_in_their_own_place_and_dash_does_not() -> None:
    becoming = {contender.name for _, contender in EVERY if contender.becomes_program}
    assert becoming == {
        "none/init/default/pid1", "bash/init/command/pid1", "busybox-sh/init/command/pid1",
    }  # fmt: skip


def test_usage_shows_installation_command_line_and_boot() -> None:
    example, other = usage_examples(supervisors()["tini"], SYSTEMS["debian"])
    assert [step["title"] for step in example["steps"]] == [
        "Install", "Configure", "Start as PID 1",
    ]  # fmt: skip
    (written,) = (a for step in other["steps"] for a in step["actions"] if "file" in a)
    assert written["content"] == "/usr/bin/tini\n-g\n--\n/srv/testd/testd\ns1\n"


def test_the_application_of_nodejs_names_modules_as_node_12_does() -> None:
    nodejs = supervisors()["nodejs"]
    files = nodejs.files(nodejs.contenders[0], [SERVICE])
    (app,) = (str(file.content) for file in files if file.path == "/etc/app.js")
    assert 'require("child_process")' in app and "node:" not in app
