"""What memory is worth to a model's answers, against gold answers."""

from __future__ import annotations

from remem.benchmarks.answers.command import answers

__all__ = ["answers"]
