"""A project on npm's registry with what it depends on, run by the system's own Node.js."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provision.errors import Problem
from provision.sources.archives import ArchiveRejected, run_fetcher
from provision.sources.host_fetched import HostFetched, pack_folder

if TYPE_CHECKING:
    from provision.guests.guest import Guest
    from provision.systems import System

# Of what is downloaded, the host runs nothing.
_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@dataclass(frozen=True)
class Npm(HostFetched):
    """A project on npm's registry. lock: a package-lock.json, with a package.json beside it.

    The host's npm fetches it from the registry that npm is set up for: the lock has a checksum of
    each package and no address. since: the first release whose Node.js is new enough for it; empty
    where every release's is.
    """

    kind = "npm"
    since: str = ""

    @property
    def locked_version(self) -> str:
        packages = json.loads(self.lock.read_text())["packages"]
        return str(packages[f"node_modules/{self.project}"]["version"])

    @property
    def by_hand(self) -> str:
        version = self.chosen or self.locked_version
        return f"npm install --prefix {self.folder} {self.project}@{version}"

    def why_unavailable(self, system: System) -> str:
        if self.since and system.is_older_than(self.since):
            return f"{system.title}'s Node.js is too old: {self.since} was the first new enough"
        if shutil.which("npm") is None and not self.cached("").is_dir():
            return "npm is not installed on this host: apt-get install npm"
        return super().why_unavailable(system)

    def at(self, version: str) -> Npm:
        """Return the source of one version."""
        return replace(self, chosen=version)

    def versions(self) -> list[str]:
        """Return every version that the registry has, the newest first. Raises Problem."""
        done = run_fetcher(["npm", "view", self.project, "versions", "--json"])
        if done.returncode:
            raise Problem(
                f"npm cannot list the versions of {self.project}: {_reason(done.stderr)}",
                advice="Run the same command again where npm's registry can be reached.",
            )
        listed = json.loads(done.stdout)
        # One version alone is no list.
        return [listed] if isinstance(listed, str) else list(reversed(listed))

    def install_fetched(self, guest: Guest) -> None:
        # Every package is JavaScript alone: the same for each processor and each Node.js.
        modules = self.fetched("", self._download)
        guest.unpack(pack_folder(modules), f"{self.project}.tar", into=self.folder)

    def _download(self, scratch: Path) -> None:
        """Have npm make the tree of packages.

        Raises Problem, and ArchiveRejected for a wrong checksum.
        """
        tree = scratch / "fetched"
        tree.mkdir()
        command = ["npm", "--cache", str(scratch / "cache")]
        if self.chosen:
            command += ["install", *_QUIET, f"{self.project}@{self.chosen}"]
            # Without this file npm installs into the next folder above that looks like a project.
            (tree / "package.json").write_text('{"private": true}')
        else:
            command += ["ci", *_QUIET]
            for file in (self.lock, self.lock.with_name("package.json")):
                shutil.copy(file, tree)
        done = run_fetcher(command, cwd=tree)
        if "EINTEGRITY" in done.stderr:
            raise ArchiveRejected(f"bad checksum: {self} is not what {self.lock.name} pins")
        if done.returncode:
            raise self.unreachable("npm", _reason(done.stderr))
        if not (tree / "node_modules" / self.project).is_dir():
            raise Problem(f"npm fetched no {self.project}, though it reports no error.")


def _reason(errors: str) -> str:
    """Return why npm failed: its code, without the address of the registry that it prints."""
    code = re.search(r"^npm (?:error|ERR!) code (\S+)", errors, re.MULTILINE)
    return code[1] if code else "no reason given"
