"""A run as Markdown, for a repository."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reports.view import counts, failures, rows

_ARTICLE = ("Supervisor", "Version", "Process 1", "Runner", "Monitor", "Responsiveness", "VmPeak")
_LATENCY = ("Contender", "Uptime", "n", "Median", "95 % interval", "p90", "p99", "Min", "Max",
            "x floor")  # fmt: skip


def text(run: dict[str, Any]) -> str:
    """The article's table, the latencies, and what went wrong."""
    found = rows(run)
    depth = " (quick: few trials)" if run["quick"] else ""
    host = run["host"]
    parts = [
        f"# Process supervision on {run['system']['title']}{depth}\n",
        f"Run {run['id']} by provider {run['provider']['name']} on {host['processor']}, "
        f"{host['cores']} cores, Linux {host['kernel']}.\n",
        *(f"> **Warning:** {warning}\n" for warning in run["warnings"]),
        article(run),
        "## Restart latency, ms, from SIGKILL to main()\n",
        _table(
            _LATENCY,
            (
                (row.label, *cells)
                for row in sorted(found, key=lambda row: row.order)
                for cells in row.latencies
            ),
        ),
        counts(run) + "\n",
        *(f"- {failure}\n" for failure in failures(run)),
    ]
    return "\n".join(parts)


def article(run: dict[str, Any]) -> str:
    """The article's table alone."""
    return _table(
        _ARTICLE,
        (
            (row.label, row.version, row.process1, row.runner, row.monitor, row.responsiveness,
             row.vmpeak)
            for row in rows(run)
        ),
    )  # fmt: skip


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    every = [headings, ["---"] * len(headings), *lines]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in every)


def _cell(value: str) -> str:
    return " ".join(value.split()).replace("|", "\\|")
