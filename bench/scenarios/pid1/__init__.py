"""Scenarios about a container's PID 1: one module each, as in the folder above."""
