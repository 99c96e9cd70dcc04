"""An article as Markdown, with its pictures as files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.article.blocks import (
    Article,
    Block,
    Cell,
    Code,
    Figure,
    Panels,
    Paragraph,
    Points,
    Section,
    Table,
)

# A picture that stands alone brings its own ink, for light and for dark paper.
_INK = "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6e8ea}}</style>"
_SPECIAL = r"\`*_{}[]<>#|~"


def text(article: Article) -> str:
    """The article; it names its pictures as files in the same folder."""
    head = [
        f"# {_plain(article.title)}",
        _plain(article.facts),
        *(f"> **Warning:** {_plain(each)}" for each in article.warnings),
    ]
    body = [part for section in article.sections for part in _block(section, 2)]
    return "\n\n".join([*head, *body]) + "\n"


def pictures(article: Article) -> dict[str, str]:
    """Every picture of the article: SVG by file name."""
    return {
        f"{figure.name}.svg": figure.svg.replace(">", f">{_INK}", 1) for figure in article.figures
    }


def table(one: Table) -> str:
    """A table alone."""
    headings = [each.heading for each in one.columns]
    rule = ["--:" if each.numeric else "---" for each in one.columns]
    lines = [[_plain(each) for each in headings], rule, *([_cell(c) for c in r] for r in one.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Section():
            yield f"{'#' * level} {_plain(block.title)}"
            for each in block.blocks:
                yield from _block(each, level + 1)
        case Paragraph():
            yield _plain(block.text)
        case Points():
            yield "\n".join(_point(*each) for each in block.items)
        case Code():
            yield _plain(block.title)
            yield _fenced(block.text)
        case Table():
            yield table(block)
            if block.note:
                yield _plain(block.note)
        case Figure():
            yield _picture(block)
        case Panels():
            yield from (_picture(each) for each in block.figures)


def _picture(figure: Figure) -> str:
    return f"**{_plain(figure.title)}**\n\n![{_plain(figure.alt)}]({figure.name}.svg)"


def _point(lead: str, words: str) -> str:
    return f"- **{_plain(lead)}** {_plain(words)}" if lead else f"- {_plain(words)}"


def _cell(cell: Cell) -> str:
    lines = [_plain(line) for line in cell.text.splitlines()]
    if cell.note:
        lines.append(f"({_plain(cell.note)})")
    return "<br>".join(lines)


def _fenced(code: str) -> str:
    longest = max((len(run) for run in _runs_of(code, "`")), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code}\n{fence}"


def _runs_of(text: str, letter: str) -> Sequence[str]:
    return "".join(each if each == letter else " " for each in text).split()


def _plain(text: str) -> str:
    """Text in one line, of which nothing is taken for markup."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in line)
