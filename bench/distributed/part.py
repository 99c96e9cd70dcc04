"""A run that becomes a part of a merged run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.model.events import Event
from bench.model.run_file import FLOOR, ContenderResult, FloorAlone, HostFacts, Run
from bench.recording.store import Record


@dataclass(frozen=True)
class RunPart:
    """A run that becomes a part of a merged run. logs: texts by file name."""

    run: Run
    samples: Sequence[Event]
    logs: dict[str, str]

    @classmethod
    def load(cls, folder: Path) -> RunPart:
        """Read the run in that folder. Raises Problem where it is broken."""
        record = Record.load(folder)
        logs = {path.name: path.read_text() for path in (folder / "logs").glob("*.log")}
        return cls(record.run, record.read_samples(), logs)

    @property
    def host(self) -> HostFacts:
        """The facts of the machine that measured it."""
        return self.run["host"]

    @property
    def host_name(self) -> str:
        """The network name of that machine; `host` where it is unknown."""
        return self.host.get("name") or "host"

    @property
    def alone(self) -> FloorAlone | None:
        """The floor's latency alone; None where that floor was not measured in the run."""
        alone = self.run["alone"]
        if alone and any(
            is_measured_floor(contender) and contender["pid1"] == alone.get("pid1")
            for contender in self.run["contenders"]
        ):
            return alone
        return None

    def split_by_host(self) -> list[RunPart]:
        """Return a part for each host of a merged run, with the names before that merge.

        A run of one host is returned as it is.
        """
        hosts = self.run.get("hosts", {})
        if len(hosts) < 2:
            return [self]
        return [self._part_of_host(label, facts) for label, facts in hosts.items()]

    def _part_of_host(self, label: str, facts: HostFacts) -> RunPart:
        run = run_of_host(self.run, label, facts)
        suffix = f"@{label}"
        run["contenders"] = [
            {
                **contender,
                "name": contender["name"].removesuffix(suffix),
                "title": contender["title"].removesuffix(f" on {label}"),
            }
            for contender in run["contenders"]
        ]
        samples = [
            cast(Event, {**sample, "contender": sample["contender"].removesuffix(suffix)})
            for sample in self.samples
            if sample["contender"].endswith(suffix)
        ]
        return RunPart(run, samples, self.logs)


def run_of_host(run: Run, label: str, facts: HostFacts) -> Run:
    """Return what a merged run contains about one of its hosts."""
    of_host: Run = {
        **run,
        "host": facts,
        "alone": facts.get("alone"),
        "trace": None,
        "contenders": [contender for contender in run["contenders"] if contender["host"] == label],
    }
    if "noise" in run:
        of_host["noise"] = [noise for noise in run["noise"] if noise["host"] == label]
    return of_host


def is_measured_floor(contender: ContenderResult) -> bool:
    """Return whether the contender is the floor, and was measured."""
    return (contender["supervisor"], contender["status"]) == (FLOOR, "measured")
