"""Which PID 1 for a container: the matrix, and answers that stated rules draw from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bench.model.run_file import ContenderResult, Run, VerdictResult
from provision.errors.text import count_words
from reports.article.recommendations import Recommendation
from reports.compare.systems.system_views import names_of_evidence
from reports.model.blocks import Block, Paragraph, Section
from reports.model.contenders import contender_label
from reports.model.metrics import median_of
from reports.model.quantities import format_quantity
from reports.model.tables.containers import (
    EXIT,
    SIGNALS,
    STOP,
    ZOMBIES,
    answer_of,
    container_tables,
    is_unclear,
    measured_containers,
    outcome_of,
    signals_answered,
    signals_in_place,
    signals_lost,
    verdicts_of,
)

# Title and name of the section.
CONTAINERS = ("Which PID 1 for a container?", "containers")
_INTRODUCTION = (
    "The PID 1 of a container has duties of its own. The kernel gives it every orphan of the "
    "container, and passes it only signals that it has asked for. An engine stops a container by "
    "SIGTERM to PID 1 alone, and kills it 10 s later. Here LXC plays the engine: signals come from "
    "outside the container, as those of docker stop and podman stop do."
)
# What --init of each engine runs.
_ENGINES = {"docker run --init": "tini", "podman run --init": "catatonit"}
_NONE = "None that this run has measured."
_STOPS = "stops by the engine"
# What an init does, by its outcome in a scenario: parts of a sentence.
_OUTCOMES = {
    EXIT: {
        "yes": "tells the engine every exit status truly",
        "no": "does not tell the engine every exit status truly",
        "": "exit statuses were not measured",
    },
    ZOMBIES: {
        "yes": "reaps every zombie",
        "no": "leaves zombies",
        "": "zombies were not measured",
    },
}


def containers_section(view: Run, whole: Run) -> Section | None:
    """Return the section; None where no container's PID 1 was measured.

    view: the run of one system. whole: that of all systems, whose names evidence has.
    """
    contenders = measured_containers(view)
    if not contenders:
        return None
    answers: Iterator[Block] = (
        Section(
            f"container-answer-{index}",
            answer.question,
            (Paragraph(answer.answer), Paragraph(f"Rule: {answer.rule}", aside=True)),
        )
        for index, answer in enumerate(_answers(contenders))
    )
    blocks: tuple[Block, ...] = (
        Paragraph(_INTRODUCTION),
        *answers,
        *container_tables(view, names_of_evidence(view, whole)),
    )
    title, name = CONTAINERS
    return Section(name, title, blocks)


def _answers(contenders: Sequence[ContenderResult]) -> list[Recommendation]:
    inits = [one for one in contenders if one["role"] == "init"]
    supervisors = [one for one in contenders if one["role"] != "init"]
    return [
        Recommendation(
            "Which init does all of it?",
            "it passes SIGTERM on, a container with it ends in time whether its program handles "
            "SIGTERM or not, the exit status is always true, and no zombie is left; the smallest "
            "private memory first.",
            _who_does_all(inits),
        ),
        Recommendation(
            "What do I get with --init?",
            "the verdicts of the default settings of what the engines run: tini as docker-init, "
            "catatonit.",
            _join(_engine_answers(inits)),
        ),
        Recommendation(
            "Which PID 1 sends SIGTERM to the other processes of the container, too?",
            "a process beside the program got the SIGTERM that stopped the container.",
            _join(_who_is_told(inits), _STOPS, _without(inits, STOP)),
        ),
        Recommendation(
            "Which PID 1 makes every stop take 10 s?",
            "even a program that handles SIGTERM was killed at the end of the engine's grace.",
            _join(
                map(contender_label, filter(_is_always_killed, contenders)),
                _STOPS,
                _without(contenders, STOP),
            ),
        ),
        Recommendation(
            "Which stops only a program that handles SIGTERM?",
            "such a program ends in time, and one without a handler is killed: the kernel spares "
            "PID 1 what ends any other process.",
            _join(
                map(contender_label, filter(_needs_handler, contenders)),
                _STOPS,
                _without(contenders, STOP),
            ),
        ),
        Recommendation(
            "How is a supervisor stopped that is PID 1?",
            "a signal after which PID 1 ended within 4 s, and before which the program got SIGTERM "
            "or the same signal; an image names it by STOPSIGNAL.",
            _join(_stop_signals(supervisors), "signals", _without(supervisors, SIGNALS)),
        ),
    ]


def _without(contenders: Iterable[ContenderResult], scenario: str) -> list[ContenderResult]:
    """Return those of which the scenario was not measured: nothing is known of them."""
    return [contender for contender in contenders if not verdicts_of(contender, scenario)]


def _duties(contender: ContenderResult) -> dict[str, str]:
    """Return yes, no or, where it was not measured, nothing for each duty of a PID 1."""
    return {
        "signals": _passes_term(contender),
        _STOPS: _stops_in_time(contender),
        "exit statuses": outcome_of(contender, EXIT),
        "zombies": outcome_of(contender, ZOMBIES),
    }


def _passes_term(contender: ContenderResult) -> str:
    if any(is_unclear(contender, verdict) for verdict in verdicts_of(contender, SIGNALS)):
        return ""
    answer = answer_of(contender, SIGNALS, "TERM")
    return "no" if answer == "partly" else answer


def _stops_in_time(contender: ContenderResult) -> str:
    answers = {_ends(contender, "with"), _ends(contender, "without")}
    return "no" if "no" in answers else "yes" if answers == {"yes"} else ""


def _who_does_all(inits: Sequence[ContenderResult]) -> str:
    """Name the inits that do all, then those that might, of which something was not measured."""
    duties = {one["name"]: _duties(one) for one in inits}
    able = [one for one in inits if set(duties[one["name"]].values()) == {"yes"}]
    undecided = [
        one for one in inits if one not in able and "no" not in duties[one["name"]].values()
    ]
    if not undecided:
        return _join(map(_with_memory, _lightest_first(able)))
    unknown = {duty: None for one in undecided for duty, answer in duties[one["name"]].items()
               if not answer}  # fmt: skip
    what = f"{' and '.join(unknown)} were not measured"
    names = "; ".join(map(_with_memory, _lightest_first(undecided)))
    if able:
        found = "; ".join(map(_with_memory, _lightest_first(able)))
        return f"{found}. Undecided, because {what}: {names}."
    return f"This run cannot say: {what}. By what was measured it may be: {names}."


def _memory(contender: ContenderResult) -> float:
    memory = median_of(contender, "footprint", "private_dirty_1")
    return float("inf") if memory is None else memory


def _lightest_first(contenders: Iterable[ContenderResult]) -> list[ContenderResult]:
    return sorted(contenders, key=_memory)


def _with_memory(contender: ContenderResult) -> str:
    memory = median_of(contender, "footprint", "private_dirty_1")
    label = contender_label(contender)
    return label if memory is None else f"{label} ({format_quantity(memory, 'kB')})"


def _engine_answers(inits: Sequence[ContenderResult]) -> Iterator[str]:
    for command, name in _ENGINES.items():
        for contender in inits:
            if (contender["supervisor"], contender["profile"]) == (name, "default"):
                yield f"{command} runs {name}: {_describe(contender)}"


def _describe(contender: ContenderResult) -> str:
    """Say in a part of a sentence what an init does, by its verdicts."""
    words = [_describe_signals(contender)]
    words += [by_outcome[outcome_of(contender, scenario)]
              for scenario, by_outcome in _OUTCOMES.items()]  # fmt: skip
    sentence = next((v["sentence"] for v in verdicts_of(contender, STOP)
                 if v["behaviour"] == "tells everybody"), "")  # fmt: skip
    last = sentence.rstrip(".") or f"{_STOPS[:1].upper()}{_STOPS[1:]} were not measured"
    return f"{', '.join(words)}. {last}"


def _describe_signals(contender: ContenderResult) -> str:
    if not verdicts_of(contender, SIGNALS):
        return "signals were not measured"
    lost = " ".join(signals_lost(contender)) or "none"
    passed = len(signals_answered(contender, "yes"))
    counted = count_words(passed, "signal")
    return f"it passes on {counted} and loses {lost}" if passed else "it passes on none"


def _who_is_told(inits: Sequence[ContenderResult]) -> Iterator[str]:
    for contender in inits:
        for verdict in verdicts_of(contender, STOP):
            reached = verdict["sentence"].partition(";")[0].removeprefix("SIGTERM reached ")
            if verdict["behaviour"] == "tells everybody" and " and " in reached:
                yield f"{contender_label(contender)}: {reached.rstrip('.')}"


def _ends(contender: ContenderResult, program: str) -> str:
    return answer_of(contender, STOP, f"ends in time, a program {program} a handler")


def _is_always_killed(contender: ContenderResult) -> bool:
    return _ends(contender, "with") == "no"


def _needs_handler(contender: ContenderResult) -> bool:
    return (_ends(contender, "with"), _ends(contender, "without")) == ("yes", "no")


def _stop_signals(supervisors: Sequence[ContenderResult]) -> Iterator[str]:
    for contender in supervisors:
        verdicts = verdicts_of(contender, SIGNALS)
        names = [
            f"SIG{verdict['behaviour']}"
            for verdict in verdicts
            if "PID 1 ended" in verdict["sentence"]
            and (_tells_program_to_stop(verdict) or is_unclear(contender, verdict))
        ]
        if verdicts:
            yield f"{contender_label(contender)}: {', '.join(names) or 'by none of these'}"


def _tells_program_to_stop(verdict: VerdictResult) -> bool:
    """Tell whether the program got the same signal, or SIGTERM in its place."""
    return verdict["answer"] == "yes" or "TERM" in signals_in_place(verdict)


def _join(phrases: Iterable[str], what: str = "", unknown: Sequence[ContenderResult] = ()) -> str:
    """Return the phrases as an answer, and of which contenders `what` was not measured."""
    text = "; ".join(phrases)
    names = "; ".join(map(contender_label, unknown))
    if not names:
        return f"{text}." if text else _NONE
    if text:
        return f"{text}. Not known, because {what} were not measured: {names}."
    return f"This run cannot say: {what} were not measured of {names}."
