"""Guests on this host's kernel, by LXC."""
