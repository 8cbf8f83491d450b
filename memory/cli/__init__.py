"""The ``remem`` command; ``main`` is its entry point. Each command is a function in a module."""

from __future__ import annotations

from memory.cli.app import main

__all__ = ["main"]
