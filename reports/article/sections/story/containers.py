"""Which PID 1 for a container: the matrix, and answers that stated rules draw from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bench.model.run_file import ContenderResult, Run, VerdictResult
from provision.errors.text import count_words
from reports.article.recommendations import Recommendation
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
    measured_containers,
    passes_all,
    signals_answered,
    signals_in_place,
    verdicts_of,
)

_INTRODUCTION = (
    "The PID 1 of a container has duties of its own. The kernel gives it every orphan of the "
    "container, and passes it only signals that it has asked for. An engine stops a container by "
    "SIGTERM to PID 1 alone, and kills it 10 s later. Here LXC plays the engine: signals come from "
    "outside the container, as those of docker stop and podman stop do."
)
# What --init of each engine runs.
_ENGINES = {"docker run --init": "tini", "podman run --init": "catatonit"}
_NONE = "None that this run has measured."


def containers_section(run: Run) -> Section | None:
    """Return the section; None where no container's PID 1 was measured."""
    contenders = measured_containers(run)
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
    blocks: tuple[Block, ...] = (Paragraph(_INTRODUCTION), *container_tables(run), *answers)
    return Section("containers", "Which PID 1 for a container?", blocks)


def _answers(contenders: Sequence[ContenderResult]) -> list[Recommendation]:
    inits = [one for one in contenders if one["role"] == "init"]
    supervisors = [one for one in contenders if one["role"] != "init"]
    return [
        Recommendation(
            "Which init does all of it?",
            "it passes SIGTERM on, a container with it ends in time whether its program handles "
            "SIGTERM or not, the exit status is always true, and no zombie is left; the smallest "
            "private memory first.",
            _join(map(_with_memory, _lightest_first(filter(_does_all, inits)))),
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
            _join(_who_is_told(inits)),
        ),
        Recommendation(
            "Which PID 1 makes every stop take 10 s?",
            "even a program that handles SIGTERM was killed at the end of the engine's grace.",
            _join(map(contender_label, filter(_is_always_killed, contenders))),
        ),
        Recommendation(
            "Which stops only a program that handles SIGTERM?",
            "such a program ends in time, and one without a handler is killed: the kernel spares "
            "PID 1 what ends any other process.",
            _join(map(contender_label, filter(_needs_handler, contenders))),
        ),
        Recommendation(
            "How is a supervisor stopped that is PID 1?",
            "a signal after which PID 1 ended within 4 s, and before which the program got SIGTERM "
            "or the same signal; an image names it by STOPSIGNAL.",
            _join(_stop_signals(supervisors)),
        ),
    ]


def _does_all(contender: ContenderResult) -> bool:
    return (
        answer_of(contender, SIGNALS, "TERM") == "yes"
        and (_ends(contender, "with"), _ends(contender, "without")) == ("yes", "yes")
        and passes_all(contender, EXIT)
        and passes_all(contender, ZOMBIES)
    )


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
    lost = " ".join(signals_answered(contender, "no")) or "none"
    passed = len(signals_answered(contender, "yes"))
    counted = count_words(passed, "signal")
    words = [f"it passes on {counted} and loses {lost}" if passed else "it passes on none"]
    words.append("tells the engine every exit status truly" if passes_all(contender, EXIT)
                 else "does not tell the engine every exit status truly")  # fmt: skip
    words.append("reaps every zombie" if passes_all(contender, ZOMBIES) else "leaves zombies")
    sentence = next((v["sentence"] for v in verdicts_of(contender, STOP)
                 if v["behaviour"] == "tells everybody"), "")  # fmt: skip
    return ", ".join(words) + (f". {sentence.rstrip('.')}" if sentence else "")


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
        names = [
            f"SIG{verdict['behaviour']}"
            for verdict in verdicts_of(contender, SIGNALS)
            if "PID 1 ended" in verdict["sentence"] and _tells_program_to_stop(verdict)
        ]
        if names:
            yield f"{contender_label(contender)}: {', '.join(names)}"


def _tells_program_to_stop(verdict: VerdictResult) -> bool:
    """Tell whether the program got the same signal, or SIGTERM in its place."""
    return verdict["answer"] == "yes" or "TERM" in signals_in_place(verdict)


def _join(phrases: Iterable[str]) -> str:
    text = "; ".join(phrases)
    return f"{text}." if text else _NONE
