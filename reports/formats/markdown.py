"""An article as Markdown, with its pictures as files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from reports.model.blocks import (
    Article,
    Block,
    Cell,
    Chooser,
    Code,
    Figure,
    Panels,
    Paragraph,
    Points,
    Section,
    Table,
)

# A picture outside a page brings its own text colour, for light and for dark backgrounds.
_TEXT_COLOUR = (
    "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6e8ea}}</style>"
)
_MARKUP_CHARACTERS = r"\`*_{}[]<>#|~"


def render_markdown(article: Article) -> str:
    """Return the article; it refers to its pictures as files in the same folder."""
    head = [
        f"# {escape(article.title)}",
        escape(article.facts),
        *(f"> **Warning:** {_render_paragraph(warning)}" for warning in article.warnings),
    ]
    body = [part for section in article.sections for part in _render_block(section, 2)]
    return "\n\n".join([*head, *body]) + "\n"


def without_pictures(article: Article) -> Article:
    """Return the article with the description of each picture in its place."""
    sections = tuple(_describe_pictures(section) for section in article.sections)
    return replace(article, sections=sections)


def _describe_pictures(section: Section) -> Section:
    blocks = tuple(_without_picture(block) for block in section.blocks)
    return replace(section, blocks=blocks)


def _without_picture(block: Block) -> Block:
    match block:
        case Section():
            return _describe_pictures(block)
        case Figure():
            return Points(((f"{block.title}:", block.alt),))
        case Panels():
            return Points(tuple((f"{figure.title}:", figure.alt) for figure in block.figures))
        case _:
            return block


def picture_files(article: Article) -> dict[str, str]:
    """Return every picture of the article: SVG by file name."""
    return {
        f"{figure.name}.svg": figure.svg.replace(">", f">{_TEXT_COLOUR}", 1)
        for figure in article.figures
    }


def render_table(table: Table) -> str:
    """Return a table without its caption and note, with its footnotes below it."""
    headings = [escape(column.heading) for column in table.columns]
    rule = ["--:" if column.numeric else "---" for column in table.columns]
    footnotes = table.footnotes
    rows = [[_render_cell(cell, footnotes) for cell in row] for row in table.rows]
    lines = [f"| {' | '.join(line)} |" for line in (headings, rule, *rows)]
    if footnotes:
        lines += ["", *(f"{number}. {escape(text)}" for number, text in enumerate(footnotes, 1))]
    return "\n".join(lines)


def _render_block(block: Block, level: int, heading: str = "") -> Iterator[str]:
    """Yield the paragraphs of a block. heading: of the section that it is in."""
    match block:
        case Section():
            yield f"{'#' * level} {escape(block.title)}"
            for inner in block.blocks:
                yield from _render_block(inner, level + 1, block.title)
        case Paragraph():
            yield _render_paragraph(block)
        case Points():
            yield "\n".join(_render_point(lead, text) for lead, text in block.items)
        case Code():
            yield escape(block.title)
            yield _fence(block.text)
        case Chooser():
            yield from _render_block(block.table, level, heading)
        case Table():
            if block.caption != heading:
                yield f"**{escape(block.caption)}**"
            yield render_table(block)
            if block.note:
                yield escape(block.note)
        case Figure():
            yield _render_figure(block)
        case Panels():
            yield from map(_render_figure, block.figures)


def _render_paragraph(paragraph: Paragraph) -> str:
    parts = [escape(paragraph.text)]
    if paragraph.address:
        address = escape(paragraph.address)
        parts.append(f"[{address}]({paragraph.web_link})" if paragraph.web_link else address)
    if paragraph.link:
        parts.append(_link(paragraph.link))
    return " ".join(parts)


def _link(title: str) -> str:
    """Return a link to the section of that title."""
    slug = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
    return f"[{escape(title)}](#{slug})"


def _render_figure(figure: Figure) -> str:
    return f"**{escape(figure.title)}**\n\n![{escape(figure.alt)}]({figure.name}.svg)"


def _render_point(lead: str, text: str) -> str:
    return f"- **{escape(lead)}** {escape(text)}" if lead else f"- {escape(text)}"


def _render_cell(cell: Cell, footnotes: list[str]) -> str:
    lines = [escape(line) for line in cell.text.splitlines()]
    if cell.footnote:
        lines[-1] += f" <sup>{footnotes.index(cell.footnote) + 1}</sup>"
    if cell.note:
        lines.append(f"({escape(cell.note)})")
    return "<br>".join(lines)


def _fence(code: str) -> str:
    """Return code between two fences that are longer than any row of backticks in it."""
    backticks = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, backticks + 1)
    return f"{fence}\n{code}\n{fence}"


def escape(text: str) -> str:
    """Return text in one line that holds no markup."""
    # Only ASCII space: split() without an argument takes no-break spaces out, too.
    line = " ".join(re.split(r"[ \t\r\n]+", text.strip()))
    return "".join(
        f"\\{character}" if character in _MARKUP_CHARACTERS else character for character in line
    )
