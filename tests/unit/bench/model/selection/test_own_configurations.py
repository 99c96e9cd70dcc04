"""Which contenders get a person's own files, and how unusable files are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.model.selection import bounded_rendering
from bench.model.selection.own_configurations import (
    configurations_of_run,
    configure,
    parse_configurations,
)
from provision.errors import Problem
from supervisors import supervisors
from supervisors.service import services_of
from tests.support.samples.recorded import contender

RUNIT = "runit/runner/default/hosted"
RUN = "etc/sv/SERVICE/run"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / RUN
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\nexec nice -n 5 {{ service.command }}\n")
    return tmp_path / "mine"


def files_of(name: str, *values: str) -> dict[str, str]:
    configured = configure(contender(name), parse_configurations(values))
    files = supervisors()[configured.supervisor].files(configured, services_of(configured, 2))
    return {file.path: str(file.content) for file in files}


def refused(*values: str) -> Problem:
    with pytest.raises(Problem) as caught:
        files_of(RUNIT, *values)
    assert caught.value.usage
    return caught.value


def test_own_files_replace_templates_at_their_paths(folder: Path) -> None:
    (folder / "etc/sv/SERVICE/check").write_text("#!/bin/sh\nexit 0\n")
    files = files_of(RUNIT, f"runit={folder}")
    assert files["/etc/sv/s2/run"] == "#!/bin/sh\nexec nice -n 5 /srv/testd/testd s2\n"
    assert files["/etc/sv/s1/check"] == "#!/bin/sh\nexit 0\n"
    assert len(files) == len(files_of(RUNIT)) + 2


@pytest.mark.parametrize(
    ("name", "mine"), [("runit", True), ("runit/runner/default", True), ("s6", False)]
)
def test_they_are_for_the_contenders_of_that_name(folder: Path, name: str, mine: bool) -> None:
    given = contender(RUNIT)
    configured = configure(given, parse_configurations([f"{name}={folder}"]))
    assert (configured.own_files is not None) is mine
    assert ("own files from" in configured.setting) is mine
    assert configured.name == given.name


@pytest.mark.parametrize("value", ["runit", "=DIR", "runit=", "nosuch=/tmp", "runit=/nosuch"])
def test_a_value_that_names_nothing_is_refused(value: str) -> None:
    assert refused(value).advice


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "holds no file" in str(refused(f"runit={tmp_path}"))


def test_two_folders_for_one_contender_are_refused(folder: Path) -> None:
    assert RUNIT in str(refused(f"runit={folder}", f"{RUNIT}={folder}"))


@pytest.mark.parametrize(
    "text",
    [
        "{{ service.command",
        "{{ nosuch }}",
        "{% endfor %}",
        "{{ 1 / 0 }}",
        "{{ service.command + 1 }}",
        "{% for x in 5 %}{% endfor %}",
        "{{ service.command.index('nosuch') }}",
        "{{ '{nosuch}'.format() }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{{ 'x' * 10 ** 10 }}",
        "{{ 'x' * 2 ** 21 }}",
    ],
)
def test_a_template_that_cannot_be_rendered_is_refused(folder: Path, text: str) -> None:
    (folder / RUN).write_text(text)
    assert "cannot be rendered" in str(refused(f"runit={folder}"))


def test_a_template_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_rendering, "_MOST_CPU", 1)
    loop = "{% for x in range(10 ** 12) %}"
    (folder / RUN).write_text(f"{loop}{{% endfor %}}")
    problem = refused(f"runit={folder}")
    assert "as if it had no end" in problem.known
    assert problem.usage


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / RUN).write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in str(refused(f"runit={folder}"))


def test_a_name_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / os.fsdecode(b"etc/caf\xe9")).write_text("x")
    assert "the name etc/caf\\xe9 is not UTF-8" in str(refused(f"runit={folder}"))


def test_a_folder_whose_name_is_not_utf8_is_refused(folder: Path) -> None:
    renamed = folder.rename(folder.parent / os.fsdecode(b"caf\xe9"))
    assert "caf\\xe9 is not UTF-8" in str(refused(f"runit={renamed}"))


def test_what_changed_since_a_run_is_refused(folder: Path) -> None:
    own = parse_configurations([f"runit={folder}"])["runit"]
    facts = {"folder": str(folder), "sha256": own.digest}
    run = {"contenders": [{"name": RUNIT, "own_files": facts}, {"name": "s6/runner"}]}
    assert configurations_of_run(run) == {RUNIT: own}
    (folder / RUN).write_text("#!/bin/sh\n")
    with pytest.raises(Problem) as caught:
        configurations_of_run(run)
    assert "other files" in str(caught.value)
