"""The programs of containers, outside one: what entry starts, and what the witness writes down."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.model.events.containers import MEMBERS, WitnessNote
from bench.model.observation.witness import parse_notes
from daemon.build import Binaries, build
from tests.support.wait import eventually

RTMIN = 34


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Binaries:
    return build(platform.machine(), tmp_path_factory.mktemp("bin"))


class Witness:
    """A running witness and its log."""

    def __init__(self, program: Path, log: Path, *options: str) -> None:
        self.log = log
        command = [str(program), "--log", str(log), *options, "s1"]
        self.process = subprocess.Popen(command, start_new_session=True)

    def notes(self, what: str) -> list[WitnessNote]:
        notes = parse_notes(self.log.read_text()) if self.log.exists() else []
        return [note for note in notes if note["what"] == what]

    def wait_for(self, what: str, count: int) -> list[WitnessNote]:
        eventually(lambda: len(self.notes(what)) >= count, f"{count} notes of {what}", 20)
        return self.notes(what)

    def end(self) -> None:
        for pid in {note["number"] for note in self.notes("start")}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "witness.log"


@pytest.fixture
def witness(binaries: Binaries, log: Path) -> Iterator[Witness]:
    running = Witness(binaries.witness, log, "--relatives")
    running.wait_for("start", len(MEMBERS))
    yield running
    running.end()


def test_the_relatives_are_where_their_names_say(witness: Witness) -> None:
    pids = {note["who"]: note["number"] for note in witness.notes("start")}
    child = pids["child"]
    assert os.getpgid(pids["group"]) == os.getpgid(child) != os.getpgid(pids["session"])
    assert os.getsid(pids["session"]) == os.getsid(child) != os.getsid(pids["apart"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGTSTP, RTMIN])
def test_a_signal_is_noted_with_its_sender_and_ends_nobody(witness: Witness, number: int) -> None:
    witness.process.send_signal(number)
    (note,) = witness.wait_for("signal", 1)
    assert (note["who"], note["number"], note["sender"]) == ("child", number, os.getpid())
    assert witness.process.poll() is None


def test_a_stopped_member_is_noted_and_goes_on(witness: Witness) -> None:
    witness.process.send_signal(signal.SIGSTOP)
    (stopped,) = witness.wait_for("stopped", 1)
    assert stopped["who"] == "child"
    (woken,) = witness.wait_for("signal", 1)
    assert woken["number"] == signal.SIGCONT


def test_a_program_that_obeys_ends_with_0_and_a_plain_one_by_the_signal(
    binaries: Binaries, tmp_path: Path
) -> None:
    for option, code in (("--obey", 0), ("--plain", -signal.SIGTERM)):
        running = Witness(binaries.witness, tmp_path / option, option)
        running.wait_for("start", 1)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == code


def test_wrong_options_are_refused(binaries: Binaries) -> None:
    for words in ([], ["--orphans"], ["--orphans", "x", "s1"], ["--unknown", "s1"], ["a", "b"]):
        done = subprocess.run([binaries.witness, *words], capture_output=True, check=False)
        assert done.returncode == 64 and b"usage: witness" in done.stderr


def test_entry_executes_the_words_of_the_file_and_tells_when(
    binaries: Binaries, tmp_path: Path
) -> None:
    command = tmp_path / "container"
    command.write_text('/bin/sh\n-c\necho "$0 $1: $ENTRY_NS"\na name\nsecond\n')
    done = subprocess.run([binaries.entry, command], capture_output=True, text=True, check=True)
    name, _, ns = done.stdout.partition(": ")
    assert name == "a name second" and int(ns) > 0


@pytest.mark.parametrize(("text", "code"), [("", 66), ("\n\n", 66), ("/nowhere\n", 71), (None, 66)])
def test_entry_says_why_nothing_starts(
    binaries: Binaries, tmp_path: Path, text: str | None, code: int
) -> None:
    command = tmp_path / "container"
    if text is not None:
        command.write_text(text)
    done = subprocess.run([binaries.entry, command], capture_output=True, text=True, check=False)
    assert done.returncode == code and done.stderr.startswith("entry: ")
