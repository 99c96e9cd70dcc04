"""The contenders of a run: their order, and how tables name them."""

from __future__ import annotations

from bench.model.run_file import ContenderResult, Run
from provision.text import name_of_build
from reports.model.text import shorten


def sort_contenders(run: Run) -> list[ContenderResult]:
    """Return every contender in the article's order: runner, default and hosted come first."""
    return sorted(
        run["contenders"],
        key=lambda contender: (
            contender["rank"],
            contender["supervisor"],
            contender["role"] != "runner",
            contender["profile"] != "default",
            contender["pid1"],
        ),
    )


def contender_label(contender: ContenderResult) -> str:
    """Return the title of a contender, and what distinguishes it from others of its supervisor."""
    words = [contender["title"]]
    if len(contender["roles"]) > 1:
        words.append(contender["role"])
    if contender["profile"] != "default":
        words.append(contender["profile"])
    if contender["pid1"] and not contender["needs_pid1"]:
        words.append("as PID 1")
    if build := build_name(contender):
        words.append(f"({build})")
    return shorten(" ".join(words))


def pair_label(before: ContenderResult, after: ContenderResult) -> str:
    """Return the label of a contender in two runs, with both of its builds if they differ."""
    label, builds = contender_label(after), [build_name(item) for item in (before, after)]
    if builds[0] == builds[1]:
        return label
    words = ", then ".join(build or "as packaged" for build in builds)
    return shorten(f"{label.removesuffix(f'({builds[1]})').strip()} ({words})")


def build_name(contender: ContenderResult) -> str:
    """Return the name of a build of the user's own, by its digest; empty without an overlay.

    Two builds may tell the same version.
    """
    digest = contender.get("source", {}).get("sha256")
    return name_of_build(digest) if digest else ""


def describe_version(contender: ContenderResult) -> str:
    """Return the version of a contender, and its build; empty where neither is known."""
    known = dict.fromkeys((contender["version"], build_name(contender)))
    return ", ".join(filter(None, known))


def has_measurements(contender: ContenderResult) -> bool:
    """Tell whether any scenario was measured; a failed contender may have some."""
    return any(result["status"] == "measured" for result in contender["scenarios"].values())


def verified_mode(contender: ContenderResult) -> str:
    """Return a sentence on the mode that a contender chose by itself, after a space; or nothing."""
    mode = contender["verified"].get("mode")
    return f" Verified here: {mode}." if mode else ""
