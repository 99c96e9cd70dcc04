"""Contenders, scenarios and usage examples in real guests."""
