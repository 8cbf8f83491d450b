"""``python -m benchmarks NAME``."""

from __future__ import annotations

import click

from benchmarks.latency import latency

__all__ = ["main"]


@click.group()
def main() -> None:
    """Measure remem on this machine."""


main.add_command(latency)

if __name__ == "__main__":
    main()
