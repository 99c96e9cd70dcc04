"""Each rule of the contract finds its violation, and says what to do."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provision.sources.packages import Apt, Present
from provision.systems import SYSTEMS
from supervisors.base import Supervisor
from supervisors.contender import Contender, OlderVersion
from supervisors.contract import RULES, required_facts, violations
from supervisors.service import Service
from supervisors.versions import Change, Finding

MODULE = '"""A supervisor that keeps the contract."""\n'
RUN = "#!/bin/sh\nexec {{ service.command }}\n"
CONTENDER = Contender("good", "runner", "default", pid1=False, setting="as packaged")
# A word that is no role and no profile.
BAD: Any = "x"


def with_older(**facts: Any) -> Contender:
    older = OlderVersion(until=Change("1.0", "trixie"), contender=replace(CONTENDER, **facts))
    return replace(CONTENDER, older=(older,))


class Good(Supervisor):
    """https://example.org/manual"""

    name = "good"
    title = "good"
    home_page = "https://example.org/"
    sources = {"debian": Apt(("good",))}
    program_path = "/usr/bin/good"
    version_command = "good --version"
    needs_pid1 = False
    hosted_command = "/usr/bin/good -f"
    process_names = frozenset({"good"})
    service_parent = "good"
    unsupported = {
        "watchdog": "It waits for an end.",
        "readiness": "It takes no message.",
        "keeping output": "A service's output is its own.",
    }
    contenders = (CONTENDER,)

    def disable_command(self, contender: Contender, service: Service) -> str:
        return f"rm /etc/good/{service.name}"

    def reload_command(self, contender: Contender, services: Iterable[Service]) -> str | None:
        return "good reload"

    def stop_command(self, contender: Contender, service: Service) -> str:
        return f"good stop {service.name}"

    def start_command(self, contender: Contender, service: Service) -> str:
        return f"good start {service.name}"


Make = Callable[..., Supervisor]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a supervisor that keeps the contract but for the attributes given."""
    folder = tmp_path / "good"
    template = folder / "files/etc/good/SERVICE"
    template.parent.mkdir(parents=True)
    template.write_text(RUN)
    template.chmod(0o755)
    (folder / "__init__.py").write_text(MODULE)
    (folder / "idea.md").write_text("It keeps programs alive.\n")
    spec = importlib.util.spec_from_file_location("good_supervisor", folder / "__init__.py")
    assert spec is not None
    sys.modules["good_supervisor"] = importlib.util.module_from_spec(spec)

    def build(**changes: Any) -> Supervisor:
        attributes = {"__module__": "good_supervisor", "__doc__": Good.__doc__, **changes}
        supervisor: Supervisor = type("Changed", (Good,), attributes)()
        return supervisor

    yield build
    del sys.modules["good_supervisor"]


def test_a_complete_folder_gives_no_complaint(make: Make) -> None:
    assert list(violations(make())) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "bad"}, "it must be the folder's name"),
        ({"title": ""}, "title is empty"),
        ({"home_page": "example.org"}, "give an address with http"),
        ({"home_page": "https://"}, "give an address with http"),
        ({"__doc__": ""}, "name the manual that its settings come from"),
        ({"process_names": frozenset()}, "ps -e -o comm="),
        ({"process_names": frozenset({"good", "a-name-of-sixteen"})}, "'a-name-of-sixte'"),
        ({"process_names": frozenset({"good", "testd"})}, "holds testd"),
        ({"service_parent": "other"}, "it must be one of process_names"),
        ({"service_parent_aliases": frozenset({"new"})}, "'new', which is none of process_names"),
        ({"hosted_command": None}, "a script in files/ that runs the client and then waits"),
        ({"hosted_command": "good -f"}, "begin it with an absolute path"),
        ({"needs_pid1": True}, "Set needs_pid1 to False, or remove hosted_command"),
        ({"needs_pid1": True}, "init_command does not say how it runs as PID 1"),
        ({"sources": {}}, "sources is empty"),
        ({"sources": {"debain": Apt(("good",))}}, "names the system 'debain'; known: arch, "),
        ({"unavailable_on": {"debian": "gone"}}, "in sources and in unavailable_on"),
        ({"unavailable_on": {"arch": ""}}, "gives no reason for arch"),
        ({"sources": {"debian": Apt(("good",), until="bokworm")}}, "'bokworm' is no release of"),
        ({"findings": (Finding("x", since=Change("9.1", "precise")),)}, "'precise' is no release"),
        ({"contenders": (with_older(profile="fast"),)}, "older has good/runner/fast/hosted"),
        ({"contenders": (with_older(setting=""),)}, "before 1.0: setting must be one line"),
        ({"program_path": None}, "name the file it brings"),
        ({"program_path": "good"}, "give an absolute path"),
        ({"program_path": None, "version_command": None, "sources": {"debian": Present()}},
         "one must lead to the version"),
        ({"version_command": "echo 2.1"}, "it must ask the installed program"),
        ({"unsupported": {}}, 'say in unsupported["watchdog"]'),
        ({"unsupported": {}}, 'say in unsupported["readiness"]'),
        ({"unsupported": {}}, 'say in unsupported["keeping output"]'),
        ({"readiness_protocol": "fd:3"}, 'say in unsupported["readiness"] why not; not both'),
        ({"readiness_protocol": "fd:3"}, "write wait_ready_command as well"),
        ({"watchdog": "file"}, "no file has /run/s1.alive"),
        ({"watchdog": "notify"}, "no file has WatchdogSec="),
        ({"contenders": ()}, "contenders is empty"),
        ({"contenders": (CONTENDER, CONTENDER)}, "Two contenders are named good/runner"),
        ({"contenders": (replace(CONTENDER, supervisor="x"),)}, "its supervisor is 'x'"),
        ({"contenders": (replace(CONTENDER, role=BAD),)}, "none of runner, monitor, init"),
        ({"contenders": (replace(CONTENDER, role="init"),)}, "its role is init, but"),
        ({"contenders": (replace(CONTENDER, profile=BAD),)}, "none of default, fast"),
        ({"contenders": (replace(CONTENDER, setting=""),)}, "setting must be one line"),
        ({"contenders": (replace(CONTENDER, setting="a\nb"),)}, "setting must be one line"),
        ({"contenders": (replace(CONTENDER, settled_uptime=0.0),)}, "settled_uptime must be"),
        ({"contenders": (replace(CONTENDER, limit_pause=-1.0),)}, "limit_pause must not be"),
        ({"contenders": (replace(CONTENDER, restart_delay=-1.0),)}, "restart_delay must not be"),
        ({"contenders": (replace(CONTENDER, period=0.0),)}, "or None where events alone decide"),
        ({"contenders": (replace(CONTENDER, pid1=True),)}, "as PID 1, but init_command is not set"),
        ({"contenders": (replace(CONTENDER, profile="fast"),)}, "exactly one default beside it"),
        ({"contenders": (CONTENDER, replace(CONTENDER, profile="fast"))}, "writes the same files"),
        ({"disable_command": lambda *_: ""}, "disable_command is empty"),
        ({"stop_command": lambda *_: "good stop"}, "stop_command does not depend on the service"),
        ({"reload_command": lambda *_: " "}, "return None if only a restart helps"),
    ],
)  # fmt: skip
def test_a_violation_is_found(make: Make, changes: dict[str, Any], words: str) -> None:
    complaints = [complaint for rule in RULES for complaint in rule(make(**changes))]
    assert any(words in complaint for complaint in complaints), complaints


@pytest.mark.parametrize("name", ["needs_pid1", "home_page", "contenders", "version_command"])
def test_a_required_fact_is_asked_for_by_its_name_and_meaning(name: str) -> None:
    facts = {key: value for key, value in vars(Good).items() if key != name}
    complaints = list(violations(type("Partial", (Supervisor,), facts)()))
    assert len(complaints) == 1
    assert complaints[0].startswith(f"Set {name}: ")


def test_a_required_command_is_asked_for_by_its_name() -> None:
    facts = {key: value for key, value in vars(Good).items() if key != "stop_command"}
    complaints = list(required_facts(type("Partial", (Supervisor,), facts)()))
    assert complaints == [
        "Write stop_command. Its docstring in supervisors/base.py says what it returns."
    ]


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("idea.md", " \n", "write a paragraph for readers"),
        ("idea.md", "FILL IN: how it works\n", "supervisors/good/idea.md:1: how it works"),
        ("files/etc/good/x", "{# FILL IN: its log #}\n", "files/etc/good/x:1: its log"),
        ("source.toml", "[rule", "no valid TOML"),
        ("source.toml", "[rule]\nlanguages = ['C']\nreason = 'x'\n", "[rule] has no directories"),
        ("__init__.py", 'VERSION = "2.1.2"\n', "'2.1.2' is a version"),
        ("files/etc/good/SERVICE", "no command\n", "use {{ service.command }}, or"),
        ("files/etc/good/more", "no newline", "does not end with a newline"),
        ("files/etc/good/more", "{{ '{{' }} x\n", "template marks left"),
        ("files/etc/good/s1", "twice\n", "two templates give /etc/good/s1"),
    ],
)
def test_a_bad_file_is_found(make: Make, path: str, content: str, words: str) -> None:
    supervisor = make()
    (supervisor.folder / path).write_text(content)
    complaints = list(violations(supervisor))
    assert any(words in complaint for complaint in complaints), complaints


def test_a_configuration_may_split_program_and_arguments(make: Make) -> None:
    supervisor = make()
    template = supervisor.folder / "files/etc/good/SERVICE"
    text = '#!/bin/sh\ncommand="{{ service.program }}"\narguments="{{ service.arguments }}"\n'
    template.write_text(text)
    assert list(violations(supervisor)) == []


def test_what_only_one_system_has_needs_no_reason_on_the_others(make: Make) -> None:
    assert list(violations(make(unavailable_on={}))) == []


def test_a_release_may_be_left_out_where_the_others_have_it(make: Make) -> None:
    supervisor = make(unavailable_on={"bullseye": "too old"})
    assert list(violations(supervisor)) == []
    bullseye, bookworm = SYSTEMS["bullseye"], SYSTEMS["debian"]
    assert (supervisor.source(bullseye), supervisor.why_unavailable(bullseye)) == (None, "too old")
    assert supervisor.source(bookworm)


def test_what_no_system_has_says_why(make: Make) -> None:
    reasons = {"debian": "gone", "precise": "gone", "arch": "gone"}
    assert list(violations(make(sources={}, unavailable_on=reasons))) == []
