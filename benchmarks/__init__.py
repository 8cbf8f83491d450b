"""Measurements of remem: ``python -m remem.benchmarks``."""
