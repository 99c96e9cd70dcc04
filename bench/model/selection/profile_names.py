"""The former name of profiles: older runs have it, and --profile and --only still take it."""

from __future__ import annotations

# What the profiles for restarts were called, before profiles were named by their purpose. All
# others are newer, or were always called as today.
FORMER_PROFILE = "tuned"
_FORMERLY_TUNED = ("fast", "patient")
# A contender's name is supervisor/role/profile/place.
_PROFILE_PART = 2


def has_profile(profile: str, wanted: str) -> bool:
    """Return whether a profile is the wanted one; "tuned" is any for restarts."""
    return profile == wanted or (wanted == FORMER_PROFILE and profile in _FORMERLY_TUNED)


def is_same_contender(one: str, other: str) -> bool:
    """Whether two names are one contender's, of which either may be of an older run."""
    return any(left == right for left, right in _spellings(one, other))


def begins_with(name: str, beginning: str) -> bool:
    """Whether a contender's name begins with those parts: s6 begins s6/..., but not s6-rc/...

    Either may be of an older run.
    """
    return any(f"{left}/".startswith(f"{right}/") for left, right in _spellings(name, beginning))


def _spellings(one: str, other: str) -> tuple[tuple[str, str], ...]:
    """Return the ways to compare two names: as they are, and either as older runs have it.

    Never both: two profiles of today had one former name.
    """
    return (one, other), (_former_name(one), other), (one, _former_name(other))


def _former_name(name: str) -> str:
    """Return the name that a contender had in older runs: s6/runner/tuned/pid1, for example."""
    parts = name.split("/")
    if len(parts) > _PROFILE_PART and parts[_PROFILE_PART] in _FORMERLY_TUNED:
        parts[_PROFILE_PART] = FORMER_PROFILE
    return "/".join(parts)
