"""What changed between the systems of one run."""
