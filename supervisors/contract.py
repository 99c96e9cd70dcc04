"""The contract that every supervisor's folder keeps, as rules that say what to do next.

A rule is a generator: it yields one sentence for each violation. `./inv check NAME` prints them;
tests/unit/supervisors/test_contract.py demands that no folder gives any.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace

from provision.sources.packages import Apt, Present
from provision.systems import SYSTEMS, TABLE_KEYS
from supervisors.base import Supervisor
from supervisors.contender import PROFILES, ROLES, Contender
from supervisors.contract_files import (
    profiles_differ,
    services_are_told_apart,
    templates_render,
    watchdog_is_configured,
)
from supervisors.service import services_of
from supervisors.skeleton_marks import marked_lines

Rule = Callable[[Supervisor], Iterator[str]]

# Characters that the kernel keeps of a process's name.
LONGEST_PROCESS_NAME = 15
# The suite's own supervisor, on whose command line the services stand: nothing stops one.
FLOOR = "floor"

_REQUIRED = {
    "name": "the folder's name",
    "title": "its name for readers",
    "home_page": "the address of its home page",
    "sources": "by system, how that system gets it",
    "program_path": "the file that proves the installation",
    "version_command": "a command that prints its version, or None",
    "needs_pid1": "True if it works as PID 1 only, else False",
    "process_names": "the names of all its own processes",
    "contenders": "the rows of results",
}
_REQUIRED_COMMANDS = ("disable_command", "reload_command", "stop_command", "start_command")


def violations(supervisor: Supervisor) -> Iterator[str]:
    """Yield every violation. Where required facts are missing, yield only those."""
    missing = list(required_facts(supervisor))
    if missing:
        yield from missing
        return
    for rule in RULES:
        yield from rule(supervisor)


def required_facts(supervisor: Supervisor) -> Iterator[str]:
    """State every required class attribute, and override every required command."""
    for name, meaning in _REQUIRED.items():
        if not hasattr(supervisor, name):
            yield f"Set {name}: {meaning}."
    for name in _REQUIRED_COMMANDS if supervisor.keeps_services else ():
        if getattr(type(supervisor), name) is getattr(Supervisor, name):
            yield f"Write {name}. Its docstring in supervisors/base.py says what it returns."


def nothing_left_to_fill_in(supervisor: Supervisor) -> Iterator[str]:
    """Replace every `FILL IN` mark of the skeleton."""
    for path, number, what in marked_lines(supervisor.folder):
        yield f"supervisors/{path.relative_to(supervisor.folder.parent)}:{number}: {what}"


def facts_for_readers(supervisor: Supervisor) -> Iterator[str]:
    """Name, title, home page, manual and description are there."""
    if supervisor.name.replace("-", "_") != supervisor.folder.name:
        yield f"name is {supervisor.name!r}; it must be the folder's name, perhaps with hyphens."
    if not supervisor.title:
        yield "title is empty; give its name for readers."
    if not re.match(r"https?://\w|daemon/c/floor\.c$", supervisor.home_page):
        yield f"home_page is {supervisor.home_page!r}; give an address with http:// or https://."
    if not type(supervisor).__doc__:
        yield "The class has no docstring; name the manual that its settings come from."
    idea = supervisor.folder / "idea.md"
    if not idea.is_file() or not idea.read_text().strip():
        yield "idea.md is missing or empty; write a paragraph for readers on how it works."


def line_count_rule(supervisor: Supervisor) -> Iterator[str]:
    """source.toml says which files `./inv loc` counts; without one they are not counted."""
    path = supervisor.folder / "source.toml"
    if not path.is_file():
        return
    try:
        rule = tomllib.loads(path.read_text()).get("rule", {})
    except tomllib.TOMLDecodeError as error:
        yield f"source.toml is no valid TOML: {error}."
        return
    for key in ("directories", "languages", "reason"):
        if not rule.get(key):
            yield f"source.toml: [rule] has no {key}; see supervisors/runit/source.toml."


def process_names_of_the_kernel(supervisor: Supervisor) -> Iterator[str]:
    """Process names are as the kernel has them, and do not claim the test daemon."""
    if not supervisor.process_names:
        yield "process_names is empty; name its processes as `ps -e -o comm=` prints them."
    for name in sorted(supervisor.process_names | supervisor.thread_patterns):
        if not 0 < len(name) <= LONGEST_PROCESS_NAME:
            yield (
                f"The process name {name!r} has {len(name)} characters; the kernel keeps the first"
                f" {LONGEST_PROCESS_NAME}: {name[:LONGEST_PROCESS_NAME]!r}."
            )
    if "testd" in supervisor.process_names:
        yield "process_names holds testd, which is the suite's daemon and no part of a supervisor."


def parent_of_services(supervisor: Supervisor) -> Iterator[str]:
    """A runner says which of its processes is the parent of services."""
    is_runner = any(contender.role == "runner" for contender in supervisor.contenders)
    for name in sorted(supervisor.service_parent_aliases - supervisor.process_names):
        yield f"service_parent_aliases has {name!r}, which is none of process_names."
    if is_runner and supervisor.service_parent not in supervisor.process_names:
        yield (
            f"service_parent is {supervisor.service_parent!r}; it must be one of process_names,"
            " the one that is the parent of a service."
        )


def place_to_run(supervisor: Supervisor) -> Iterator[str]:
    """needs_pid1, init_command and hosted_command agree."""
    commands = {
        "init_command": supervisor.init_command,
        "hosted_command": supervisor.hosted_command,
    }
    if not any(commands.values()):
        yield (
            "Neither init_command nor hosted_command is set. Set init_command if it can be PID 1,"
            " hosted_command if another PID 1 can keep it in the foreground. Where a client forks"
            " it, hosted_command is a script in files/ that runs the client and then waits."
        )
    for name, command in commands.items():
        if command is not None and not command.startswith("/"):
            yield f"{name} is {command!r}; begin it with an absolute path."
    if supervisor.needs_pid1 and supervisor.hosted_command:
        yield (
            "needs_pid1 is True, but hosted_command runs it under another PID 1. Set needs_pid1 to"
            " False, or remove hosted_command."
        )
    if supervisor.needs_pid1 and not supervisor.init_command:
        yield "needs_pid1 is True, but init_command does not say how it runs as PID 1."


def sources_of_known_systems(supervisor: Supervisor) -> Iterator[str]:
    """Each source belongs to a known system, and each system has a source or a reason."""
    for attribute in ("sources", "version_sources", "unavailable_on"):
        for name in sorted(set(getattr(supervisor, attribute)) - set(TABLE_KEYS)):
            yield f"{attribute} names the system {name!r}; known: {', '.join(TABLE_KEYS)}."
    if not supervisor.sources and not supervisor.unavailable_on:
        yield (
            "sources is empty; say for one system at least how that gets it, or in unavailable_on"
            " why none does."
        )
    for name in sorted(set(supervisor.unavailable_on) & set(supervisor.sources)):
        yield f"{name} is in sources and in unavailable_on; remove it from one of them."
    for system in SYSTEMS.values():
        for version in ("", "1.0"):
            source = supervisor.source(system, version)
            reason = supervisor.why_unavailable(system, version)
            if source is None and not reason:
                yield f"unavailable_on gives no reason for {system.name}; add one."
            if source is not None and not (str(source) and supervisor.installation(source).key):
                yield f"The source for {system.name} has no text; see provision/sources/."


def releases_of_debian(supervisor: Supervisor) -> Iterator[str]:
    """Sources and changes name releases of Debian by their codenames."""
    releases = [system.release for system in SYSTEMS.values() if system.distribution == "debian"]
    named = {
        name
        for source in supervisor.sources.values()
        if isinstance(source, Apt)
        for name in (source.since, source.until)
    }
    changes = [older.until for contender in supervisor.contenders for older in contender.older]
    for finding in supervisor.findings:
        changes += [change for change in (finding.since, finding.until) if change]
    named |= {change.release for change in changes}
    for name in sorted(named - {"", *releases}):
        yield f"{name!r} is no release of Debian; known: {', '.join(releases)}."


def program_and_version(supervisor: Supervisor) -> Iterator[str]:
    """The installed program can be found, and tells its version or has a package that does."""
    path = supervisor.program_path
    if path is None and not all(isinstance(s, Present) for s in supervisor.sources.values()):
        yield "program_path is None, but a source installs something; name the file it brings."
    if path is not None and not path.startswith("/"):
        yield f"program_path is {path!r}; give an absolute path."
    if path is None and not supervisor.version_command:
        yield "version_command and program_path are both None; one must lead to the version."


def no_version_written_down(supervisor: Supervisor) -> Iterator[str]:
    """A guest tells today's version. The article's row, pinned archives and changes state one."""
    tree = ast.parse((supervisor.folder / "__init__.py").read_text())
    exempt = {
        id(node)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in ("ArticleRow", "Pypi", "PipVersions", "Change")
        for node in ast.walk(call)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) not in exempt and re.fullmatch(r"v?\d+(\.\d+)+\w*(-\w+)?", node.value):
            yield f"__init__.py:{node.lineno}: {node.value!r} is a version; version_command asks."
    if re.search(r"\d+\.\d+", supervisor.version_command or ""):
        yield "version_command holds a version; it must ask the installed program."


def reasons_for_what_it_cannot_do(supervisor: Supervisor) -> Iterator[str]:
    """Watchdog, readiness and output work, or `unsupported` says why its design lacks them."""
    reasons = supervisor.unsupported
    if (supervisor.watchdog is None) != bool(reasons.get("watchdog")):
        yield 'Set watchdog, or say in unsupported["watchdog"] why it has none; not both.'
    if not any(contender.role == "runner" for contender in supervisor.contenders):
        return
    if (supervisor.readiness_protocol is None) != bool(reasons.get("readiness")):
        yield 'Set readiness_protocol, or say in unsupported["readiness"] why not; not both.'
    contender = supervisor.contenders[0]
    kept = replace(services_of(contender, 1)[0], keep_output=True)
    if (supervisor.output_command(contender, kept) is None) != bool(reasons.get("keeping output")):
        yield (
            "Set output_files or write output_command, or say in"
            ' unsupported["keeping output"] why not; not both.'
        )


def readiness_can_be_awaited(supervisor: Supervisor) -> Iterator[str]:
    """A supervisor with a readiness protocol has a command that waits for it."""
    overridden = type(supervisor).wait_ready_command is not Supervisor.wait_ready_command
    if supervisor.readiness_protocol and not overridden:
        yield "readiness_protocol is set; write wait_ready_command as well."


def contender_facts(supervisor: Supervisor) -> Iterator[str]:
    """Each contender's facts are in range, and its place is one that the supervisor has."""
    if not supervisor.contenders:
        yield "contenders is empty; give one for each role, profile and place worth comparing."
    names = [contender.name for contender in supervisor.contenders]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Two contenders are named {name}."
    for contender in supervisor.contenders:
        for complaint in _contender_complaints(supervisor, contender):
            yield f"{contender.name}: {complaint}"
        for older in contender.older:
            if older.contender.name != contender.name:
                yield f"{contender.name}: older has {older.contender.name}, another row."
            for complaint in _contender_complaints(supervisor, older.contender):
                yield f"{contender.name}, before {older.until.version}: {complaint}"


def _contender_complaints(supervisor: Supervisor, contender: Contender) -> Iterator[str]:
    if contender.supervisor != supervisor.name:
        yield f"its supervisor is {contender.supervisor!r}, not {supervisor.name!r}."
    if contender.role not in ROLES:
        yield f"its role is {contender.role!r}, none of {', '.join(ROLES)}."
    elif (contender.role == "init") is supervisor.keeps_services:
        yield f"its role is {contender.role}, but keeps_services is {supervisor.keeps_services}."
    if contender.profile not in PROFILES:
        yield f"its profile is {contender.profile!r}, none of {', '.join(PROFILES)}."
    if not contender.setting or "\n" in contender.setting:
        yield "setting must be one line that says what its configuration does."
    if contender.settled_uptime <= 0:
        yield "settled_uptime must be above 0 seconds."
    for name in ("limit_pause", "restart_delay"):
        if getattr(contender, name) < 0:
            yield f"{name} must not be below 0 seconds."
    if contender.period is not None and contender.period <= 0:
        yield "period must be above 0 seconds, or None where events alone decide."
    place = "init_command" if contender.pid1 else "hosted_command"
    if getattr(supervisor, place) is None:
        yield f"it runs {'as PID 1' if contender.pid1 else 'hosted'}, but {place} is not set."


def commands_name_their_service(supervisor: Supervisor) -> Iterator[str]:
    """The commands that act on one service are not empty and differ between services."""
    if not supervisor.keeps_services:
        return
    for contender in supervisor.contenders:
        first, second = services_of(contender, 2)
        for name in ("disable_command", "stop_command", "start_command"):
            command = getattr(supervisor, name)
            if not command(contender, first).strip():
                yield f"{contender.name}: {name} is empty."
            elif supervisor.name == FLOOR and name != "disable_command":
                continue
            elif command(contender, first) == command(contender, second):
                yield f"{contender.name}: {name} does not depend on the service."


def reload_is_a_command(supervisor: Supervisor) -> Iterator[str]:
    """reload_command is a command or None, and enable_command is text."""
    for contender in supervisor.contenders:
        services = services_of(contender, 2)
        command = supervisor.reload_command(contender, services)
        if command is not None and not command.strip():
            yield f"{contender.name}: reload_command is empty; return None if only a restart helps."
        if not isinstance(supervisor.enable_command(contender, services[0]), str):
            yield f"{contender.name}: enable_command must return text, perhaps empty."


RULES: tuple[Rule, ...] = (
    nothing_left_to_fill_in,
    facts_for_readers,
    line_count_rule,
    process_names_of_the_kernel,
    parent_of_services,
    place_to_run,
    sources_of_known_systems,
    releases_of_debian,
    program_and_version,
    no_version_written_down,
    reasons_for_what_it_cannot_do,
    readiness_can_be_awaited,
    watchdog_is_configured,
    contender_facts,
    profiles_differ,
    templates_render,
    services_are_told_apart,
    commands_name_their_service,
    reload_is_a_command,
)
