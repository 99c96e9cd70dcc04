"""What the commands print, safe for any terminal, pipe and disk."""
