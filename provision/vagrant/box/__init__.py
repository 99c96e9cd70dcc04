"""Vagrant boxes: the pinned public ones, and those built from packages."""
