"""What a person needs to cite the article, and to repeat its measurements."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from bench.model.run_file import MergedPart, Run
from bench.model.selection.scenario_names import current_name
from reports.model.blocks import Code, Paragraph, Points, Section
from reports.model.caveats import TRUST
from reports.model.run_summary import describe_hosts
from reports.model.tables.instrument import calibration_summary

_TITLE = "How to cite and repeat it, versions, how far to trust it"
_REPEAT = "To repeat it, as root, on a Debian 12 or 13 machine"
_INTERVALS = "Two figures whose 95 % intervals overlap are not told apart."
# A box that Vagrant knows by its owner and name; everything else is a file.
_PUBLIC_BOX = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(?<!\.box)")
# The command that repeats a run names so many contenders at most: a hundred fill pages.
_MOST_NAMES = 12


def citation_section(run: Run) -> Section:
    """Return the section; the run has all of its systems."""
    points = Points((
        ("To cite it:", _citation(run)),
        ("Systems and host:", f"{run['system']['title']}; {describe_hosts(run)}. The version of "
                              "each supervisor is in the tables."),
        ("Instrument:", _describe_instrument(run)),
    ))  # fmt: skip
    trust = Paragraph(
        f"{calibration_summary(run)}. {_INTERVALS}",
        link=TRUST[0],
        anchor=TRUST[1],
    )
    repeat = Code(_REPEAT, "\n".join(_repeat_lines(run)))
    return Section("citation", _TITLE, (points, repeat, trust), folded=True)


def _citation(run: Run) -> str:
    began = datetime.fromisoformat(run["started"])
    seal = run.get("samples")
    digest = f", SHA-256 of its samples {seal['sha256']}" if seal else ""
    return (
        f"Process supervision. Article of the project process-supervision, measured on "
        f"{began.day} {began:%B %Y}, run {run['id']}{digest}."
    )


def _describe_instrument(run: Run) -> str:
    digest = run.get("instrument")
    if not digest:
        return "parts of this run were measured by different versions of it, or by unknown ones."
    return (
        f"{digest[:16]}, the digest of the programs that measured in guests: the test daemon, the "
        "floor and the measuring program. Runs with the same one were measured by the same."
    )


def _repeat_lines(run: Run) -> Iterator[str]:
    """Yield the command of each run that was measured, below a comment where one is needed."""
    parts = run.get("parts") or [MergedPart(id=run["id"], options=run["options"])]
    for part in parts:
        if comment := _comment(part, run):
            yield f"# {comment}"
        yield repeat_command(part, run["system"]["name"])
    merged = run.get("merged", [])
    if merged and "parts" not in run:
        yield f"# This is the first of {len(merged)} merged runs. The others keep their options in"
        yield f"# their own run.json: {', '.join(merged[1:])}"


def _comment(part: MergedPart, run: Run) -> str:
    """Return which run a command is of, in a merged one, and what NAME stands for."""
    names = len(part["options"].get("only", ()))
    return "; ".join(filter(None, (
        f"run {part['id']}" if "parts" in run else "",
        f"NAME: each of {names} names in `only` of its options in run.json, with an --only of its "
        "own" if names > _MOST_NAMES else "",
    )))  # fmt: skip


def repeat_command(part: MergedPart, system: str) -> str:
    """Return the command that measures the same again. system: where the options name none."""
    options = part["options"]
    words = ["./inv bench", f"--os={options.get('system') or system}"]
    words += _machine_options(options.get("provider", "auto"), options.get("box", ""))
    words += _only_options(options.get("only", ()))
    if scenarios := options.get("scenarios"):
        words.append(f"--scenario={','.join(map(current_name, scenarios))}")
    words += [
        f"--{name}={options[name]}"
        for name in ("role", "profile", "versions", "trials")
        if options.get(name)
    ]
    words += [f"--overlay={name}=DIR" for name in options.get("overlays", {})]
    words += [f"--config={name}=DIR" for name in options.get("configurations", {})]
    words += _mirror_options(options.get("mirror", {}))
    words += [f"--{name}" for name in ("trace", "quick") if options.get(name)]
    return " ".join([*words, f"--seed={options.get('seed', 1)}"])


def _only_options(names: Sequence[str]) -> Iterator[str]:
    """Yield the options that select contenders; of very many, one that stands for them."""
    if len(names) > _MOST_NAMES:
        yield "--only=NAME"
        return
    yield from (f"--only={shlex.quote(name)}" for name in names)


def _machine_options(provider: str, box: str) -> Iterator[str]:
    """Yield the options of what made the guests. The file of a box is the measuring person's own.

    box: a public name, such as generic/arch, or the path of a file.
    """
    if provider != "auto":
        yield f"--provider={provider}"
    if box:
        yield f"--box={box if _PUBLIC_BOX.fullmatch(box) else 'FILE'}"


def _mirror_options(mirror: Mapping[str, str]) -> Iterator[str]:
    """Yield the options of a mirror. Its address and key file are the measuring person's own."""
    placeholders = {"url": "--mirror=URL", "keyring": "--keyring=FILE", "aur": "--aur=URL"}
    yield from (option for key, option in placeholders.items() if mirror.get(key))
    if day := mirror.get("snapshot"):
        yield f"--snapshot={day}"
    if mirror.get("expired"):
        yield "--accept-expired"
