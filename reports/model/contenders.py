"""The contenders of a run: their order, and how tables name them."""

from __future__ import annotations

from bench.model.run_file import ContenderResult, Run
from provision.errors.text import name_of_build
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
    """Return a contender's short name, the same in every table: `s6, ready, PID 1`.

    It is the title, and what distinguishes the contender from the most ordinary of its supervisor.
    """
    title, *additions = _name_parts(contender)
    build = f" ({name})" if (name := build_name(contender)) else ""
    return shorten(", ".join([title, *additions]) + build)


def setting_label(contender: ContenderResult) -> str:
    """Return the short name without the supervisor's; empty for the most ordinary contender."""
    return ", ".join(_name_parts(contender)[1:])


def full_name(contender: ContenderResult) -> str:
    """Return what the short name stands for: the name that commands take, and the setting."""
    return f"{contender['name']}: {contender['setting']}."


def _name_parts(contender: ContenderResult) -> list[str]:
    parts = [contender["title"]]
    if contender["role"] == "monitor" and len(contender["roles"]) > 1:
        parts.append("monitor")
    if contender["profile"] != "default":
        parts.append(contender.get("short_name") or contender["profile"])
    if contender["pid1"] and not contender["needs_pid1"]:
        parts.append("PID 1")
    return parts


def pair_label(before: ContenderResult, after: ContenderResult) -> str:
    """Return the label of a contender in two runs, with both of its builds if they differ."""
    label, builds = contender_label(after), [build_name(item) for item in (before, after)]
    if builds[0] == builds[1]:
        return label
    words = ", then ".join(build or "as packaged" for build in builds)
    return shorten(f"{label.removesuffix(f'({builds[1]})').strip()} ({words})")


def build_name(contender: ContenderResult) -> str:
    """Return the names of a build and of files of the user's own, by their digests; or nothing.

    Two builds may tell the same version.
    """
    build = contender.get("source", {}).get("sha256")
    own = contender.get("own_files", {}).get("sha256")
    names = [name_of_build(build)] if build else []
    return ", ".join([*names, *([f"config {own[:8]}"] if own else [])])


def describe_build(contender: ContenderResult) -> str:
    """Return a sentence on a build of the user's own; empty without an overlay."""
    source = contender.get("source", {})
    if not (digest := source.get("sha256")):
        return ""
    origin = f": {source['origin'].rstrip('.')}" if source.get("origin") else ""
    return f"An own build, not a package{origin}; SHA-256 of its files {digest[:16]}."


def describe_version(contender: ContenderResult) -> str:
    """Return the version of a contender, and its build; empty where neither is known."""
    parts = dict.fromkeys((contender["version"], build_name(contender)))
    return ", ".join(filter(None, parts))


def applies_to(contender: ContenderResult, scenario: str) -> bool:
    """Tell whether the scenario is for the contender: what it shows may not be its profile's."""
    result = contender["scenarios"].get(scenario)
    return result is None or result["status"] != "not applicable"


def has_measurements(contender: ContenderResult) -> bool:
    """Tell whether any scenario was measured; a failed contender may have some."""
    return any(result["status"] == "measured" for result in contender["scenarios"].values())


def verified_mode(contender: ContenderResult) -> str:
    """Return a sentence on the mode that a contender chose by itself, after a space; or nothing."""
    mode = contender["verified"].get("mode")
    return f" Verified here: {mode}." if mode else ""
