"""Renderings of a run, made from its files alone.

The layers, lowest first: model; article and formats; compare, evidence, publish and render.
"""
