"""The conclusion: which supervisor to choose when."""

from __future__ import annotations

from bench.model.run_file import Run
from reports.article.recommendations import recommend
from reports.model.blocks import Paragraph, Points, Section

_INTRODUCTION = "Each answer follows from this run's figures by a rule, which stands below."


def conclusion_section(run: Run) -> Section:
    """Return the section: each question with its answer, and the rules."""
    recommendations = recommend(run)
    answers = Points(tuple((item.question, item.answer) for item in recommendations))
    rules = Points(tuple((item.question, f"By {item.rule}") for item in recommendations))
    return Section(
        "conclusion",
        "Which to choose when",
        (
            Paragraph(_INTRODUCTION),
            answers,
            Section("rules", "The rules", (rules,), folded=True),
        ),
    )
