"""Plan, loop, results, statistics."""
