"""What a run keeps of the supervisors, so that reports need nothing but the run."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from bench.model.run_file.contender import Article


class Action(TypedDict, total=False):
    """One action of a usage example: a file, a command, or a boot with another PID 1."""

    file: str
    """Path of a file to write."""
    content: str
    """Text of that file."""
    mode: int
    """Permission bits of that file."""
    command: str
    """Shell command to run as root."""
    boot: str
    """Path of the program to boot with as PID 1."""


class ExampleStep(TypedDict):
    """One step of a usage example."""

    title: str
    """Heading of the step."""
    note: NotRequired[str]
    """Text in place of actions where there are none."""
    actions: list[Action]
    """Actions in order."""


class Example(TypedDict):
    """How to run a daemon under a supervisor: steps in order."""

    title: str
    """Heading of the example."""
    steps: list[ExampleStep]
    """Steps in order."""


class LineCount(TypedDict):
    """Lines of code of one version, as `./inv loc` counted them."""

    version: str
    """Version that was counted; empty where there is no figure."""
    lines: int | None
    """Lines of code; null where there is no figure."""
    languages: NotRequired[dict[str, int] | None]
    """Lines by cloc's name of the language."""
    origin: NotRequired[str]
    """Where the archive came from."""
    sha256: NotRequired[str]
    """Digest of the archive."""
    lack: str
    """Why there is no figure; empty where there is one."""
    refused: NotRequired[bool]
    """Whether the archive was fetched but is not the expected one."""


class LineCounts(TypedDict):
    """Lines of code of the article's version and of today's."""

    name: NotRequired[str]
    """Name of the supervisor."""
    article_version: NotRequired[str]
    """Version in the article of 2012."""
    article_lines: NotRequired[int]
    """Lines of code in the article of 2012."""
    article: LineCount
    """The article's version, counted again."""
    today: LineCount
    """Today's version."""
    reason: str
    """Why these directories and languages are counted."""
    difference: str
    """Why the new count differs from the article's."""


class RecordedCount(TypedDict):
    """Lines of code of one version, counted once from public history and kept with the suite."""

    version: str
    """Version that was counted."""
    lines: int
    """Lines of code by the rule of the article's table."""
    repository: str
    """Address of the history."""
    commit: str
    """Full name of the commit."""
    cloc: str
    """Version of cloc that counted."""
    date: str
    """Day of the count, as in 2026-11-29."""
    note: NotRequired[str]
    """What else belongs to the count."""


class SupervisorFacts(TypedDict):
    """Facts about one supervisor."""

    title: str
    """Name for readers."""
    home: str
    """Address of its home page."""
    rank: int
    """Place in the article's order, smallest first."""
    needs_pid1: bool
    """Whether it runs as PID 1 only."""
    can_pid1: bool
    """Whether it can run as PID 1."""
    roles: list[str]
    """Roles that it supports."""
    article: Article | None
    """The row of 2012; null where the article has none."""
    idea: str
    """How it works, in a few sentences."""
    findings: NotRequired[list[str]]
    """Where the measurements contradict its manual."""
    usage: list[Example]
    """Usage examples."""
    loc: LineCounts | None
    """Lines of code; null where `./inv loc` has not counted them."""
    loc_recorded: NotRequired[list[RecordedCount]]
    """Counts kept with the suite, the oldest version first: shown where `loc` has no figure."""
