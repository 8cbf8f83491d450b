"""Translation: a sentence as it was translated before, and the ones most like it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from babel import Locale, UnknownLocaleError
from fastapi import APIRouter, Response

from remem.memory import Memory
from remem.serve.page.languages import Language
from remem.serve.page.summary import PATH as USES
from remem.serve.page.visits import HtmlRoute, Reading
from remem.uses.translation import Match

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{USES}/translation"

_CHANGED = re.compile(r"\[-(.*?)-\]|\{\+(.*?)\+\}", re.DOTALL)


def parts_of(match: Match) -> list[tuple[str, str]]:
    """The new sentence beside the old one, in parts: same, gone or come, and the text. Pure."""
    parts: list[tuple[str, str]] = []
    at = 0
    for found in _CHANGED.finditer(match.difference):
        gone, come = found.groups()
        parts.append(("same", match.difference[at : found.start()]))
        parts.append(("gone", gone) if come is None else ("come", come))
        at = found.end()
    parts.append(("same", match.difference[at:]))
    return [(kind, text) for kind, text in parts if text]


@router.get(PATH)
async def translation(visit: Reading, text: str = "", to: str = "") -> Response:
    """The form, and the translation once somebody asked for one."""

    def read(memory: Memory) -> dict[str, Any]:
        known = list(memory.languages())
        found = memory.translate(text, to or known[0]) if text.strip() and known else None
        return {
            "found": found,
            "matches": [(one, parts_of(one)) for one in found.matches] if found else [],
            "tongues": _named(known, visit.language),
        }

    template = "_translated.html" if visit.is_part else "translation.html"
    return visit.page(template, text=text, to=to, **await visit.read(read))


def _named(codes: Sequence[str], language: Language) -> list[tuple[str, str]]:
    """Codes and names of languages, in the order of these names."""
    return sorted(((code, _name(code, language)) for code in codes), key=lambda pair: pair[1])


def _name(code: str, language: Language) -> str:
    try:
        return Locale.parse(code, sep="-").get_display_name(language.code) or code
    except (ValueError, UnknownLocaleError):
        return code
