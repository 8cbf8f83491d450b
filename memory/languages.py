"""Sentences with translations as records: who reads them in and who uses them agree on this. Pure.

Such a record has the sentence as its text, and its translations stand in the metadata::

    {"lang": "en", "translations": {"es": "¿Está seguro?"}}
"""

from __future__ import annotations

import re

TRANSLATION = "translation"
"""The kind of these records."""

_NOT_IN_TAGS = re.compile(r"[^a-z0-9]+")


def tag(language: str) -> str:
    """A language as it is kept: ``pt_BR`` and ``PT-br`` are ``pt-br``."""
    return _NOT_IN_TAGS.sub("-", language.lower()).strip("-")
