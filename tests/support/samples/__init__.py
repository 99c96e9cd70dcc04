"""Runs, samples and event streams that tests make up or have recorded."""
