"""One contract over every supervisor folder: adding one touches nothing here."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import supervisors as package
from daemon.build import PROGRAMS
from provision.systems import SYSTEMS
from supervisors import supervisors
from supervisors.base import ARTICLE_YEAR, ArticleRow, Supervisor
from supervisors.contender import Contender
from supervisors.service import services_of

FOLDERS = sorted(path.parent for path in Path(package.__file__).parent.glob("*/__init__.py"))
EVERY = list(supervisors().values())
PAIRS = [(each, contender) for each in EVERY for contender in each.contenders]
LONGEST = 15  # characters that the kernel keeps of a process's name
FLOOR = "floor"

# The article's table: version, needs PID 1, runner, monitor, lines of code.
ARTICLE = {
    "sysvinit": ArticleRow("2.88", True, True, False, 6562),
    "upstart": ArticleRow("1.4", True, True, True, 11054),
    "systemd": ArticleRow("43", True, True, True, 87419),
    "daemontools": ArticleRow("0.76", False, True, False, 3750),
    "runit": ArticleRow("2.1.1", False, True, False, 5685),
    "s6": ArticleRow("0.14", False, True, False, 3851),
    "perp": ArticleRow("2.05", False, True, False, 6823),
    "supervisord": ArticleRow("3.0a12", False, True, False, 7211),
    "restartd": ArticleRow("0.2.2", False, False, True, 373),
    "monit": ArticleRow("5.3.2", False, False, True, 33891),
    "god": ArticleRow("0.12.1", False, False, True, 3978),
}

every = pytest.mark.parametrize("supervisor", EVERY, ids=[each.name for each in EVERY])
pairs = pytest.mark.parametrize(
    ("supervisor", "contender"), PAIRS, ids=[contender.name for _, contender in PAIRS]
)


def test_every_folder_is_registered_under_its_own_name() -> None:
    assert sorted(supervisors()) == [folder.name for folder in FOLDERS]
    assert [each.folder for each in sorted(EVERY, key=lambda each: each.name)] == FOLDERS


def test_no_two_contenders_share_a_name() -> None:
    names = [contender.name for _, contender in PAIRS]
    assert len(names) == len(set(names))


@every
def test_facts_are_there(supervisor: Supervisor) -> None:
    assert supervisor.name == supervisor.folder.name
    assert supervisor.title
    assert re.match(r"https?://|daemon/c/floor\.c$", supervisor.home_page)
    assert supervisor.__doc__
    assert supervisor.contenders
    assert supervisor.process_names
    assert supervisor.program_path is None or supervisor.program_path.startswith("/")
    assert supervisor.version_command or supervisor.program_path


@every
def test_the_articles_row(supervisor: Supervisor) -> None:
    assert supervisor.article == ARTICLE.get(supervisor.name)
    if supervisor.article is None:
        return
    order = sorted(
        (each for each in EVERY if each.article), key=lambda each: list(ARTICLE).index(each.name)
    )
    ranks = [each.article_order for each in order]
    assert ranks == sorted(set(ranks))
    assert supervisor.needs_pid1 == supervisor.article.needs_pid1
    roles = {contender.role for contender in supervisor.contenders}
    assert ("runner" in roles) == supervisor.article.runner
    assert ("monitor" in roles) == supervisor.article.monitor


@every
def test_names_of_its_processes_are_as_the_kernel_has_them(supervisor: Supervisor) -> None:
    assert all(
        0 < len(name) <= LONGEST for name in supervisor.process_names | supervisor.thread_patterns
    )
    assert "testd" not in supervisor.process_names


@every
def test_a_runner_has_a_parent_among_its_processes(supervisor: Supervisor) -> None:
    if any(contender.role == "runner" for contender in supervisor.contenders):
        assert supervisor.service_parent in supervisor.process_names


@every
def test_it_runs_somewhere(supervisor: Supervisor) -> None:
    assert supervisor.init_command or supervisor.hosted_command
    for command in (supervisor.init_command, supervisor.hosted_command):
        assert command is None or command.startswith("/")


@every
def test_sources(supervisor: Supervisor) -> None:
    assert supervisor.sources
    assert set(supervisor.sources) <= set(SYSTEMS)
    assert set(supervisor.article_sources) <= set(SYSTEMS)
    for system in SYSTEMS.values():
        for versions in ("", ARTICLE_YEAR):
            source = supervisor.source(system, versions)
            missing = supervisor.why_unavailable(system, versions)
            if source is None or missing:
                assert missing
                continue
            assert str(source)
            assert supervisor.recipe(source).key != ""
    assert not set(supervisor.unavailable_on) & set(supervisor.sources)


@every
def test_no_version_is_written_down(supervisor: Supervisor) -> None:
    """Today's version is asked for in a guest; the article's, and what is pinned, are facts."""
    tree = ast.parse((supervisor.folder / "__init__.py").read_text())
    row = {
        id(word)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("ArticleRow", "Pypi")
        for word in ast.walk(call)
    }
    words = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in row
    ]
    assert not [word for word in words if re.fullmatch(r"v?\d+(\.\d+)+\w*(-\w+)?", word)]
    assert not re.search(r"\d+\.\d+", supervisor.version_command or "")


@every
def test_a_watchdog_or_why_there_is_none(supervisor: Supervisor) -> None:
    assert (supervisor.watchdog is None) == bool(supervisor.unsupported.get("watchdog"))


@pairs
def test_a_watchdog_is_configured(supervisor: Supervisor, contender: Contender) -> None:
    """What the daemon is told to do for it, its supervisor is told to look at."""
    if supervisor.watchdog is None:
        return
    (plain,) = services_of(contender, 1)
    asked = replace(plain, watchdog=supervisor.watchdog)
    written = [str(file.content) for file in supervisor.files(contender, [asked])]
    assert any(asked.command in text for text in written)
    dog = {"notify": "WatchdogSec=", "file": asked.heartbeat_file}[supervisor.watchdog]
    others = "".join(text.replace(asked.command, "") for text in written)
    assert dog in others
    assert dog not in "".join(str(file.content) for file in supervisor.files(contender, [plain]))


@pairs
def test_contender_facts(supervisor: Supervisor, contender: Contender) -> None:
    assert contender.supervisor == supervisor.name
    assert contender.role in ("runner", "monitor")
    assert contender.profile in ("default", "tuned")
    assert contender.setting
    assert "\n" not in contender.setting
    assert contender.settled_uptime > 0
    assert contender.period is None or contender.period > 0
    assert contender.limit_pause >= 0


@pairs
def test_its_place_is_one_that_it_has(supervisor: Supervisor, contender: Contender) -> None:
    assert (supervisor.init_command if contender.pid1 else supervisor.hosted_command) is not None


@pairs
def test_a_tuned_profile_has_a_default_beside_it(
    supervisor: Supervisor, contender: Contender
) -> None:
    default = [
        each
        for each in supervisor.contenders
        if (each.role, each.pid1, each.profile) == (contender.role, contender.pid1, "default")
    ]
    assert len(default) == 1


@pytest.mark.parametrize("count", [1, 10])
@pairs
def test_templates_render(supervisor: Supervisor, contender: Contender, count: int) -> None:
    wanted = services_of(contender, count)
    files = supervisor.files(contender, wanted)
    assert files
    paths = [file.path for file in files]
    assert len(paths) == len(set(paths))
    for file in files:
        assert file.path.startswith("/")
        assert "SERVICE" not in file.path
        assert isinstance(file.content, str)
        assert file.content.endswith("\n")
        assert not re.search(r"\{[{%#]|[%#}]\}", file.content), file.path
        assert file.content.startswith("#!") == bool(file.mode & 0o111), file.path
    told = "\n".join(f"{file.path}\n{file.content!s}" for file in files)
    for service in wanted:
        assert service.command in told, service.name


@pairs
def test_profiles_differ_in_what_they_write(supervisor: Supervisor, contender: Contender) -> None:
    """A tuned profile that writes what the default does would be the same row twice."""
    if contender.profile == "default":
        return
    default = next(
        each
        for each in supervisor.contenders
        if (each.role, each.pid1, each.profile) == (contender.role, contender.pid1, "default")
    )
    one, other = (
        {file.path: file.content for file in supervisor.files(each, services_of(each, 1))}
        for each in (contender, default)
    )
    assert one != other


@pairs
def test_a_second_service_is_told_apart(supervisor: Supervisor, contender: Contender) -> None:
    both = services_of(contender, 2)
    assert len({service.command for service in both}) == 2
    assert len({service.pidfile for service in both}) == 2


@pytest.mark.parametrize("verb", ["disable_command", "stop_command", "start_command"])
@pairs
def test_every_verb_gives_a_command(
    supervisor: Supervisor, contender: Contender, verb: str
) -> None:
    give: Callable[..., str] = getattr(supervisor, verb)
    first, second = services_of(contender, 2)
    command = give(contender, first)
    assert command.strip()
    if supervisor.name != FLOOR or verb == "disable_command":
        assert command != give(contender, second)


@pairs
def test_reload_is_a_command_or_none(supervisor: Supervisor, contender: Contender) -> None:
    command = supervisor.reload_command(contender, services_of(contender, 2))
    assert command is None or command.strip()
    assert isinstance(supervisor.enable_command(contender, services_of(contender, 1)[0]), str)


@every
def test_it_starts_no_program_of_the_suite_but_the_daemon(supervisor: Supervisor) -> None:
    """Only the floor runs a second one of ours: itself."""
    for contender in supervisor.contenders:
        for file in supervisor.files(contender, services_of(contender, 1)):
            for program in set(PROGRAMS) - {"testd"}:
                assert supervisor.name == program or f"/{program} " not in str(file.content)


def test_the_registry_is_in_the_articles_order() -> None:
    known = [each.name for each in EVERY if each.article]
    assert known == [name for name in ARTICLE if name in known]


@pytest.mark.parametrize("system", SYSTEMS)
def test_only_a_system_that_has_it_gives_a_recipe(system: str) -> None:
    for each in EVERY:
        source = each.source(SYSTEMS[system])
        assert (source is None) is (system not in each.sources)
        if source is not None:
            assert each.recipe(source).name == each.name
