"""Runs as a whole: resumed, redone, spread over hosts, calibrated."""
