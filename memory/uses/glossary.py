"""Glossaries: terms and the translations that they must have, from a file."""

from __future__ import annotations

import csv
from pathlib import Path

from remem.store import InvalidInput


def read_glossary(path: Path) -> dict[str, str]:
    """The terms of a file with two columns, a term and its translation, between which stands a
    tab, or a comma or semicolon; further columns are left out, and so is what begins with ``#``.

    Raises:
        InvalidInput: a line has one column only, or the file is not UTF-8.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeError:
        raise InvalidInput(f"{path} is not UTF-8; convert it first") from None
    separator = next((one for one in "\t;," if any(one in line for line in lines)), ",")
    terms: dict[str, str] = {}
    for number, row in enumerate(csv.reader(lines, delimiter=separator), 1):
        if not row or row[0].startswith("#"):
            continue
        if len(row) < 2 or not (row[0].strip() and row[1].strip()):
            raise InvalidInput(
                f"{path}:{number}: a line of a glossary is a term, a tab or comma, and its "
                "translation"
            )
        terms[row[0].strip()] = row[1].strip()
    return terms
