"""The words of the article, explained."""

from __future__ import annotations

from reports.model.blocks import Points, Section
from reports.model.tables.decision import FIGURES, QUESTIONS

_WORDS = (
    ("Supervisor:", "a program that keeps other programs alive."),
    ("Daemon, service:", "a program that runs in the background; one that a supervisor keeps."),
    ("PID 1:", "the first process, which the kernel starts; without it the machine ends."),
    ("Runner:", "a supervisor as the parent of a program that stays in the foreground."),
    ("Monitor:", "a supervisor of programs that have detached themselves."),
    ("Contender:", "a supervisor with one setting, as PID 1 or beside another init. Its name "
     "begins with the supervisor's; what follows is what differs from the most ordinary one."),
    ("fast, ready:", "a setting for the quickest restart; ready: by telling when it is ready."),
    ("patient:", "a setting that is meant never to give up; what it did is in the tables."),
    ("strict:", "a setting that leaves nothing of a service behind."),
    ("tuned:", "fast or patient, in older runs."),
    ("group, child:", "settings of an init: signals reach the program's whole group; the program "
     "alone."),
    ("command:", "a setting of a shell as an init: one command in place of a script."),
    ("Floor:", "the smallest supervisor possible, in C: a figure to compare all others with."),
    ("Median, p90, p99:", "of a hundred restarts, 50, 90 and 99 are as quick or quicker."),
    ("95 % interval:", "where the median is, but for one case in twenty."),
    ("Censored:", "a restart that did not come while it was waited for."),
    ("Hold-off:", "a pause that a supervisor makes on purpose before a restart."),
    ("VmPeak:", "the largest address space that a process had, most of it never in memory."),
    ("PSS:", "memory of processes, in which shared pages count in part."),
    ("kB, MiB:", "1,024 bytes, and 1,024 kB, everywhere here."),
    ("us:", "a microsecond, a thousandth of a ms."),
    ("LOC:", "lines of code, without comments and empty lines."),
)  # fmt: skip


def glossary_section() -> Section:
    """Return the section; it also has the headings of the table of choices."""
    headings = tuple((f"{item.heading}:", f"{item.hint}.") for item in (*FIGURES, *QUESTIONS))
    return Section("words", "Words", (Points((*_WORDS, *headings)),))
