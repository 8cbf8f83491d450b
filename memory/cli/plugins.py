"""Commands that other packages add to ``remem``, through the entry points ``remem.commands``.

An entry point names a ``click.Command`` whose module is quick to import, because ``remem --help``
imports it to show what it does.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from store.errors import RememError

__all__ = ["GROUP", "plugin", "plugin_names"]

GROUP = "remem.commands"


def plugin_names() -> list[str]:
    """Names of the commands that installed packages add, sorted."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def plugin(name: str) -> click.Command | None:
    """The added command of that name, None if there is none.

    One that cannot be loaded is a command that says so when it is run, so that a broken package
    breaks nothing else.
    """
    for entry in entry_points(group=GROUP, name=name):
        try:
            command = entry.load()
        except Exception as error:
            return _broken(entry, error)
        return command if isinstance(command, click.Command) else _broken(entry, None)
    return None


def _broken(entry: EntryPoint, error: Exception | None) -> click.Command:
    reason = f"{type(error).__name__}: {error}" if error else f"{entry.value} is no command"

    def complain(**_: Any) -> None:
        raise RememError(
            f"'remem {entry.name}' cannot be loaded ({reason}); reinstall the package it is from"
        ) from error

    return click.Command(
        entry.name,
        callback=complain,
        short_help="Cannot be loaded; run it to see why.",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
