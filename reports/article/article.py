"""The article that the 2012 draft set out to be, made from one run's files alone."""

from __future__ import annotations

from dataclasses import replace

from bench.model.run_file import Run
from reports.article.article_table import article_table
from reports.article.distributions import collect_distributions
from reports.article.sections.background.glossary import glossary_section
from reports.article.sections.background.method import daemon_section, method_section
from reports.article.sections.background.run_facts import run_section
from reports.article.sections.background.trust import trust_section
from reports.article.sections.results.behaviour import behaviour_section
from reports.article.sections.results.crash_loops import crash_loops_section
from reports.article.sections.results.latency import latency_section
from reports.article.sections.results.memory import memory_section
from reports.article.sections.results.supervisors import supervisors_section
from reports.article.sections.story.choose import choose_section
from reports.article.sections.story.conclusion import conclusion_section
from reports.article.sections.story.containers import containers_section
from reports.article.sections.story.overview import medians_section, overview_section
from reports.article.sections.story.releases import releases_section
from reports.article.sections.story.restart_parts import restart_parts_section
from reports.article.sections.story.surprises import surprises_section
from reports.compare.runs import RunWithSamples
from reports.compare.systems.system_views import main_release_note, reference_view
from reports.model.blocks import Article, Paragraph, Section
from reports.model.caveats import reader_caveats
from reports.model.run_summary import describe_place
from reports.model.samples import Samples
from reports.model.tables.containers import measured_containers
from reports.model.tables.figures import readiness_tables


def build_article(run: Run, samples: Samples) -> Article:
    """Return the whole article; run and samples are sanitized (reports.model.text).

    Of a run of several systems, the table of choices and the history have all of them, everything
    else one, which each of those sections names.
    """
    view = reference_view(RunWithSamples(run, samples))
    one = view.run
    distributions = collect_distributions(one, view.samples)
    note = main_release_note(run)
    story = (
        medians_section(one, distributions),
        restart_parts_section(one),
        surprises_section(one),
    )
    results = (
        containers_section(one, run),
        conclusion_section(one),
        latency_section(one, distributions),
        _readiness_section(one),
        memory_section(one),
        crash_loops_section(one, view.samples),
        behaviour_section(one, run),
        Section("table", "The table of 2012, finished", (article_table(one),)),
        supervisors_section(one, run),
    )
    method = (
        daemon_section(),
        method_section(one),
        trust_section(one, run),
        run_section(run),
        glossary_section(),
    )
    sections = (
        overview_section(one, run),
        choose_section(run, has_containers=bool(measured_containers(one))),
        *(_with_note(section, note) for section in story),
        releases_section(run, samples),
        *(_with_note(section, note) for section in results),
        *method,
    )
    return Article(
        title="Process supervision",
        facts=describe_place(run),
        warnings=reader_caveats(run),
        sections=tuple(section for section in sections if section is not None),
    )


def _with_note(section: Section | None, note: str) -> Section | None:
    """Return the section with the note on its release at the end of its introduction."""
    if section is None or not note:
        return section
    first, *others = section.blocks
    if isinstance(first, Paragraph) and not first.link:
        introduced = replace(first, text=f"{first.text} {note}")
        return replace(section, blocks=(introduced, *others))
    return replace(section, blocks=(Paragraph(note), *section.blocks))


def _readiness_section(run: Run) -> Section | None:
    """Return how long a person's own program took to be ready; None of the suite's daemon."""
    tables = tuple(readiness_tables(run))
    return Section("ready", "Until the own program is ready", tables) if tables else None
