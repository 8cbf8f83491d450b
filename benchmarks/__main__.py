"""``python -m remem.benchmarks NAME``, the same as ``remem bench NAME``."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from remem.store.errors import MissingDependency

_COMMANDS = {
    "recall": "remem.benchmarks.recall:recall",
    "hygiene": "remem.benchmarks.hygiene:hygiene",
    "answers": "remem.benchmarks.answers:answers",
    "quotes": "remem.benchmarks.quotes:quotes",
    "horizon": "remem.benchmarks.horizon.command:horizon",
    "writes": "remem.benchmarks.writes.command:writes",
    "compare": "remem.benchmarks.compare:compare",
    "report": "remem.benchmarks.report:report",
    "ablation": "remem.benchmarks.ablation:ablation",
    "uses": "remem.benchmarks.uses.command:uses",
    "trust": "remem.benchmarks.reliance:trust",
    "agents": "remem.benchmarks.agents:agents",
    "import": "remem.benchmarks.importing:importing",
    "latency": "remem.benchmarks.latency:latency",
    "load": "remem.benchmarks.load.command:load",
    "page": "remem.benchmarks.load.command:page",
    "scale": "remem.benchmarks.scale.command:scale",
}


class _Lazy(click.Group):
    """Imports a command when it is asked for: ``remem --help`` shows this group, too."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of the commands, in the order in which a user needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, None if there is none.

        Raises:
            MissingDependency: it needs packages that are not installed.
        """
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(import_module(module), name)
        except ImportError as error:
            raise MissingDependency(f"'bench {cmd_name}'", "'remem[bench]'") from error
        return command


@click.group("bench", cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure remem on this machine, on public data and on your own."""


if __name__ == "__main__":
    from remem.cli.app import run

    try:
        sys.exit(run(sys.argv[1:], main))
    except KeyboardInterrupt:
        sys.exit(130)
