"""The program: its commands, and how every failure becomes one sentence and an exit code."""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import click

from remem.cli import (
    ask,
    config,
    demo,
    doctor,
    edit,
    example,
    install,
    keys,
    maintain,
    search,
    serve,
    show,
    transfer,
    uses,
    where,
)
from remem.cli.options import shared_options
from remem.cli.screen import complain
from remem.configuration import settings_given
from remem.store.errors import RememError

_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}


class _Program(click.Group):
    """Lists its commands in the order in which a user needs them, those of other packages last."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names of the commands, as they were added."""
        return list(dict.fromkeys([*self.commands, *plugin_names()]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        return super().get_command(ctx, cmd_name) or plugin(cmd_name)


@click.group(
    "remem",
    cls=_Program,
    params=shared_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with 'remem demo'. 'remem COMMAND --help' shows examples. Exit codes: 0 done, "
    "1 failed, 2 wrong usage, 3 done but something was skipped, 130 interrupted.",
)
@click.version_option(package_name="remem", message="remem %(version)s")
def program() -> None:
    """Long-term memory for language models: what was said, word for word, found when it matters."""


for each in (
    demo.demo,
    transfer.import_,
    edit.add,
    search.search,
    search.context,
    search.why,
    ask.ask,
    ask.chat,
    uses.summarize,
    uses.label,
    uses.classify,
    uses.translate,
    serve.mcp,
    serve.serve,
    serve.open_,
    keys.keys,
    show.sources,
    show.show,
    show.stats,
    show.history,
    edit.undo,
    edit.update,
    edit.promote,
    edit.expire,
    edit.delete,
    edit.forget,
    edit.receipt,
    transfer.export,
    transfer.migrate,
    install.install,
    install.uninstall,
    where.where,
    config.config,
    doctor.doctor,
    example.example,
    maintain.verify,
    maintain.rebuild,
    maintain.reindex,
    maintain.completion,
):
    program.add_command(each)


def run(arguments: Sequence[str], command: click.Command = program) -> int:
    """Run ``remem``, or a command that can stand alone, and return the exit code.

    Raises:
        KeyboardInterrupt: the user stopped it.
    """
    debug = "--debug" in arguments
    _stand_in_for_closed_streams()
    _hush_libraries(debug)
    try:
        code = command.main(
            list(arguments), command.name, standalone_mode=False, obj=settings_given()
        )
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:
        # The reader of our output is gone, so Python must not try to flush it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        complain(_sentence(error))
        return 1


def _sentence(error: Exception) -> str:
    if isinstance(error, RememError):
        return str(error)
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return f"{error.filename}: {reason}" if error.filename else reason
    if isinstance(error, UnicodeError):
        return f"what was read is not UTF-8 ({error}); convert it first"
    if isinstance(error, sqlite3.Error):
        return f"the store's database reports: {error}; 'remem verify' checks it"
    name = type(error).__name__
    return f"failed unexpectedly ({name}: {error}); --debug shows where, please report it"


def _stand_in_for_closed_streams() -> None:
    """Put nothing in the place of a stream that a shell closed (``>&-``), so that no file of a
    store takes it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


def _hush_libraries(debug: bool) -> None:
    """Keep what libraries say about themselves off the user's terminal; remem speaks for them."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    logging.basicConfig(format="remem: %(message)s", level=logging.ERROR)
    logging.getLogger("remem").setLevel(logging.DEBUG if debug else logging.WARNING)
    if not debug:
        warnings.simplefilter("ignore")
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


# Commands that other packages add to ``remem``, through the entry points ``remem.commands``.
#
# An entry point names a ``click.Command`` whose module is quick to import, because ``remem
# --help`` imports it to show what it does.

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
