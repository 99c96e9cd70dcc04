"""What readers of an article must know before believing its figures, in their words.

The warnings of a run are for those who measured it: they name bounds and commands.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.model.run_file import FLOOR, Run, is_too_noisy_warning
from bench.model.run_file.measured_daemon import describe_daemon, is_of_own_daemon
from bench.recording.quality.disturbances import disturbed_contenders
from reports.model.blocks import Paragraph
from reports.model.metrics import find_metric
from reports.model.quantities import format_quantity
from reports.model.run_summary import damage_lines, has_separate_hosts

# Title and name of the sections that say more.
TRUST = ("How far the figures can be trusted", "trust")
HOW_MADE = ("How this run was made", "run")


def reader_caveats(run: Run) -> tuple[Paragraph, ...]:
    """Return what may still be believed, a sentence or two each, with links to more."""
    plain = [
        *damage_lines(run),
        *(() if run["ended"] else ("This run has not ended.",)),
        *_uncommon_conditions(run),
    ]
    paragraphs = [Paragraph(text) for text in plain]
    if text := _host_noise(run):
        paragraphs.append(_with_link(text, TRUST))
    elif run["warnings"]:
        text = "Those who measured this were warned: read it before you believe small differences."
        paragraphs.append(_with_link(text, HOW_MADE))
    return tuple(paragraphs)


def _with_link(text: str, section: tuple[str, str]) -> Paragraph:
    title, name = section
    return Paragraph(text, link=title, anchor=name)


def _uncommon_conditions(run: Run) -> Iterator[str]:
    if is_of_own_daemon(run):
        yield (
            f"Not the suite's daemon was kept alive, but an {describe_daemon(run)}. Compare these "
            "figures with those of the same program only."
        )
    if _is_emulated(run):
        yield "The guests were emulated: compare their latencies with each other only."
    if has_separate_hosts(run):
        yield (
            f"The {len(run['hosts'])} hosts are not ranked together: compare x floor, which is of "
            "the same host."
        )


def _is_emulated(run: Run) -> bool:
    guests = [guest for contender in run["contenders"] for guest in contender.get("guests", [])]
    return any(guest.get("acceleration", "").startswith("none: emulated") for guest in guests)


def _host_noise(run: Run) -> str:
    """Say how busy the host was, and which figures differ all the same."""
    noisy = any(map(is_too_noisy_warning, run["warnings"]))
    if not noisy and not disturbed_contenders(run):
        return ""
    begin = (
        "The host was too busy to rank contenders"
        if noisy
        else "The host was busy with other work while some contenders were measured"
    )
    noise = floor_noise_ms(run)
    longer = (
        f": that alone makes one restart in ten {format_quantity(noise, 'ms')} longer, or more"
        if noise
        else ""
    )
    doubtful, measured = count_doubtful(run)
    return (
        f"{begin}{longer}. Two medians differ where their 95 % intervals do not overlap. Restart "
        f"figures of {doubtful} of {measured} contenders are doubtful, "
        "which a footnote says beside each."
    )


def floor_noise_ms(run: Run) -> float | None:
    """Return by how much a tenth of the floor's restarts exceed its median; the largest such.

    The floor does nothing but restart, so that what it takes longer is the host's.
    """
    excesses = [
        metric["p90"] - metric["median"]
        for contender in run["contenders"]
        if contender["supervisor"] == FLOOR
        and (metric := find_metric(contender, "restart", "restart_long"))
        and metric["p90"] is not None
        and metric["median"] is not None
    ]
    return max(excesses, default=None)


def count_doubtful(run: Run) -> tuple[int, int]:
    """Return how many restart figures are doubtful, and of how many contenders there is one."""
    measured = [
        contender
        for contender in run["contenders"]
        if find_metric(contender, "restart", "restart_long")
    ]
    return sum(bool(contender.get("doubts")) for contender in measured), len(measured)
