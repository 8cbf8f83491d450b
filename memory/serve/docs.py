"""A page that describes every call and tries it out, made of files that come with remem.

Swagger UI is shipped as npm has it (``swagger-ui-dist``, Apache-2.0): packages of Python that carry
it leave its licence out, or take whatever version there was. It is not served twice: ReDoc would
show the same with another megabyte and styles in the page, so its address leads here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from memory.serve.problems import Refusal

__all__ = ["ASSETS", "SWAGGER_UI", "router"]

SWAGGER_UI = "5.35.0"
"""The version of ``swagger-ui-dist``."""

ASSETS = Path(__file__).parent / "assets"
"""The folder of the files."""

_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
_LOADED = ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "page.css")

# Scripts and styles of this server only, by their address and never in the page. Whatever else
# this server sends cannot run as a script: it says that it is none, and not to guess.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> Response:
    """The page."""
    return _file("docs.html", {"Content-Security-Policy": _POLICY})


@router.get("/redoc")
async def redoc() -> Response:
    """The same page, for those who look for it here."""
    # Relative, so that it holds behind a proxy that puts something in front of the path.
    return RedirectResponse("docs", 308)


@router.get("/docs/{name}")
async def asset(name: str) -> Response:
    """A file that the page loads."""
    if name not in _LOADED:
        raise Refusal(404, "not_found", "there is nothing at this path; /docs lists them all")
    return _file(name, {"Cache-Control": "max-age=600"})


def _file(name: str, headers: Mapping[str, str]) -> Response:
    return Response(_content(name), headers=headers, media_type=_TYPES[Path(name).suffix])


@cache
def _content(name: str) -> bytes:
    return (ASSETS / name).read_bytes()
