"""Wrong requests are answered in words, with exit code 2, before anything is done."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.suite import Suite


@pytest.fixture(scope="module")
def desk(bases: Path) -> Iterator[Suite]:
    """One suite for all that is refused before a guest is needed."""
    made = Suite.create(bases / "desk", seeded=False)
    yield made
    made.remove()


def refused(desk: Suite, *words: str, program: Path | None = None) -> str:
    done = desk.run(*words, program=program)
    assert done.code == 2, done.output
    assert "Traceback" not in done.output
    assert not desk.guests()
    return done.output


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("bench", "--only=runti"), "'runit'"),
        (("bench", "--only=s6/runner/tunde"), "'s6/runner/fast/"),
        (("bench", "--os=debain"), "'debian'"),
        (("bench", "--provider=lcx"), "'lxc'"),
        (("bench", "--scenario=footprnt"), "'footprint'"),
        (("bench", "--role=moniter"), "'monitor'"),
        (("bench", "--profile=defualt"), "'default'"),
        (("report", "--format=cvs"), "'csv'"),
        (("try", "dameontools"), "'daemontools'"),
    ],
)
@pytest.mark.probe("request")
def test_unknown_names_offer_the_nearest(desk: Suite, words: tuple[str, ...], near: str) -> None:
    if words[0] == "report":
        write(desk, "fine", {"schema": 1, "options": {}, "contenders": []})
    assert f"Did you mean {near}" in refused(desk, *words)


@pytest.mark.parametrize("trials", ["0", "-3", "many", "2.5"])
@pytest.mark.probe("request")
def test_trials(desk: Suite, trials: str) -> None:
    assert f"--trials={trials} is not a whole number" in refused(
        desk, "bench", f"--trials={trials}"
    )


@pytest.mark.probe("request")
def test_contradictory_options(desk: Suite) -> None:
    assert "contradict" in refused(desk, "bench", "--keep", "--resume")
    output = refused(desk, "bench", "--only=sysvinit", "--role=monitor")
    assert "No contender matches" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bnech",), "Did you mean 'bench'?"),
        (("--help", "bnech"), "Did you mean 'bench'?"),
        (("bench", "--onyl=runit"), "Did you mean '--only'?"),
        (("report", "--fromat", "md"), "Did you mean '--format'?"),
        (("bench", "-x"), "There is no option of bench named '-x'."),
        (("bench", "runit"), "'runit' is one word too many for bench."),
        (("bench", "--trials"), "./inv --help bench shows"),
        (("usage",), "./inv --help usage shows"),
        (("bench", "--seed=x"), "--seed=x is not a whole number"),
        (("bench", "--trials=100000000000000000000000000"), "from 1 to 100000"),
        (("bench", "--only="), "--only of bench has an empty value"),
        (("bench", "--only=,"), "--only=, names nothing"),
        (("bench", "--scenario= "), "--scenario=  names nothing"),
        (("bench", "--role="), "--role of bench has an empty value"),
        (("bench", "--mirror="), "--mirror of bench has an empty value"),
        (("box", "nosuch"), "There is no system named 'nosuch'"),
    ],
)
@pytest.mark.probe("request")
def test_an_unknown_task_or_option(desk: Suite, words: tuple[str, ...], said: str) -> None:
    assert said in refused(desk, *words)


@pytest.mark.probe("request")
def test_both_doors_refuse_alike(desk: Suite) -> None:
    """`./inv` ends in this very program, and so does `invoke` in an activated environment."""
    invoke = Path(sys.executable).with_name("invoke")
    output = refused(desk, "bench", "--onyl=runit", program=invoke)
    assert output == refused(desk, "bench", "--onyl=runit")


def write(desk: Suite, name: str, content: Any) -> None:
    folder = desk.results / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "run.json").write_text(text)
    latest = desk.results / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(name)


@pytest.mark.parametrize("words", [("report",), ("bench", "--resume")])
@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "is not a run's record"),
        ('{"schema": 1, "conten', "is not a run's record"),
        ("[1, 2]", "is not a run's record"),
        ({"schema": 1}, "is not a run's record"),
        ({"schema": 0, "contenders": []}, "has schema 0"),
        ({"schema": 99, "contenders": []}, "has schema 99"),
    ],
)
@pytest.mark.probe("damage")
def test_a_broken_or_older_run(
    desk: Suite, content: Any, word: str, words: tuple[str, ...]
) -> None:
    write(desk, "broken", content)
    assert word in refused(desk, *words)


@pytest.mark.parametrize("words", [("report",), ("report", "--run=20000101-000000-no"),
                                   ("bench", "--resume")])  # fmt: skip
@pytest.mark.probe("request")
def test_a_missing_run(desk: Suite, words: tuple[str, ...]) -> None:
    shutil.rmtree(desk.results, ignore_errors=True)
    output = refused(desk, *words)
    assert "There is no run" in output
    assert "./inv bench" in output
