"""Commands that carry many memories: import, export."""

from memory.cli.settings import command


@command("import")
def import_() -> None: ...


@command("export")
def export() -> None: ...
