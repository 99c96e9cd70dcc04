"""Renderings of a run, made from its files alone."""
