"""The events of a measurement, checked as they come in."""
