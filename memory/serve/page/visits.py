"""Visits: what a request of the page may do, in whose memory and in which language.

::

    @router.get("/page/timeline")
    async def timeline(visit: Reading) -> Response:
        found = await visit.read(lambda memory: memory.sources())
        return visit.page("timeline.html", sources=found)

With keys, somebody logs in with one; its cookie is for this page only, and no other site can have
it sent (``HttpOnly``, ``SameSite=Strict``). Whatever changes something shows the token of the
session besides, in a field of the form or a header.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from remem.aio import to_the_end
from remem.memory import Memory
from remem.serve.access import Caller, identify, port_of
from remem.serve.errors import ApiError, api_error, internal_error
from remem.serve.keys import KeyRing, Permission
from remem.serve.page.languages import NAMES, Language, language, preferred
from remem.serve.page.rendering import html
from remem.serve.sessions import LOGIN, PREFIX, Session, Sessions, cookie_name
from remem.store import RememError

logger = logging.getLogger("remem")

T = TypeVar("T")

_LANGUAGE = "remem_language"
_TOKEN = "csrf"
_TOKEN_HEADER = "X-CSRF-Token"
_VIEWS = {
    "search": ("/", "read"),
    "timeline": (f"{PREFIX}/timeline", "read"),
    "people": (f"{PREFIX}/people", "read"),
    "uses": (f"{PREFIX}/uses", "read"),
    "chat": (f"{PREFIX}/chat", "write"),
    "import": (f"{PREFIX}/import", "write"),
    "store": (f"{PREFIX}/store", "read"),
}
_SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of the page.

    Attributes:
        request: It.
        memory: In the namespace that is looked at.
        caller: Who looks.
        session: Of the browser.
        language: Of what the page says.
        form: The fields of a form that was sent, by name.
    """

    request: Request
    memory: Memory
    caller: Caller
    session: Session
    language: Language
    form: Mapping[str, str] = field(default_factory=dict)

    async def read(self, work: Callable[[Memory], T]) -> T:
        """The result of work that only reads, done in a thread."""
        threads = self.request.app.state.readers
        return await to_the_end(threads.run(work, self.memory))

    async def write(self, work: Callable[[Memory], T]) -> T:
        """The result of work that changes something, done in a thread."""
        threads = self.request.app.state.writers
        return await to_the_end(threads.run(work, self.memory))

    def may(self, permission: str) -> bool:
        """True if the sender may ``read``, ``write`` or ``admin``."""
        key = self.caller.key
        return key is None or key.permission >= Permission[permission.upper()]

    def opens(self, namespace: str) -> bool:
        """True if the sender may see a namespace."""
        key = self.caller.key
        return key is None or key.allows(namespace)

    def field(self, name: str) -> str:
        """A field that the form must have.

        Raises:
            ApiError: 400, it has not.
        """
        if name not in self.form:
            raise ApiError(400, "invalid_request", f"the form has no field {name!r}; send it again")
        return self.form[name]

    @property
    def views(self) -> Mapping[str, str]:
        """Paths of the views that the sender may use, by name."""
        return {name: path for name, (path, permission) in _VIEWS.items() if self.may(permission)}

    def shows(self, path: str) -> bool:
        """True if the view at a path is what is looked at, or what is looked at is a part of it."""
        here = self.request.url.path
        return here == path or here.startswith(f"{path}/")

    @property
    def is_part(self) -> bool:
        """True if the browser wants a part of a page and not all of it."""
        headers = self.request.headers
        return "hx-request" in headers and "hx-history-restore-request" not in headers

    def link(self, path: str, **query: object) -> str:
        """The address of a view, of the same namespace unless ``namespace`` names another one."""
        namespace = query.pop("namespace", None) or self.request.query_params.get("namespace")
        given = {"namespace": namespace, **query}
        asked = urlencode({name: value for name, value in given.items() if value not in (None, "")})
        return path + (f"?{asked}" if asked else "")

    @property
    def here(self) -> str:
        """The address that is shown."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query else "")

    def again(self, path: str | None = None, **changed: object) -> str:
        """The address of a view that is asked the same, but for some things."""
        asked = {**self.request.query_params, **changed}
        return self.link(path or self.request.url.path, **asked)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page, or a part of one, made of a template."""
        return html(
            template,
            status,
            {
                "visit": self,
                "say": self.language.say,
                "lang": self.language,
                "link": self.link,
                "languages": NAMES,
                "csrf": self.session.token,
                "query": self.request.query_params,
                **values,
            },
        )

    def go(self, path: str, **query: object) -> Response:
        """Lead to a view, once something was done."""
        return RedirectResponse(self.link(path, **query), 303)


class HtmlRoute(APIRoute):
    """A route whose refusals are pages, which tell what went wrong and where to go on."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See ``APIRoute``."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                # Whoever follows the page's links and forms never meets one.
                message = "a part of the address is not what the page expects"
                return told(request, ApiError(422, "wrong_address", message))
            except (HTTPException, RememError) as error:
                return told(request, api_error(error))
            except ClientDisconnect:
                raise
            except Exception:
                logger.exception("a view failed unexpectedly")
                return told(request, internal_error())

        return handled


def told(request: Request, refusal: ApiError) -> Response:
    """The page that tells of a refusal, with a way on."""
    if refusal.status_code == 401 and request.url.path != LOGIN:
        return _to_login(request)
    tongue = _language_of(request)
    template = "_refusal.html" if "hx-request" in request.headers else "refusal.html"
    values = {
        "say": tongue.say,
        "lang": tongue,
        "refusal": refusal,
        "sentence": tongue.named(f"refused.{refusal.code}", str(refusal.detail)),
    }
    response = html(template, refusal.status_code, values)
    for name, value in (refusal.headers or {}).items():
        response.headers[name] = value
    return response


def _to_login(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = wanted if request.method in _SAFE and "hx-request" not in request.headers else "/"
    to = f"{LOGIN}?next={quote(after, safe='')}"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": to})
    return RedirectResponse(to, 303)


def _language_of(request: Request) -> Language:
    chosen = request.cookies.get(_LANGUAGE, "")
    return language(
        chosen if chosen in NAMES else preferred(request.headers.get("accept-language", ""))
    )


async def _form_of(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise ApiError(400, "invalid_request", "the form cannot be read; send it again") from None
    return {name: values[-1] for name, values in fields.items()}


def _refuse_other_sites(request: Request) -> None:
    """Refuse what a browser sends for a page that is not ours.

    Raises:
        ApiError: 403.
    """
    origin = request.headers.get("origin")
    foreign = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
    if foreign or (origin and urlsplit(origin).netloc != request.headers.get("host")):
        raise ApiError(403, "origin_not_allowed", "this form was sent by a page of another site")


def visiting(permission: Permission) -> Any:
    """The dependency of views that take this permission."""

    async def visit(
        request: Request,
        namespace: Annotated[str | None, Query(max_length=1024)] = None,
    ) -> Visit:
        state = request.app.state
        key = identify(request)
        sessions: Sessions = state.sessions
        session = sessions.open_to_all
        if key is not None:
            state.rate.count(key.id)
            name = request.cookies.get(cookie_name(port_of(request)), "")
            session = sessions.find(name) or sessions.open_to_all
        form: dict[str, str] = {}
        if request.method not in _SAFE:
            _refuse_other_sites(request)
            form = await _form_of(request)
            shown = request.headers.get(_TOKEN_HEADER) or form.get(_TOKEN, "")
            if not hmac.compare_digest(shown.encode(), session.token.encode()):
                raise ApiError(403, "stale_form", "the form is out of date; load the page again")
        who = Caller(key, state.settings.namespace, state.memory)
        who.require(permission)
        granted = who.granted(namespace or _first_of(who))
        return Visit(request, granted.memory, who, session, _language_of(request), form)

    return Depends(visit)


def _first_of(who: Caller) -> str | None:
    """The namespace to begin with, where the key opens several and none is named: the first that
    holds something; None: the usual one."""
    if who.key is None or who.key.allows(who.default):
        return None
    exact = [each for each in who.key.namespaces if not each.endswith("*")]
    known = (name for name in who.memory.namespaces() if who.key.allows(name))
    return next(iter(exact), None) or next(known, None)


Reading = Annotated[Visit, visiting(Permission.READ)]
Writing = Annotated[Visit, visiting(Permission.WRITE)]
Administering = Annotated[Visit, visiting(Permission.ADMIN)]


# Logging in and out, and the switch of languages.

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)


def _inside(path: str) -> str:
    """A path of this server; anything else becomes its first view."""
    parts = urlsplit(path)
    is_here = not (parts.scheme or parts.netloc) and path.startswith("/")
    return path if is_here and not path.startswith(("//", "/\\")) else "/"


@router.get(LOGIN)
async def login_page(request: Request, next: str = "/") -> Response:
    """The form that asks for a key."""
    return _login(request, next)


@router.post(LOGIN)
async def login(request: Request) -> Response:
    """Begin a session for the key that was typed."""
    _refuse_other_sites(request)
    form = await _form_of(request)
    keys: KeyRing | None = request.app.state.keys
    key, after = form.get("key", "").strip(), _inside(form.get("next", "/"))
    if keys is not None and keys.check(key) is None:
        return _login(request, after, wrong=True)
    response = RedirectResponse(after, 303)
    if keys is not None:
        forwarded = request.headers.get("x-forwarded-proto", "")
        response.set_cookie(
            cookie_name(port_of(request)),
            request.app.state.sessions.begin(key),
            httponly=True,
            samesite="strict",
            secure="https" in (request.url.scheme, forwarded),
        )
    return response


def _login(request: Request, after: str, *, wrong: bool = False) -> Response:
    tongue = _language_of(request)
    values = {
        "say": tongue.say,
        "lang": tongue,
        "next": _inside(after),
        "wrong": wrong,
    }
    return html("login.html", 401 if wrong else 200, values)


@router.post(f"{PREFIX}/logout")
async def logout(visit: Reading) -> Response:
    """End the session."""
    name = cookie_name(port_of(visit.request))
    visit.request.app.state.sessions.end(visit.request.cookies.get(name, ""))
    response = RedirectResponse(LOGIN, 303)
    response.delete_cookie(name, httponly=True, samesite="strict")
    return response


@router.get(f"{PREFIX}/language/{{code}}")
async def switch(code: str, next: str = "/") -> Response:
    """Remember the language that was chosen, in this browser."""
    response = RedirectResponse(_inside(next), 303)
    if code in NAMES:
        response.set_cookie(_LANGUAGE, code, max_age=31_536_000, samesite="strict", httponly=True)
    return response
