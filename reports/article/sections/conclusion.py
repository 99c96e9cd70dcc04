"""The conclusion: which supervisor to choose when."""

from __future__ import annotations

from bench.model.run_file import Run
from reports.article.recommendations import Recommendation, recommend
from reports.model.blocks import Block, Paragraph, Section

_INTRODUCTION = "Each answer follows from this run's figures by the rule given with it."


def conclusion_section(run: Run) -> Section:
    """Return the section, with a section for each question."""
    answers = (
        _answer_section(index, recommendation)
        for index, recommendation in enumerate(recommend(run))
    )
    blocks: tuple[Block, ...] = (Paragraph(_INTRODUCTION), *answers)
    return Section("conclusion", "Conclusion: which to choose when", blocks)


def _answer_section(index: int, recommendation: Recommendation) -> Section:
    rule = Paragraph(f"Rule: {recommendation.rule}", aside=True)
    blocks = (Paragraph(recommendation.answer), rule)
    return Section(f"answer-{index}", recommendation.question, blocks)
