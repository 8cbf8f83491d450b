"""The briefing of a session, read from the store by this process."""

from __future__ import annotations

from collections.abc import Mapping

from remem.briefing import briefing
from remem.configuration import Settings
from remem.projects import namespace_of
from remem.store.open import store_exists


def from_store(folder: str, options: Mapping[str, str]) -> str:
    """The memories of the project of a folder, as a block; empty if there are none."""
    settings = Settings(options.get("store"), options.get("namespace"))
    if not store_exists(settings.url):
        return ""
    with settings.look() as memory:
        return briefing(memory.in_namespace(settings.namespace or namespace_of(folder)))
