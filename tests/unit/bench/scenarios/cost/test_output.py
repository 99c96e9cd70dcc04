"""Verdicts on a talkative daemon's output."""

from __future__ import annotations

from bench.model.events import WRITTEN, Event, events_of_kind
from bench.model.events.added import OutputRead
from bench.model.events.program import ModeSet, ServiceEvent
from bench.scenarios.cost.output import KEEPS, LOSES, SCENARIO, TEARS, read_output
from tests.support.samples.recorded import answers, contender, judged, samples

SUPERVISORD = "supervisord/runner/default/hosted"
SYSVINIT = "sysvinit/runner/default/pid1"


def written(recorded: list[Event]) -> OutputRead:
    (output,) = events_of_kind(recorded, WRITTEN)
    return output


def read(text: str, *chatter: Event) -> OutputRead:
    return read_output(text, chatter, "cat", own=True)


def started(service: str, seq: int) -> ServiceEvent:
    return {"event": "start", "service": service, "seq": seq}


def mode(text: str) -> ModeSet:
    return {"event": "mode", "text": text}


def test_output_with_every_line_is_a_yes() -> None:
    given = answers(judged(SCENARIO, SUPERVISORD, samples("output-supervisord")))
    assert given == {KEEPS: "yes", LOSES: "yes", TEARS: "yes"}


def test_a_supervisor_that_keeps_nothing_is_a_no() -> None:
    verdicts = judged(SCENARIO, SYSVINIT, samples("output-sysvinit"))
    assert answers(verdicts) == {KEEPS: "no", LOSES: "not applicable", TEARS: "not applicable"}
    assert "/dev/null" in verdicts[KEEPS].sentence


def test_a_missing_tail_is_a_loss() -> None:
    recorded = samples("output-supervisord")
    ended = next(life for life in written(recorded)["lives"] if life["chatted"])
    ended["chatted"] = (ended["chatted"] or 0) + 3
    verdict = judged(SCENARIO, SUPERVISORD, recorded)[LOSES]
    assert verdict.answer == "no"
    assert verdict.sentence.startswith("3 of ")


def test_a_separate_log_service_is_partly() -> None:
    recorded = samples("output-supervisord")
    written(recorded)["own"] = False
    assert judged(SCENARIO, SUPERVISORD, recorded)[KEEPS].answer == "partly"


def test_lines_are_counted_for_each_life() -> None:
    text = "s2 1 1\ns2 1 3\ns2 2 1\ns2 2\nanother program's line\n"
    end: ServiceEvent = {"event": "exit", "seq": 2, "chatted": 2}
    output = read(text, end)
    assert output["lines"] == 3
    assert output["torn_like"] == ["s2 2"]
    assert output["lives"] == [
        {"seq": 1, "chatted": None, "kept": 2, "last": 3},
        {"seq": 2, "chatted": 2, "kept": 1, "last": 1},
    ]


def test_a_killed_life_without_any_line_is_a_loss() -> None:
    recorded = samples("output-supervisord")
    killed = next(life for life in written(recorded)["lives"] if life["chatted"] is None)
    killed["kept"] = killed["last"] = 0
    verdict = judged(SCENARIO, SUPERVISORD, recorded)[LOSES]
    assert verdict.answer == "no"
    assert verdict.sentence.endswith("Nothing at all is there of 1 of those.")


def test_every_talkative_life_is_listed() -> None:
    chatter: list[Event] = [
        started("s2", 1),
        mode("--chatter 2000"),
        started("s2", 2),
        started("s1", 9),
        mode(""),
        started("s2", 3),
    ]
    assert read("", *chatter)["lives"] == [{"seq": 2, "chatted": None, "kept": 0, "last": 0}]


def test_a_line_cut_within_its_number_is_torn() -> None:
    whole = "".join(f"s2 1 {number}\n" for number in range(1, 13))
    output = read(f"{whole}s2 1 1\n3\ns2 1 14\n")
    assert (output["lines"], output["torn"], output["torn_like"]) == (13, 2, ["s2 1 1", "3"])


def test_a_monitor_is_not_judged() -> None:
    assert SCENARIO.inapplicable_reason(contender("god/monitor/default/hosted"))


def test_no_samples_are_not_measured() -> None:
    assert set(answers(judged(SCENARIO, SUPERVISORD, [])).values()) == {"not measured"}
