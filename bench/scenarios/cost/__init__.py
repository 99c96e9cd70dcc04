"""What a supervisor takes of its machine: idle, under load, after long use, with many services."""
