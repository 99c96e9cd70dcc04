"""What this host's kernel counts of a guest's processes."""
