"""The configuration files of a supervisor's folder, rendered for its services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from provision.guests.files import File, file_mode
from supervisors.contender import Contender
from supervisors.service import Service

if TYPE_CHECKING:
    from jinja2 import Environment, Template

# In a path: the name of each service.
PLACEHOLDER = "SERVICE"


def render_files(
    folder: Path, contender: Contender, services: tuple[Service, ...]
) -> Iterator[File]:
    """Render every template below `folder`, at the path that it has there.

    A path with SERVICE in it gives one file for each service. A template that renders to nothing
    gives no file. A file that starts with #! is executable.
    """
    templates = sorted(path for path in folder.rglob("*") if path.is_file())
    for template in templates:
        relative = str(template.relative_to(folder))
        yield from _render(
            relative, _environment(folder).get_template(relative), contender, services
        )


def render_texts(
    templates: Iterable[tuple[str, str]], contender: Contender, services: tuple[Service, ...]
) -> Iterator[File]:
    """Render templates that are given as path and text, by the same rules.

    Raises jinja2's TemplateError for one that is malformed, or names what is unknown, and whatever
    an expression in one raises.
    """
    for relative, text in templates:
        yield from _render(relative, _environment(None).from_string(text), contender, services)


def _render(
    relative: str, template: Template, contender: Contender, services: tuple[Service, ...]
) -> Iterator[File]:
    per_service = PLACEHOLDER in relative
    for service in services if per_service else (None,):
        content = template.render(contender=contender, services=services, service=service)
        if content.strip():
            path = "/" + relative.replace(PLACEHOLDER, service.name if service else "")
            yield File(path, content, file_mode(content))


@cache
def _environment(folder: Path | None) -> Environment:
    # Slow to import, and few commands render a template.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder) if folder else None,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
