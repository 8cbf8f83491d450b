"""Every refusal as JSON that OpenAI clients understand: one sentence, a type, a code, a status.
A browser that looks for a page gets one instead.

===========================  ======  =====================================================
what happened                status  code
===========================  ======  =====================================================
it is no HTTP                400     ``invalid_http``, ``small_chunks``
the body is no JSON          400     ``invalid_json``
a field is not as described  422     ``invalid_request``
``InvalidInput``             422     ``invalid_input``
no key, or a wrong one       401     ``invalid_api_key``
the key does not allow it    403     ``permission_denied``, ``namespace_not_allowed``, ...
it comes from another page   403     ``origin_not_allowed``, ``host_not_allowed``
no such path, no such thing  404     ``not_found``
the request took too long    408     ``request_timeout``
``Conflict``                 409     ``conflict``
the body is too long         413     ``request_too_large``
the URL is too long          414     ``url_too_long``
the body is of another type  415     ``unsupported_media_type``
too many requests            429     ``rate_limited``, ``too_many_generations``
the headers are too long     431     ``headers_too_large``
``UpstreamError``            502     ``upstream_failed``, ``upstream_unreachable``
the store cannot be used     503     ``store_locked``, ``store_full``, ``store_read_only``, ...
too many are connected       503     ``too_many_connections``
the upstream took too long   504     ``upstream_timeout``
anything else                500     ``internal_error``; the log has the request id
===========================  ======  =====================================================
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from remem.store.errors import (
    Conflict,
    CorruptStore,
    EncoderMismatch,
    InvalidInput,
    MissingDependency,
    RememError,
    StoreClosed,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    UpstreamError,
)

logger = logging.getLogger("remem")

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}

_FOR_PROGRAMS = ("/v1/", "/api/")
"""Beginnings of the paths at which nobody looks for a page."""

# The first class that fits.
_STATUSES: tuple[tuple[type[RememError], int, str], ...] = (
    (InvalidInput, 422, "invalid_input"),
    (Conflict, 409, "conflict"),
    (UpstreamError, 502, "upstream_failed"),
    (StoreLocked, 503, "store_locked"),
    (StoreFull, 503, "store_full"),
    (StoreReadOnly, 503, "store_read_only"),
    (StoreClosed, 503, "store_closed"),
    (CorruptStore, 503, "store_corrupt"),
    (EncoderMismatch, 503, "encoder_mismatch"),
    (MissingDependency, 501, "missing_dependency"),
    (RememError, 500, "internal_error"),
)


class ApiError(HTTPException):
    """A request that gets no answer, and why.

    Args:
        status: Of HTTP.
        code: For programs.
        message: One sentence for people that says what to do.
        headers: Further headers of the reply.
    """

    # An HTTPException, because FastAPI lets only these through while it reads a body.
    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code = code

    @property
    def response(self) -> JSONResponse:
        """The reply."""
        kind = _TYPES.get(self.status_code)
        kind = kind or ("server_error" if self.status_code >= 500 else "invalid_request_error")
        error = {"message": self.detail, "type": kind, "code": self.code}
        return JSONResponse({"error": error}, self.status_code, self.headers)


def install(app: FastAPI, page: Callable[[Request, ApiError], Response]) -> None:
    """Let the app answer all errors in this form, and those of a browser that looks for a page by
    one.

    Args:
        page: Makes it.
    """

    async def answer(request: Request, error: Exception) -> Response:
        refusal = api_error(error)
        if refusal.status_code == 405:
            refusal.headers = {**(refusal.headers or {}), **_allowed(app, request)}
        return page(request, refusal) if _looks_for_a_page(request) else refusal.response

    for kind in (HTTPException, RequestValidationError, RememError):
        app.add_exception_handler(kind, answer)


def _looks_for_a_page(request: Request) -> bool:
    is_for_programs = request.url.path.startswith(_FOR_PROGRAMS)
    return not is_for_programs and "text/html" in request.headers.get("accept", "")


def _allowed(app: FastAPI, request: Request) -> dict[str, str]:
    """The methods of a path, of which each may have an endpoint of its own."""
    template = getattr(request.scope.get("route"), "path_format", None)
    methods = app.openapi()["paths"].get(template)
    return {"Allow": ", ".join(method.upper() for method in methods)} if methods else {}


def api_error(error: Exception) -> ApiError:
    """The refusal that tells a client of an error; one that nobody expected is only logged."""
    match error:
        case ApiError():
            return error
        case RequestValidationError():
            return _invalid(error.errors())
        case HTTPException():
            return _from_http(error)
        case RememError():
            status, code = next(row[1:] for row in _STATUSES if isinstance(error, row[0]))
            if status >= 500:
                logger.error("a request failed: %s", error, exc_info=error)
            return ApiError(status, code, str(error))
    return internal_error()


def internal_error() -> ApiError:
    """For errors whose words are none of the client's business."""
    return ApiError(
        500,
        "internal_error",
        "the server failed unexpectedly; its log says why under the X-Request-Id of this reply",
    )


def _invalid(errors: Any) -> ApiError:
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"])
    return ApiError(
        422, "invalid_request", f"{place}: {first['msg'].removeprefix('Value error, ')}"
    )


def _from_http(error: HTTPException) -> ApiError:
    match error.status_code:
        case 404:
            return ApiError(404, "not_found", "there is nothing at this path; /docs lists them all")
        case 405:
            message = "this path does not take this method; the Allow header lists those it takes"
            return ApiError(405, "method_not_allowed", message, error.headers)
        case status:
            return ApiError(status, f"http_{status}", str(error.detail), error.headers)
