"""What the suite itself costs, against another revision of it: time, memory, guests' starts."""
