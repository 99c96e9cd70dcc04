"""The article that the 2012 draft set out to be, made from one run's files alone."""

from __future__ import annotations

from bench.model.run_file import Run
from reports.article.article_table import article_table
from reports.article.distributions import collect_distributions
from reports.article.sections.behaviour import behaviour_section
from reports.article.sections.conclusion import conclusion_section
from reports.article.sections.crash_loops import crash_loops_section
from reports.article.sections.latency import latency_section
from reports.article.sections.memory import memory_section
from reports.article.sections.method import daemon_section, method_section
from reports.article.sections.overview import overview_section
from reports.article.sections.releases import releases_section
from reports.article.sections.restart_parts import restart_parts_section
from reports.article.sections.run_facts import run_section
from reports.article.sections.supervisors import supervisor_sections
from reports.article.sections.trust import trust_section
from reports.model.blocks import Article, Section
from reports.model.run_summary import describe_place, run_warnings
from reports.model.samples import Samples


def build_article(run: Run, samples: Samples) -> Article:
    """Return the whole article; run and samples are sanitized (reports.model.text)."""
    distributions = collect_distributions(run, samples)
    sections = (
        overview_section(run, distributions),
        daemon_section(),
        method_section(run),
        Section("table", "The article's table", (article_table(run),)),
        releases_section(run, samples),
        latency_section(run, distributions),
        restart_parts_section(run),
        memory_section(run),
        crash_loops_section(run, samples),
        behaviour_section(run),
        trust_section(run),
        *supervisor_sections(run),
        conclusion_section(run),
        run_section(run),
    )
    return Article(
        title="Process supervision",
        facts=describe_place(run),
        warnings=run_warnings(run),
        sections=tuple(section for section in sections if section is not None),
    )
