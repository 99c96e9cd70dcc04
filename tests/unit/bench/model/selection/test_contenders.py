"""Which contenders a run measures."""

from __future__ import annotations

import pytest

from bench.model.run_file import FLOOR
from bench.model.selection import contenders as registered
from bench.model.selection.contenders import Selection, select_contenders
from provision.errors import Problem
from provision.sources.packages import Present
from provision.systems import SYSTEMS
from supervisors import supervisors
from tests.support.samples.recorded import contender

DEBIAN = SYSTEMS["debian"]


def names(*only: str, role: str = "", profile: str = "") -> list[str]:
    wanted = Selection(only, role, profile)
    return [selected.name for selected in select_contenders((DEBIAN,), wanted).contenders]


def test_no_criteria_select_every_packaged_contender() -> None:
    chosen = select_contenders((DEBIAN,), Selection())
    every = {
        contender.name
        for supervisor in supervisors().values()
        if supervisor.keeps_services and not supervisor.why_unavailable(DEBIAN)
        for contender in supervisor.contenders
    }
    assert {selected.name for selected in chosen.contenders} == every
    assert {absent.supervisor.name for absent in chosen.absent} == {
        supervisor.name
        for supervisor in supervisors().values()
        if supervisor.keeps_services and supervisor.why_unavailable(DEBIAN)
    }


def test_inits_are_measured_only_by_role_or_name() -> None:
    assert not [name for name in names() if "/init/" in name]
    assert names("tini/init/group")[0] == "tini/init/group/pid1"
    assert {*names(), *names(role="init")} == {*names(role="all")}
    chosen = names(role="init")
    assert {"tini/init/default/pid1", "tini/init/group/pid1", "none/init/default/pid1"} < {*chosen}
    assert "s6/runner/default/pid1" in chosen, "beside them: supervisors that can be PID 1"
    assert not [name for name in chosen if name.endswith("/hosted") or "/fast/" in name]


def test_a_supervisor_that_is_not_filled_in_is_measured_only_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = supervisors()["runit"].folder
    monkeypatch.setattr(registered, "is_filled_in", lambda path: path != folder)
    chosen = select_contenders((DEBIAN,), Selection())
    assert chosen.unfilled == ("runit",)
    assert "runit" not in {selected.supervisor.name for selected in chosen.contenders}
    assert "runit/runner/default/hosted" in names("runit")
    assert select_contenders((DEBIAN,), Selection(("runit",))).unfilled == ()


def test_the_floor_is_added_in_the_same_places() -> None:
    assert names("sysvinit") == ["sysvinit/runner/default/pid1", "floor/runner/default/pid1"]
    assert "floor/runner/default/pid1" not in names("restartd")
    assert "floor/runner/default/hosted" in names("restartd")


def test_the_floor_is_added_once() -> None:
    assert sorted(names(FLOOR)) == ["floor/runner/default/hosted", "floor/runner/default/pid1"]


def test_a_beginning_selects_all_that_begin_with_it() -> None:
    assert names("s6/runner/fast/pid1")[0] == "s6/runner/fast/pid1"
    chosen = [name for name in names("s6/runner/fast") if name.startswith("s6")]
    assert sorted(chosen) == ["s6/runner/fast/hosted", "s6/runner/fast/pid1"]


def test_a_beginning_ends_at_a_slash() -> None:
    with pytest.raises(Problem):
        names("s6/run")


def test_any_part_of_a_name_may_be_left_open() -> None:
    assert set(names("*")) == set(names())
    assert set(names("*/*/default")) == set(names(profile="default"))
    monitors = [name for name in names("*/monitor") if not name.startswith(FLOOR)]
    assert monitors == [name for name in names(role="monitor") if not name.startswith(FLOOR)]
    assert set(names("*", role="init")) == set(names(role="init"))
    with pytest.raises(Problem, match="nosuch"):
        names("*/nosuch")


def test_role_and_profile_restrict_the_selection() -> None:
    assert all("/monitor/" in name or name.startswith(FLOOR) for name in names(role="monitor"))
    assert all("/fast/" in name or name.startswith(FLOOR) for name in names(profile="fast"))


def test_the_former_name_selects_the_profiles_for_restarts() -> None:
    chosen = [name for name in names(profile="tuned") if not name.startswith(FLOOR)]
    assert {name.split("/")[2] for name in chosen} >= {"fast", "patient"}
    assert not [name for name in chosen if "/default/" in name or "/strict/" in name]
    inits = Selection(role="init", profile="tuned")
    assert not inits.has_contender(contender("tini/init/group/pid1"))
    assert names("s6/runner/tuned/pid1") == names("s6/runner/fast/pid1")
    assert names("supervisord/runner/tuned") == names("supervisord/runner/patient")


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("runti", "runit"), ("monti", "monit"), ("s6/runner/fasst/pid1", "s6/runner/fast/pid1")],
)
def test_unknown_names_offer_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(Problem) as caught:
        names(wrong)
    assert caught.value.usage
    assert repr(near) in caught.value.advice


def test_an_unknown_name_without_a_near_one_points_at_the_list() -> None:
    with pytest.raises(Problem) as caught:
        names("xyzzy")
    assert "./inv list" in caught.value.advice
    assert "runit" in caught.value.known


@pytest.mark.parametrize(
    ("role", "profile", "near"), [("runer", "", "runner"), ("", "pacient", "patient")]
)
def test_an_unknown_role_or_profile_is_refused(role: str, profile: str, near: str) -> None:
    with pytest.raises(Problem) as caught:
        names(role=role, profile=profile)
    assert repr(near) in caught.value.advice


def test_criteria_that_no_contender_meets_together_are_refused() -> None:
    with pytest.raises(Problem, match="No contender matches") as caught:
        names("runit", role="monitor")
    assert caught.value.usage


SYSTEMS_OF_RUN = (SYSTEMS["debian"], SYSTEMS["trixie"], SYSTEMS["sid"])


def several(*only: str) -> list[str]:
    selection = Selection(only)
    return [selected.name for selected in select_contenders(SYSTEMS_OF_RUN, selection).contenders]


def test_of_several_systems_the_releases_of_a_contender_follow_each_other() -> None:
    assert several("runit/runner/default/hosted", "sysvinit") == [
        "sysvinit/runner/default/pid1@bookworm",
        "sysvinit/runner/default/pid1@trixie",
        "sysvinit/runner/default/pid1@sid",
        "runit/runner/default/hosted@bookworm",
        "runit/runner/default/hosted@trixie",
        "runit/runner/default/hosted@sid",
        "floor/runner/default/hosted",
        "floor/runner/default/pid1",
    ]


def test_the_floor_of_several_systems_is_common_and_runs_on_debian_12() -> None:
    chosen = select_contenders(SYSTEMS_OF_RUN, Selection(("runit",))).contenders
    floors = [selected for selected in chosen if selected.supervisor.name == FLOOR]
    assert {floor.system.name for floor in floors} == {"debian"}
    assert several(FLOOR) == ["floor/runner/default/hosted", "floor/runner/default/pid1"]
    without = (SYSTEMS["trixie"], SYSTEMS["sid"])
    chosen = select_contenders(without, Selection(("runit",))).contenders
    assert chosen[-1].system.name == "trixie"


def test_a_name_may_end_with_a_release() -> None:
    assert several("runit/runner/default/hosted@sid", "sysvinit@trixie")[:2] == [
        "sysvinit/runner/default/pid1@trixie",
        "runit/runner/default/hosted@sid",
    ]
    with pytest.raises(Problem, match="no release in this run named 'forky'"):
        several("runit@forky")
    assert names("runit/runner/default/hosted@bookworm")[0] == "runit/runner/default/hosted"


def test_every_contender_of_a_release_can_be_named() -> None:
    both = (DEBIAN, SYSTEMS["trixie"])
    only = ("*/*/default", "*@trixie")
    chosen = [one.contender for one in select_contenders(both, Selection(only)).contenders]
    kept = [one for one in chosen if one.supervisor != FLOOR]
    assert {one.profile for one in kept if one.release == "bookworm"} == {"default"}
    assert {"fast", "patient", "strict"} < {one.profile for one in kept if one.release == "trixie"}


def test_what_one_of_several_releases_lacks_is_said_for_that_one() -> None:
    chosen = select_contenders(SYSTEMS_OF_RUN, Selection(("god", "perp")))
    reasons = [(absent.supervisor.name, absent.reason) for absent in chosen.absent]
    assert sorted(reasons) == [
        ("god", "not packaged in Debian 13: bookworm was the last release with it"),
        ("god", "not packaged in Debian sid: bookworm was the last release with it"),
        ("perp", "Debian does not package it"),
    ]


def test_a_build_is_measured_on_the_system_of_the_floor_alone() -> None:
    build = Present()
    chosen = select_contenders(
        SYSTEMS_OF_RUN, Selection(("perp", "runit/runner/default/hosted")),
        overlays={"perp": build, "runit": build},
    )  # fmt: skip
    assert [(selected.name, selected.source is build) for selected in chosen.contenders[:-1]] == [
        ("runit/runner/default/hosted@bookworm", True),
        ("runit/runner/default/hosted@trixie", False),
        ("runit/runner/default/hosted@sid", False),
        ("perp/runner/default/hosted@bookworm", True),
    ]
    assert chosen.absent == ()


def test_the_floor_of_one_of_several_systems_cannot_be_chosen() -> None:
    systems = (DEBIAN, SYSTEMS["trixie"])
    with pytest.raises(Problem, match="floor is common to all systems") as refused:
        select_contenders(systems, Selection(only=("floor@trixie",)))
    assert "--os=trixie --only=floor" in refused.value.advice
    assert select_contenders(systems[1:], Selection(only=("floor@trixie",))).contenders
