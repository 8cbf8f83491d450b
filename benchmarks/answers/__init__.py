"""Benchmark of a model's answers, without memory and with it, against gold answers."""

from __future__ import annotations

from remem.benchmarks.answers.command import answers

__all__ = ["answers"]
