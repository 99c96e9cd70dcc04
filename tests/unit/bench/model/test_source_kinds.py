"""Every way into a guest that a folder may name is one that run.json may say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from bench.model.run_file.contender import SourceKind
from provision.sources import npm, overlay, wheels
from provision.sources.packages import PackageSource

# Their import makes them known as subclasses.
MODULES = (npm, overlay, wheels)


def classes(base: type[PackageSource]) -> Iterator[type[PackageSource]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from classes(subclass)


def test_a_run_may_say_each_kind_of_source_and_no_other() -> None:
    # mypy wants a concrete class for a type, and only subclasses are looked up here.
    every = classes(PackageSource)  # type: ignore[type-abstract]
    kinds = {source.kind for source in every if hasattr(source, "kind")}
    assert kinds == set(get_args(SourceKind))
