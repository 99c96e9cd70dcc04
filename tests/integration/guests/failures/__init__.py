"""Failures of a supervisor, the disk, the network and the user's rights end in a plain error."""
