"""A run's samples: their file, its only writer, its seal, and trials before their unit ends."""
