"""Processes that outlive their parent: the daemon's children, and services of a dead supervisor."""
