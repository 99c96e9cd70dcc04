"""A section for each supervisor: its idea, settings, findings, evidence and usage examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import Action, ContenderResult, Example, ExampleStep, Run, SupervisorFacts
from reports.article.supervisor_summary import summarize_supervisor
from reports.model.blocks import Block, Code, Paragraph, Points, Section
from reports.model.contenders import contender_label, sort_contenders, verified_mode
from reports.model.run_summary import absence_reason, sort_supervisors
from reports.model.text import shorten

_EXECUTABLE = 0o100


def supervisor_sections(run: Run) -> Iterator[Section]:
    """Yield the section of each supervisor, in the article's order."""
    for name, facts in sort_supervisors(run).items():
        contenders = [item for item in sort_contenders(run) if item["supervisor"] == name]
        settings = [
            (f"{contender_label(item)}:", f"{item['setting']}.{verified_mode(item)}")
            for item in contenders
        ]
        sentences = [("", sentence) for sentence in _sentences(run, name, facts)]
        blocks: list[Block] = [
            Paragraph(facts["idea"]),
            Paragraph(f"Home: {facts['home']}", aside=True),
            *(Points(tuple(items)) for items in (settings, sentences) if items),
            *_evidence(name, contenders),
            *(_example(name, index, example) for index, example in enumerate(facts["usage"])),
        ]
        yield Section(f"supervisor-{name}", shorten(facts["title"]), tuple(blocks))


def _sentences(run: Run, supervisor: str, facts: SupervisorFacts) -> list[str]:
    """Return what the run says of a supervisor, and where its manual is contradicted."""
    if absence := absence_reason(run, supervisor):
        return [f"{facts['title']} is {absence}, so this run has no figures of it."]
    return [*summarize_supervisor(run, supervisor), *facts.get("findings", ())]


def _evidence(supervisor: str, contenders: Sequence[ContenderResult]) -> Iterator[Section]:
    items = tuple(
        (
            f"{contender_label(contender)}, {scenario}, {verdict['behaviour']}: "
            f"{verdict['answer']}.",
            verdict["sentence"],
        )
        for contender in contenders
        for scenario, result in contender["scenarios"].items()
        for verdict in result.get("verdicts", [])
    )
    if items:
        title = "Behaviour, with the evidence"
        yield Section(f"evidence-{supervisor}", title, (Points(items),), folded=True)


def _example(supervisor: str, index: int, example: Example) -> Section:
    blocks = tuple(block for step in example["steps"] for block in _step_blocks(step))
    name = f"usage-{supervisor}-{index}"
    return Section(name, f"Usage: {example['title']}", blocks, folded=True)


def _step_blocks(step: ExampleStep) -> Iterator[Block]:
    if "note" in step:
        yield Paragraph(f"{step['title']}: {step['note']}")
    yield from _code_blocks(step["title"], step["actions"])


def _code_blocks(title: str, actions: Sequence[Action]) -> Iterator[Code]:
    """Yield each file, and successive commands together."""
    commands: list[str] = []
    for action in actions:
        if "file" not in action:
            commands.append(action.get("command", f"boot with init={action.get('boot')}"))
            continue
        if commands:
            yield Code(title, "\n".join(commands))
            commands = []
        executable = " (executable)" if action["mode"] & _EXECUTABLE else ""
        yield Code(f"{title}: {action['file']}{executable}", action["content"].rstrip("\n"))
    if commands:
        yield Code(title, "\n".join(commands))
