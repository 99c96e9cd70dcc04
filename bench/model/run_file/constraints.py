"""Values that several types of a run's files share, with their constraints."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

# A string that is never empty.
Word = Annotated[str, Meta(min_length=1)]
# A number of things.
Count = Annotated[int, Meta(ge=0)]
