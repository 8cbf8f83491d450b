"""``remem config``: settings that hold for all commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import click

from remem import preferences
from remem.cli.options import command, shared_options
from remem.cli.screen import Paragraph, output, print_result, table
from remem.configuration import DEFAULT_NAMESPACE, Settings
from remem.folders import config_file, default_store

_DEFAULTS: Mapping[str, Callable[[], str]] = {
    "store": default_store,
    "namespace": lambda: DEFAULT_NAMESPACE,
    "secrets": lambda: "allow",
}


@click.group("config", invoke_without_command=True, params=shared_options())
@click.pass_context
def config(ctx: click.Context) -> None:
    """List or change the settings that hold for all commands.

    They stand in a file, which may also be edited; a variable such as REMEM_STORE goes before it,
    and an option of a command before both.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@command("list", "remem config list", "remem config list --json")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List the settings, with where each is from."""
    given = preferences.given()
    rows = [
        (name, given[name].value, given[name].place)
        if name in given
        else (name, _DEFAULTS[name]() if name in _DEFAULTS else "", "default")
        for name in preferences.NAMES
    ]
    path = config_file()
    missing = "" if path.exists() else ", which is not there yet"
    print_result(
        settings.as_json,
        {
            "file": str(path),
            "settings": {name: {"value": value, "from": place} for name, value, place in rows},
        },
        table(("Setting", "Value", "From"), rows),
        Paragraph(f"\nThe file is {path}{missing}.", "dim"),
    )


@command(
    "set",
    "remem config set store ~/memories",
    "remem config set generator http://localhost:11434/v1#qwen3",
)
@click.argument("name", type=click.Choice(list(preferences.NAMES)))
@click.argument("value")
@click.pass_obj
def set_(settings: Settings, name: str, value: str) -> None:
    """Keep a setting in the file, which is made if there is none."""
    _write(settings, name, value, f"{name} is {value} from now on")
    said = replace(settings, usual_encoder=value).kept_encoder() if name == "encoder" else ""
    if said and not settings.as_json:
        output().print(Paragraph(f"{said[0].upper()}{said[1:]}."))


@command("unset", "remem config unset generator")
@click.argument("name", type=click.Choice(list(preferences.NAMES)))
@click.pass_obj
def unset(settings: Settings, name: str) -> None:
    """Take a setting out of the file."""
    _write(settings, name, None, f"{name} is not set any more")


for each in (list_, set_, unset):
    config.add_command(each)


def _write(settings: Settings, name: str, value: str | None, told: str) -> None:
    from remem.install.installing import replace_file

    path = config_file()
    before = path.read_text("utf-8") if path.exists() else preferences.template()
    after = preferences.with_setting(before, name, value)
    preferences.read(after)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path.resolve(), after.encode())
    used = preferences.given().get(name)
    stronger = [] if used is None or used.place == str(path) else [used.place]
    print_result(
        settings.as_json,
        {"file": str(path), "name": name, "value": value},
        Paragraph(f"{told} ({path})."),
        *(Paragraph(f"{variable} goes before it.") for variable in stronger),
    )
