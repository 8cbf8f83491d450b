"""Pages that a browser shows, and what they may do here: nothing, but for the server's own.

A browser sends what any page asks it to send, and without keys the server takes what it gets. So
it goes by what no page can make a browser leave out or forge: the name under which the server was
reached, the origin of the page (scheme, host and port), and how the browser itself describes the
request. Programs that are no browsers send none of these and are not concerned.

With keys, none of this is asked: a page would have to show one, no browser adds it unasked, and
before a browser lets a page of another origin send it, it asks the server, which does not agree.
So a server with keys may stand behind a proxy that ends TLS and has a name of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from remem.serve.errors import ApiError
from remem.serve.settings import ServeSettings

_PAGES = ("/", "/docs", "/redoc")
"""Paths that other pages may lead to: they are shown in a tab of their own, which others cannot
read."""

SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every reply: that it is no page, and to be read by no other page."""

_PORTS = {"http": 80, "https": 443}


class Pages:
    """Puts the headers for browsers on every reply that does not have its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


class Strangers:
    """Refuses what a browser sends for a page that is not the server's own."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._hosts = {*settings.hosts, settings.host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "http" and (refusal := self._refusal(scope)):
            await refusal.response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ApiError | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        own = _origin(f"{scope['scheme']}://{hosts[0]}") if len(hosts) == 1 else None
        if own is None or own[1] not in self._hosts:
            return ApiError(
                403,
                "host_not_allowed",
                "a server without keys answers only as localhost; use that name, or give it a key",
            )
        of_strangers = any(_origin(origin) != own for origin in origins)
        if of_strangers or (_is_foreign(headers) and not _leads_to_a_page(scope, headers)):
            return ApiError(
                403,
                "origin_not_allowed",
                "a server without keys takes nothing from pages of other sites or other ports; "
                "give it a key",
            )
        return None


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port; None if it is no such URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return parts.scheme, parts.hostname, port


def _is_foreign(headers: Headers) -> bool:
    # "same-site" is another port of the same host, and "none" what a person typed.
    return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def _leads_to_a_page(scope: Scope, headers: Headers) -> bool:
    """True if it is a link that is followed: not a frame, an image or a form that sends."""
    return (
        scope["method"] in ("GET", "HEAD")
        and scope["path"] in _PAGES
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


# A page that describes every call and tries it out, made of files that come with remem.
#
# Swagger UI is shipped as npm has it (``swagger-ui-dist``, Apache-2.0): packages of Python that
# carry it leave its licence out, or take whatever version there was. It is not served twice:
# ReDoc would show the same with another megabyte and styles in the page, so its address leads
# here.

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
        raise ApiError(404, "not_found", "there is nothing at this path; /docs lists them all")
    return _file(name, {"Cache-Control": "max-age=600"})


def _file(name: str, headers: Mapping[str, str]) -> Response:
    return Response(_content(name), headers=headers, media_type=_TYPES[Path(name).suffix])


@cache
def _content(name: str) -> bytes:
    return (ASSETS / name).read_bytes()
