"""An article as one page that needs no network."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.model.blocks import Article

_FOLDER = Path(__file__).parent


def render_html(article: Article) -> str:
    """Return the page. All its text is escaped, and no script but its own may run."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
    )
    script = (_FOLDER / "page.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html.j2").render(
        article=article,
        style=(_FOLDER / "page.css").read_text(),
        script=script,
        script_hash=f"sha256-{digest}",
    )
