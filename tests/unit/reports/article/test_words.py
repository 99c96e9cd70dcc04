"""The words of the article, explained."""

from __future__ import annotations

import pytest

from bench.cli.option_help import SELECTION_HELP
from bench.model.selection.profile_names import FORMER_PROFILE
from reports.article.sections.background.glossary import glossary_section
from reports.model.blocks import Points
from supervisors.contender import PROFILES


@pytest.mark.parametrize("profile", [*PROFILES, FORMER_PROFILE])
def test_every_setting_is_explained_and_in_the_help(profile: str) -> None:
    (points,) = glossary_section().blocks
    assert isinstance(points, Points)
    terms = {term for terms, _ in points.items for term in terms.rstrip(":").split(", ")}
    assert profile == "default" or profile in terms
    assert profile in SELECTION_HELP["profile"]
