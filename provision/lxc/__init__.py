"""Guests on this host's kernel, by LXC."""

NAME = "lxc"
