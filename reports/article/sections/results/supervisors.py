"""A section for each supervisor: its idea, settings, findings, evidence and usage examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model.run_file import Action, Example, ExampleStep, Run, SupervisorFacts
from reports.article.sections.results.evidence import evidence_section
from reports.article.supervisor_summary import summarize_supervisor
from reports.compare.systems.system_views import main_release
from reports.model.blocks import Block, Code, Paragraph, Points, Section
from reports.model.contenders import (
    contender_label,
    describe_build,
    sort_contenders,
    verified_mode,
)
from reports.model.run_summary import absence_reason, sort_supervisors
from reports.model.text import shorten

_EXECUTABLE = 0o100


def supervisors_section(view: Run, whole: Run) -> Section:
    """Return a section with one for each supervisor, in the article's order.

    view: the run of one system. whole: that of all systems, of which links lead to evidence.
    """
    return Section("supervisors", "Each supervisor", tuple(_sections(view, whole)))


def _sections(view: Run, whole: Run) -> Iterator[Section]:
    in_detail = {item["name"] for item in view["contenders"]}
    main = main_release(whole)
    for name, facts in sort_supervisors(view).items():
        contenders = [item for item in sort_contenders(view) if item["supervisor"] == name]
        seen = [item for item in sort_contenders(whole) if item["supervisor"] == name]
        evident = [
            item
            for item in seen
            if item["name"] in in_detail or item["name"].partition("@")[2] == main
        ]
        others = [item for item in seen if item not in evident]
        settings = [
            (
                f"{contender_label(item)}:",
                f"{item['setting']}.{verified_mode(item)} {describe_build(item)}".strip(),
            )
            for item in contenders
        ]
        sentences = [("", sentence) for sentence in _sentences(view, name, facts)]
        evidence = evidence_section(name, evident, others)
        blocks: list[Block] = [
            Paragraph(facts["idea"]),
            Paragraph("Home:", aside=True, address=facts["home"]),
            *(Points(tuple(items)) for items in (settings, sentences) if items),
            *([evidence] if evidence else []),
            *(_example(name, index, example) for index, example in enumerate(facts["usage"])),
        ]
        yield Section(f"supervisor-{name}", shorten(facts["title"]), tuple(blocks))


def _sentences(run: Run, supervisor: str, facts: SupervisorFacts) -> list[str]:
    """Return what the run says of a supervisor, and where its manual is contradicted."""
    if absence := absence_reason(run, supervisor):
        return [f"{facts['title']} is {absence}, so this run has no figures of it."]
    return [*summarize_supervisor(run, supervisor), *facts.get("findings", ())]


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
