"""The contract's rules on the configuration files that a supervisor's templates give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from provision.guests.files import File
from supervisors.base import Supervisor
from supervisors.contender import Contender
from supervisors.service import Service, services_of


def watchdog_is_configured(supervisor: Supervisor) -> Iterator[str]:
    """A service with a watchdog has settings that one without does not have."""
    if supervisor.watchdog is None:
        return
    for contender in supervisor.contenders:
        (plain,) = services_of(contender, 1)
        watched = replace(plain, watchdog=supervisor.watchdog)
        written = [str(file.content) for file in supervisor.files(contender, [watched])]
        if not any(watched.arguments in text for text in written):
            yield f"{contender.name}: no file starts the daemon with its watchdog's option."
        setting = "WatchdogSec=" if supervisor.watchdog == "notify" else watched.heartbeat_file
        if setting not in "".join(text.replace(watched.arguments, "") for text in written):
            yield f"{contender.name}: no file has {setting} for a service with a watchdog."
        if setting in "".join(str(f.content) for f in supervisor.files(contender, [plain])):
            yield f"{contender.name}: {setting} is there for a service without a watchdog."


def profiles_differ(supervisor: Supervisor) -> Iterator[str]:
    """Each contender has one default beside it, and another profile writes other files."""
    for contender in supervisor.contenders:
        defaults = [
            other
            for other in supervisor.contenders
            if (other.role, other.pid1, other.profile)
            == (contender.role, contender.pid1, "default")
        ]
        if len(defaults) != 1:
            yield f"{contender.name} needs exactly one default beside it, not {len(defaults)}."
        elif contender.profile != "default":
            contents, default = (_contents(supervisor, c) for c in (contender, defaults[0]))
            if contents == default:
                yield f"{contender.name} writes the same files as {defaults[0].name}."


def _contents(supervisor: Supervisor, contender: Contender) -> dict[str, str | bytes]:
    files = supervisor.files(contender, services_of(contender, 1))
    return {file.path: file.content for file in files}


def templates_render(supervisor: Supervisor) -> Iterator[str]:
    """The templates give valid files for one service, and for ten where it can keep them."""
    for contender in supervisor.contenders:
        for count in (1, 10) if supervisor.keeps_services else (1,):
            services = services_of(contender, count)
            files = supervisor.files(contender, services)
            for complaint in _file_complaints(files, services):
                yield f"{contender.name}, {count} services: {complaint}"


def _file_complaints(files: list[File], services: tuple[Service, ...]) -> Iterator[str]:
    if not files:
        yield "files/ holds no template that gives a file."
    paths = [file.path for file in files]
    for path in sorted({path for path in paths if paths.count(path) > 1}):
        yield f"two templates give {path}."
    for file in files:
        content = str(file.content)
        if "SERVICE" in file.path:
            yield f"{file.path} has SERVICE in it, which must become a service's name."
        if not isinstance(file.content, str) or not content.endswith("\n"):
            yield f"{file.path} does not end with a newline."
        if re.search(r"\{[{%#]|[%#}]\}", content):
            yield f"{file.path} has template marks left in it."
    texts = [f"{file.path}\n{file.content!s}" for file in files]
    for service in services:
        whole = any(service.command in text for text in texts)
        apart = any(service.program in text and service.arguments in text for text in texts)
        if not whole and not apart:
            yield (
                f"no file holds the daemon's command line of {service.name}: use"
                " {{ service.command }}, or {{ service.program }} and {{ service.arguments }}."
            )


def services_are_told_apart(supervisor: Supervisor) -> Iterator[str]:
    """Two services have command lines and pid files of their own."""
    for contender in supervisor.contenders:
        first, second = services_of(contender, 2)
        if first.command == second.command or first.pidfile == second.pidfile:
            yield f"{contender.name}: two services share a command line or a pid file."
