"""What an administrator asks of a supervisor, and what it does then."""
