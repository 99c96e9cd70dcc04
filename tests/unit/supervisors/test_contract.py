"""Every supervisor's folder keeps the contract: adding one touches nothing here."""

from __future__ import annotations

import pytest

from daemon.build import PROGRAMS
from provision.systems import SYSTEMS
from supervisors import folder_name, folders, supervisors
from supervisors.base import ArticleRow, Supervisor
from supervisors.contract import RULES, Rule, required_facts
from supervisors.service import services_of

EVERY = list(supervisors().values())

# The article's table: version, needs PID 1, runner, monitor, lines of code.
ARTICLE = {
    "sysvinit": ArticleRow("2.88", True, True, False, 6562),
    "upstart": ArticleRow("1.4", True, True, True, 11054),
    "systemd": ArticleRow("43", True, True, True, 87419),
    "daemontools": ArticleRow("0.76", False, True, False, 3750),
    "runit": ArticleRow("2.1.1", False, True, False, 5685),
    "s6": ArticleRow("0.14", False, True, False, 3851),
    "perp": ArticleRow("2.05", False, True, False, 6823),
    "supervisord": ArticleRow("3.0a12", False, True, False, 7211),
    "restartd": ArticleRow("0.2.2", False, False, True, 373),
    "monit": ArticleRow("5.3.2", False, False, True, 33891),
    "god": ArticleRow("0.12.1", False, False, True, 3978),
}

every = pytest.mark.parametrize("supervisor", EVERY, ids=[supervisor.name for supervisor in EVERY])


@pytest.mark.parametrize("rule", (required_facts, *RULES), ids=lambda rule: rule.__name__)
@every
def test_a_folder_keeps_the_rule(supervisor: Supervisor, rule: Rule) -> None:
    complaints = list(rule(supervisor))
    assert not complaints, "\n".join([*complaints, f"./inv check {supervisor.name} shows them all"])


def test_every_folder_is_registered_under_its_own_name() -> None:
    assert {folder_name(name) for name in supervisors()} == {folder.name for folder in folders()}
    assert sorted(supervisor.folder for supervisor in EVERY) == folders()


def test_inits_have_a_place_apart_from_the_supervisors() -> None:
    for supervisor in EVERY:
        place = "supervisors" if supervisor.keeps_services else "inits"
        assert supervisor.folder.parent.name == place


def test_no_two_contenders_share_a_name() -> None:
    names = [contender.name for supervisor in EVERY for contender in supervisor.contenders]
    assert len(names) == len(set(names))


@every
def test_the_row_of_the_article_is_the_articles(supervisor: Supervisor) -> None:
    assert supervisor.article == ARTICLE.get(supervisor.name)
    if supervisor.article is None:
        return
    assert supervisor.needs_pid1 == supervisor.article.needs_pid1
    roles = {contender.role for contender in supervisor.contenders}
    assert ("runner" in roles) == supervisor.article.runner
    assert ("monitor" in roles) == supervisor.article.monitor


def test_the_registry_is_in_the_articles_order() -> None:
    names = [supervisor.name for supervisor in EVERY if supervisor.article]
    assert names == [name for name in ARTICLE if name in names]
    places = [supervisor.article_order for supervisor in EVERY if supervisor.article]
    assert places == sorted(set(places))


@every
def test_no_program_of_the_suite_but_the_daemon_is_started(supervisor: Supervisor) -> None:
    """Only the floor runs a second one of ours: itself."""
    for contender in supervisor.contenders:
        for file in supervisor.files(contender, services_of(contender, 1)):
            for program in set(PROGRAMS) - {"testd"}:
                assert supervisor.name == program or f"/{program} " not in str(file.content)


@pytest.mark.parametrize("system", SYSTEMS)
def test_only_a_system_that_has_it_gives_a_recipe(system: str) -> None:
    for supervisor in EVERY:
        source = supervisor.source(SYSTEMS[system])
        left_out = SYSTEMS[system].release in supervisor.unavailable_on
        assert (source is None) is (left_out or not SYSTEMS[system].look_up(supervisor.sources))
        if source is not None:
            assert supervisor.installation(source).name == supervisor.name
