"""Measurements of remem: ``python -m benchmarks``."""
