"""Templates of the page, its files, and the headers that keep it to itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from remem.recall.names import shown, shown_key, title_of, who
from remem.serve.errors import ApiError
from remem.serve.sessions import PREFIX
from remem.store import Record

HTMX = "2.0.11"
"""The version of ``htmx.org`` that is shipped, as npm has it (0BSD)."""

STATIC = Path(__file__).parent / "static"
"""The folder of the files."""

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

# Scripts and styles by their address and never in the page; forms and requests stay here.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie, HX-Request",
    # A form of a page that sends no referrer comes with an origin of "null".
    "Referrer-Policy": "same-origin",
}
"""Of every view."""


def html(template: str, status: int, values: Mapping[str, Any]) -> Response:
    """A view made of a template."""
    return HTMLResponse(_templates().get_template(template).render(values), status, HEADERS)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("remem.serve.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "asset": asset,
        "who": _speaker,
        "titled": _titled,
        "shown": shown,
        "shown_key": shown_key,
    }
    environment.filters |= {"marked": marked}
    return environment


def marked(text: str, words: Iterable[str]) -> Markup:
    """A text with some of its words marked; everything in it is text and nothing else."""
    known = sorted({word for word in words if word}, key=len, reverse=True)
    if not known:
        return escape(text)
    pattern = re.compile(f"({'|'.join(map(_alone, known))})")
    pieces = pattern.split(text)  # every other one is a word
    return Markup("").join(
        Markup("<mark>{}</mark>").format(piece) if place % 2 else escape(piece)
        for place, piece in enumerate(pieces)
    )


def _alone(word: str) -> str:
    """A pattern of a word that is no part of another, in scripts that put spaces between them."""
    form = re.escape(word)
    return form if ord(max(word)) >= _UNSPACED else rf"(?<!\w){form}(?!\w)"


_UNSPACED = 0x2E80
"""The first of the signs of Chinese, Japanese and Korean."""


def _speaker(record: Record) -> str:
    return who(record) or shown(record.kind)


def _titled(record: Record) -> str:
    return title_of(record) or shown(record.source)


router = APIRouter(include_in_schema=False)


@router.get(f"{PREFIX}/static/{{name}}")
async def static(name: str) -> Response:
    """A file that the page loads."""
    if name not in _served():
        raise ApiError(404, "not_found", "there is no such file")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_served()[name], headers=headers, media_type=_TYPES[Path(name).suffix])


def asset(name: str) -> str:
    """The address of a file under the page, with its digest, so that it can be kept for ever."""
    return f"{PREFIX}/static/{name}?{hashlib.sha256(_served()[name]).hexdigest()[:16]}"


@cache
def _served() -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}
