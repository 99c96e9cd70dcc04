"""How the article's figures were measured: the test daemon, and the method."""

from __future__ import annotations

from bench.model.run_file import Run
from reports.model.blocks import Paragraph, Points, Section
from reports.model.quantities import format_quantity

_DAEMON = (
    "testd is a small static C program that does nothing but be observed. Its first "
    "act in main() is to read CLOCK_MONOTONIC. It then reports its pid, that stamp, "
    "its service and a sequence number by one write to a FIFO that the measuring "
    "program keeps open, so nobody polls and nothing waits; and it keeps a record of "
    "its starts in a shared file, so that a start is known even where its line is "
    "lost. After that it sleeps until a signal comes."
)
_DAEMON_KINDS = (
    "For a runner it stays in the foreground. For a monitor it detaches itself as a "
    "daemon should, by forking twice, and writes a pid file. Where a supervisor has a "
    "protocol for it, it tells when it is ready."
)
_METHOD = (
    ("One clean guest each.", "Only the supervisor under test runs in it. Before anything is "
     "measured, process 1, the service's parent, its pid file and the list of processes are "
     "checked; what is not as it should be is not measured."),
    ("One service each.", "A second one would wake those that poll and flatter them. To "
     "sample faster, more identical guests run side by side."),
    ("Restart latency", "runs from just before SIGKILL to the first instruction of the "
     "successor's main(), in the guest's own clock. Kill times are drawn from a seed over at "
     "least one period of a supervisor that acts once a period; a trial without a restart by "
     "its deadline counts as longer than every other, and is never dropped."),
    ("Two uptimes.", "A daemon that ran for long is beyond every hold-off. One killed 0.3 s after "
     "its start shows what a supervisor does to a daemon that dies young."),
    ("Figures", "are medians with a 95 % interval by order statistics, which assumes nothing "
     "of the distribution. The 99th percentile is left out below 100 samples."),
    ("The floor", "is a supervisor of our own in C that does nothing but vfork, exec and "
     "waitpid, measured in the same run. None does less, so each figure is also given as a "
     "multiple of it; a median below it is noise of the host."),
    ("Profiles.", "Default is what the package or the manual sets up. The others are settings that "
     "the manual documents, by their purpose: fast restarts quickest, patient never gives up, "
     "strict leaves nothing of a service behind. Older runs call fast and patient tuned."),
    ("Memory", "is VmPeak of the supervision process, as the 2012 draft defined it, and the "
     "private memory of the whole supervision tree, which misleads less and does not depend on "
     "what runs beside it. It is measured with addresses that are not randomised."),
)  # fmt: skip


def daemon_section() -> Section:
    """Return the section on the test daemon."""
    return Section("daemon", "The test daemon", (Paragraph(_DAEMON), Paragraph(_DAEMON_KINDS)))


def method_section(run: Run) -> Section:
    """Return the section on the method, and this run's own options."""
    return Section("method", "Method", (Points((*_METHOD, ("This run", _options(run)))),))


def _options(run: Run) -> str:
    options = run["options"]
    trials = options.get("trials") or "the default number of"
    text = f"asked for {trials} trials a contender with seed {options.get('seed')}."
    alone = run["alone"] and run["alone"]["median"]
    if alone:
        text += (
            f" The floor took {format_quantity(alone, 'ms')} with no other guest beside it, killed "
            "0.3 s after its start: compare it with the floor's figure of a young daemon."
        )
    return text
