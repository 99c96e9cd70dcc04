"""The parts of a report that show one side of a run: a module for each."""
