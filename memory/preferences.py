"""Settings of a user for all commands: in the environment, else in a file. Quick to import.

The file is TOML, a line for each setting, and never written but by ``remem config``::

    # ~/.config/remem/config.toml
    store = "~/memories"
    generator = "http://localhost:11434/v1#qwen3"
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from remem.folders import config_file

if TYPE_CHECKING:
    from remem.store.errors import InvalidInput

NAMES: Mapping[str, str] = {
    "store": "A folder, postgresql://..., milvus://... or NAME.db: where the memories are",
    "namespace": "Whose memories, if nobody says otherwise",
    "encoder": "For a new store: a sentence-transformers model, 'multilingual' or 'hash'",
    "reranker": "A cross-encoder that reads the best 50 memories again",
    "secrets": "allow, redact or refuse: what becomes of keys and passwords in what is said",
    "generator": "What answers in ask, chat and serve: a model, as --generator takes it",
}
"""Settings by name, with what each is."""


_CHOICES: Mapping[str, tuple[str, ...]] = {"secrets": ("allow", "redact", "refuse")}
"""Settings that have few values."""


class Given(NamedTuple):  # no dataclass: hooks would wait for the import of inspect
    """A setting that somebody gave.

    Attributes:
        place: The variable or the file that it stands in.
    """

    value: str
    place: str


def given() -> dict[str, Given]:
    """The settings of the environment, and those of the file that the environment lacks.

    Raises:
        InvalidInput: the file cannot be read, or says what nobody understands.
    """
    path = config_file()
    found = {name: Given(value, str(path)) for name, value in of_file(path).items()}
    for name in NAMES:
        variable = f"REMEM_{name.upper()}"
        if value := os.environ.get(variable):
            found[name] = Given(value, variable)
    return found


def of_file(path: Path) -> dict[str, str]:
    """The settings of a file; none where there is no file.

    Raises:
        InvalidInput: see ``given``.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        raise _refusal(f"the configuration {path} cannot be read: {error}") from error
    return read(text, f"the configuration {path} is not understood: ")


def read(text: str, otherwise: str = "") -> dict[str, str]:
    """The settings that a text in TOML gives; an empty one gives none.

    Args:
        otherwise: How the message of a refusal begins.

    Raises:
        InvalidInput: it is no TOML, has a setting that there is not, or one that is no text.
    """
    # Imported only now: a hook does not wait for it where there is no file.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refusal(
            f'{otherwise}{error}; write lines like store = "/home/ana/memories"'
        ) from error
    for name, value in parsed.items():
        if name not in NAMES:
            raise _refusal(f"{otherwise}there is no setting {name!r}{_meant(name)}")
        if not isinstance(value, str):
            raise _refusal(f"{otherwise}{name} is no text; write it in quotes")
        if value and value not in _CHOICES.get(name, (value,)):
            raise _refusal(f"{otherwise}{name} is {value!r}; choose {_any_of(_CHOICES[name])}")
    # A shell is not there to say whose home ~ is.
    return {
        name: os.path.expanduser(value) if value.startswith("~") else value  # noqa: PTH111
        for name, value in parsed.items()
        if value
    }


def _any_of(values: Sequence[str]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}"


def _meant(name: str) -> str:
    """The end of a refusal: the name that was meant, or all that there are."""
    near = difflib.get_close_matches(name, NAMES, 1)
    return f"; did you mean {near[0]}?" if near else f": there are {', '.join(NAMES)}"


def template() -> str:
    """A file in which every setting is explained, and none is made."""
    explained = (f'# {what}\n# {name} = ""\n' for name, what in NAMES.items())
    return "\n".join(
        [
            "# Settings of remem; a variable such as REMEM_STORE and an option of a command go "
            "before them.\n",
            *explained,
        ]
    )


def with_setting(text: str, name: str, value: str | None) -> str:
    """A file's text with a setting, or without it if the value is None; the rest as it is."""
    line = "" if value is None else f"{name} = {json.dumps(value, ensure_ascii=False)}\n"
    there = re.compile(rf"^[ \t]*{name}[ \t]*=.*\n?", re.MULTILINE)
    explained = re.compile(rf"^#[ \t]*{name}[ \t]*=.*\n?", re.MULTILINE)
    for place in (there, explained):
        if place.search(text):
            if value is None and place is explained:
                return text
            return place.sub(lambda _: line, text, count=1)
    ended = text if not text or text.endswith("\n") else f"{text}\n"
    return ended + line


def _refusal(message: str) -> InvalidInput:
    """The error; its module is imported only now, because hooks must not wait for it."""
    from remem.store.errors import InvalidInput

    return InvalidInput(message)
