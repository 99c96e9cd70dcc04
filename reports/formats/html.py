"""An article as one page that needs no network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.model.blocks import Article, RowChart

_SCRIPTS = ("tables.js", "chooser.js", "evidence.js")
_FOLDER = Path(__file__).parent / "page"


def render_html(article: Article) -> str:
    """Return the page. All its text is escaped, and no script but its own may run."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
    )
    environment.globals["grid"] = _grid
    script = "".join((_FOLDER / name).read_text() for name in _SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html.j2").render(
        article=article,
        style=(_FOLDER / "page.css").read_text(),
        script=script,
        script_hash=f"sha256-{digest}",
    )


def _grid(chart: RowChart) -> str:
    """Return the lines of the axis' ticks, behind one row."""
    return "".join(
        f'<line x1="{position}%" x2="{position}%" y1="-3" y2="21" class="grid"/>'
        for position, _ in chart.ticks
    )
