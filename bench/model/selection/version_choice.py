"""Which version of a supervisor `--versions` asks for."""

from __future__ import annotations

from dataclasses import dataclass

from provision.errors import Problem
from provision.systems import System, unknown_name_error
from supervisors import supervisors
from supervisors.base import Supervisor

ARTICLE_YEAR = "2012"


@dataclass(frozen=True)
class VersionChoice:
    """The versions that a run asks for.

    named: (supervisor, version) pairs. article: the article's version of every supervisor that the
    system can get in it.
    """

    named: tuple[tuple[str, str], ...] = ()
    article: bool = False

    @classmethod
    def parse(cls, text: str) -> VersionChoice:
        """Read `2012`, or NAME=VERSION with commas between several. Raises Problem."""
        if not text:
            return cls()
        if text == ARTICLE_YEAR:
            return cls(article=True)
        return cls(tuple(_parse_pair(pair) for pair in text.split(",")))

    def version_of(self, supervisor: Supervisor, system: System) -> str:
        """Return the version of a supervisor that is asked for; "" for the system's own."""
        version = dict(self.named).get(supervisor.name, "")
        if self.article and supervisor.article and system.look_up(supervisor.version_sources):
            return supervisor.article.version
        return version


def _parse_pair(pair: str) -> tuple[str, str]:
    name, equals, version = pair.partition("=")
    if not equals or not version:
        raise unknown_name_error(
            "set of versions", pair, [ARTICLE_YEAR, "NAME=VERSION"], "./inv --help bench"
        )
    if name not in supervisors():
        raise unknown_name_error("supervisor", name, list(supervisors()))
    if not supervisors()[name].version_sources:
        with_versions = [
            supervisor.name for supervisor in supervisors().values() if supervisor.version_sources
        ]
        raise Problem(
            f"--versions={pair}: this project knows no source with several versions of {name}.",
            known=f"It knows one for {', '.join(with_versions)}.",
            advice="--overlay=NAME=DIR takes a build of your own.",
            usage=True,
        )
    return name, version
