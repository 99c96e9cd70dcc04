"""What the command line may ask for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench.engine.request.options import (
    EffortOptions,
    ModeOptions,
    RunOptions,
    SelectionOptions,
    SystemOptions,
    parse_options,
)
from bench.engine.request.scenario_choice import DEFAULT_SCENARIOS
from bench.scenarios import scenarios, usual_scenarios
from provision.errors import Problem


def parse(**options: Any) -> RunOptions:
    """Parse options by their command-line names."""
    kinds = (SystemOptions, SelectionOptions, EffortOptions, ModeOptions)
    groups = [
        kind(**{name: value for name, value in options.items() if name in kind.__annotations__})
        for kind in kinds
    ]
    return parse_options(*groups)  # type: ignore[arg-type]


def test_defaults() -> None:
    assert parse() == RunOptions()
    assert parse().scenarios == DEFAULT_SCENARIOS


@pytest.mark.parametrize("trials", ["0", "-1", "-30", "many", "3.5", "1e3", " ", "٣", "0x10"])
@pytest.mark.probe("request")
def test_trials_below_one_or_no_number_are_refused(trials: str) -> None:
    with pytest.raises(Problem, match=f"--trials={re.escape(trials)} ") as caught:
        parse(trials=trials)
    assert caught.value.usage
    assert "whole number from 1 to" in caught.value.advice


@pytest.mark.parametrize("seed", ["", "-1", "one", "1.0"])
@pytest.mark.probe("request")
def test_a_seed_that_is_no_number_is_refused(seed: str) -> None:
    with pytest.raises(Problem, match=f"--seed={seed} ") as caught:
        parse(seed=seed)
    assert caught.value.usage


def test_numbers() -> None:
    options = parse(trials="7", seed="0")
    assert (options.trials, options.seed) == (7, 0)


@pytest.mark.probe("request")
def test_keep_and_resume_contradict() -> None:
    with pytest.raises(Problem, match="contradict") as caught:
        parse(keep=True, resume=True)
    assert caught.value.usage


@pytest.mark.parametrize(
    ("given", "flag"),
    [({"only": ["s6"]}, "--only"), ({"trials": "5"}, "--trials"), ({"quick": True}, "--quick"),
     ({"keep": True}, "--keep"), ({"seed": "2"}, "--seed"), ({"os": "arch"}, "--os"),
     ({"scenario": ["deaths"]}, "--scenario"),
     ({"accept_expired": True}, "--redo and --accept-expired contradict"),
     ({"mirror": "http://mirror.invalid/", "aur": "http://aur.invalid/"}, "--mirror, --aur "),
     ({"quick": True, "role": "runner"}, "--role, ")],
)  # fmt: skip
@pytest.mark.probe("request")
def test_redo_refuses_other_options(given: dict[str, Any], flag: str) -> None:
    with pytest.raises(Problem, match=r"--redo and .* contradict") as caught:
        parse(redo="unstable", **given)
    assert caught.value.usage
    assert flag in str(caught.value)


@pytest.mark.probe("request")
def test_an_unknown_provider_is_told_before_what_it_cannot_be_combined_with() -> None:
    with pytest.raises(Problem, match="no provider named 'lcx'") as caught:
        parse(provider="lcx", os="debian-all")
    assert caught.value.usage


def test_names_by_comma_and_by_repetition() -> None:
    assert parse(only=["runit,s6", "god"]).only == ("runit", "s6", "god")


@pytest.mark.probe("request")
def test_unknown_scenario_offers_the_nearest() -> None:
    with pytest.raises(Problem) as caught:
        parse(scenario=["restrat"])
    assert caught.value.usage
    assert "'restart'" in caught.value.advice


def test_all_scenarios() -> None:
    every = {name for name in scenarios() if scenarios()[name].of_inits is not True}
    assert set(parse(scenario=["all"]).scenarios) == every - {"growth"}
    assert parse(scenario=["growth"]).scenarios == ("growth",)


@pytest.mark.parametrize(
    "asked", [{"role": "init"}, {"role": "init", "scenario": ["all"]}, {"only": ["tini,none"]}]
)
def test_inits_are_measured_in_scenarios_of_their_own(asked: dict[str, Any]) -> None:
    every = {name for name in scenarios() if scenarios()[name].of_inits is not False}
    assert {"signals", "footprint"} < every
    assert set(parse(**asked).scenarios) == every


def test_every_profile_of_an_init_is_measured() -> None:
    names = {selected.name for selected in parse(only=["tini,bash"]).select().contenders}
    assert names >= {"tini/init/group/pid1", "bash/init/command/pid1"}


def test_every_role_has_every_scenario() -> None:
    assert set(parse(role="all", scenario=["all"]).scenarios) == {*usual_scenarios(scenarios())}
    of_inits = {name for name in scenarios() if scenarios()[name].of_inits}
    assert set(parse(role="all").scenarios) == {*DEFAULT_SCENARIOS, *of_inits}


def test_supervisors_beside_an_init_keep_the_usual_scenarios() -> None:
    assert parse(only=["tini", "runit"]).scenarios == DEFAULT_SCENARIOS


def test_options_of_a_run_ignore_how_it_is_continued() -> None:
    plain = parse().as_json()
    assert parse(resume=True).as_json() == plain
    assert parse(keep=True).as_json() == plain
    assert parse(trials="5").as_json() != plain
    assert parse(seed="2").as_json() != plain
    assert parse(only=["s6"]).as_json() != plain


@pytest.mark.parametrize("trials", ["100001", "9" * 26, "9" * 5000])
@pytest.mark.probe("request")
def test_more_trials_than_anybody_can_wait_for_are_refused(trials: str) -> None:
    with pytest.raises(Problem, match="from 1 to 100000") as caught:
        parse(trials=trials)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", ["only", "scenario"])
@pytest.mark.parametrize("value", ["", ",", " , "])
@pytest.mark.probe("request")
def test_a_list_that_names_nothing_is_refused(name: str, value: str) -> None:
    with pytest.raises(Problem, match=f"--{name}=.* names nothing") as caught:
        parse(**{name: [value]})
    assert caught.value.usage


def test_several_systems_are_kept_in_the_order_of_their_age() -> None:
    assert parse(os="sid,bookworm,trixie,debian").system == "debian,trixie,sid"
    assert parse(os="debian-all").system == "bullseye,debian,trixie,forky,sid"
    releases = [system.release for system in parse(os="sid,bookworm").guest_systems]
    assert releases == ["bookworm", "sid"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"box": "debian/bookworm64"}, "--box cannot be combined with several systems"),
        ({"provider": "libvirt"}, "--provider=libvirt cannot be combined"),
        ({"versions": "2012", "box": "x"}, "--box and --versions cannot be combined"),
    ],
)
def test_several_systems_refuse_what_is_for_one(options: dict[str, Any], words: str) -> None:
    with pytest.raises(Problem, match=words) as caught:
        parse(os="bookworm,trixie", **options)
    assert caught.value.usage


@pytest.mark.probe("request")
def test_an_unknown_system_among_several_is_named() -> None:
    with pytest.raises(Problem, match="no system named 'trixi'"):
        parse(os="bookworm,trixi")
