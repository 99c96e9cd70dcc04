"""The former name of profiles: older runs have it, and --profile and --only still take it."""

from __future__ import annotations

# What every profile but the default was called before profiles were named by their purpose.
FORMER_PROFILE = "tuned"
# A contender's name is supervisor/role/profile/place.
_PROFILE_PART = 2


def has_profile(profile: str, wanted: str) -> bool:
    """Return whether a profile is the wanted one; "tuned" is any but the default."""
    return profile == wanted or (wanted == FORMER_PROFILE and profile != "default")


def former_contender_name(name: str) -> str:
    """Return the name that a contender had in older runs: s6/runner/tuned/pid1, for example."""
    parts = name.split("/")
    if len(parts) > _PROFILE_PART and parts[_PROFILE_PART] != "default":
        parts[_PROFILE_PART] = FORMER_PROFILE
    return "/".join(parts)


def begins_with(name: str, beginning: str) -> bool:
    """Whether a contender's name begins with those parts: s6 begins s6/..., but not s6-rc/..."""
    return any(f"{one}/".startswith(f"{beginning}/") for one in (name, former_contender_name(name)))
