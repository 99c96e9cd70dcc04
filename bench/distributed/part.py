"""A run that becomes a part of a merged run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.engine.plan import RANKED
from bench.model.events import Event
from bench.model.run_file import FLOOR, ContenderResult, FloorAlone, HostFacts, Options, Run
from bench.recording.store import Record, run_folder
from bench.recording.unfinished import INCOMPLETE, only_scenarios
from provision.errors import Problem


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

    @classmethod
    def named(cls, name: str) -> RunPart:
        """Read a run by its name; RUN:SCENARIO,SCENARIO is a run without its other scenarios.

        Raises Problem.
        """
        folder_name, colon, chosen = name.rpartition(":")
        if not colon or Path(name).exists():
            return cls.load(run_folder(name))
        return cls.load(run_folder(folder_name)).with_scenarios(chosen.split(","))

    def with_scenarios(self, chosen: Sequence[str]) -> RunPart:
        """Return the part without all other scenarios, and without what is known of these alone.

        Raises Problem where the run has no such scenario.
        """
        scenarios = {
            name for contender in self.run["contenders"] for name in contender["scenarios"]
        }
        if unknown := set(chosen) - scenarios:
            raise Problem(
                f"{self.run['id']} has no scenario {', '.join(sorted(unknown))}.",
                known=f"It has: {', '.join(sorted(scenarios))}",
                usage=True,
            )
        contenders = (only_scenarios(one, set(chosen)) for one in self.run["contenders"])
        run: Run = {
            **self.run,
            "contenders": [_judged_anew(one) for one in contenders if one is not None],
            "options": _options_for(self.run["options"], chosen),
        }
        if "parts" in run:
            run["parts"] = [
                {**part, "options": options}
                for part in run["parts"]
                if (options := _options_for(part["options"], chosen))["scenarios"]
            ]
        if RANKED not in chosen:
            run |= {"alone": None, "trace": None, "noise": []}
        samples = [sample for sample in self.samples if sample["scenario"] in chosen]
        return RunPart(run, samples, self.logs)

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


def _judged_anew(contender: ContenderResult) -> ContenderResult:
    """Return a contender that was measured, if each scenario that it has now has ended."""
    if any(result["status"] in INCOMPLETE for result in contender["scenarios"].values()):
        return contender
    return {**contender, "status": "measured", "reason": ""}


def _options_for(options: Options, chosen: Sequence[str]) -> Options:
    """Return the options of a run that has the chosen scenarios of its own, and no others."""
    own = options.get("scenarios", [])
    return {**options, "scenarios": [name for name in own if name in chosen]}


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
