"""The ``remem`` command; ``main`` is its entry point. Each command is a function in a module."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``remem`` with the arguments (of the process, if None) and return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given[:1] == ["hook"]:  # an agent waits for it, so nothing else is imported
            from remem.hooks.entry import main as hook

            return hook(given[1:])
        # Takes a moment, in which Ctrl-C is to be as quiet as in any other.
        from remem.cli.app import run

        return run(given)
    except KeyboardInterrupt:
        print("remem: stopped; what was acknowledged is stored", file=sys.stderr)
        return 130
