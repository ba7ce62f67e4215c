"""One table from our error tree to each dialect's answers.

InfluxDB 1.x says ``{"error": …}`` and repeats it in a header; 2.x, and our own routes, say
``{"code": …, "message": …}``; 3.x says ``{"error": …}``, and with a write ``data`` about its lines. A client
that gets a 4xx drops what it sent, so everything that may pass with time is a 503 with ``Retry-After``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from heliograph.errors import BucketExists, Error, TooManyTries

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2
_CODES: Final = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    405: "method not allowed",
    409: "conflict",
    413: "request too large",
    422: "unprocessable entity",
    429: "too many requests",
    500: "internal error",
    503: "unavailable",
}
_NOT_IN_HEADER: Final = re.compile(r"[^ -~]")
Endpoint = Callable[[Request], Awaitable[Response]]


def v1_error(status: int, message: str) -> JSONResponse:
    """Return an error as InfluxDB 1.x words it. Source: influxd 1.6.7, seen."""
    response = JSONResponse({"error": message}, status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="InfluxDB"'
    else:
        response.headers["X-Influxdb-Error"] = _NOT_IN_HEADER.sub("?", message.replace("\n", " "))
    return _with_retry(response)


def v2_error(status: int, message: str, **more: int) -> JSONResponse:
    """Return an error as InfluxDB 2.x words it; our own routes use it too."""
    return _v2_error(status, _code(status), message, more)


def v2_conflict(message: str) -> JSONResponse:
    """Return InfluxDB 2.x's answer about something that is there already: not 409, which ours is."""
    return _v2_error(422, _code(409), message, {})


def _code(status: int) -> str:
    return _CODES.get(status, "internal error")


def _v2_error(status: int, code: str, message: str, more: dict[str, int]) -> JSONResponse:
    response = JSONResponse({"code": code, "message": message, **more}, status)
    response.headers["X-Platform-Error-Code"] = code
    return _with_retry(response)


def v3_error(status: int, message: str, **more: object) -> JSONResponse:
    """Return an error as InfluxDB 3 words it."""
    return _with_retry(JSONResponse({"error": message, **more}, status))


def _with_retry(response: JSONResponse) -> JSONResponse:
    if response.status_code == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def speaks_v1(endpoint: Endpoint) -> Endpoint:
    """Let an endpoint answer errors in 1.x's form."""
    return _speaking(endpoint, v1_error)


def speaks_v2(endpoint: Endpoint) -> Endpoint:
    """Let an endpoint answer errors in 2.x's form with our own statuses."""
    return _speaking(endpoint, v2_error)


def speaks_influx_v2(endpoint: Endpoint) -> Endpoint:
    """Let an endpoint answer errors as InfluxDB 2.x itself does."""
    return _speaking(endpoint, v2_error, _influx_v2_answer)


def speaks_v3(endpoint: Endpoint) -> Endpoint:
    """Let an endpoint answer errors in 3.x's form."""
    return _speaking(endpoint, v3_error)


def _influx_v2_answer(error: Error) -> Response:
    if isinstance(error, BucketExists):
        return v2_conflict(str(error))
    return v2_error(error.http_status, str(error))


def _speaking(
    endpoint: Endpoint,
    answer: Callable[[int, str], Response],
    answer_error: Callable[[Error], Response] | None = None,
) -> Endpoint:
    @wraps(endpoint)
    async def answering(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Error as error:
            if error.http_status >= 500:
                log.warning("A request failed: %s", error, extra={"path": request.url.path})
            response = answer_error(error) if answer_error else answer(error.http_status, str(error))
            if isinstance(error, TooManyTries):
                response.headers["Retry-After"] = str(error.seconds)
            return response
        except HTTPException as error:
            return answer(error.status_code, error.detail)
        except ClientDisconnect:
            return Response(status_code=400)  # for nobody: the client went away while it was sending
        except Exception:  # the last place: a client gets an answer, the log gets the story
            log.exception("A request failed by a fault of ours", extra={"path": request.url.path})
            return answer(500, "a fault of the hub; its log has the details")

    return answering


async def not_found(request: Request, error: Exception) -> Response:
    """Answer for a path that does not exist, and for a method that a path does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.method == "OPTIONS" and status == 405:  # what there is; no page of another origin is let in
        return Response(headers=error.headers if isinstance(error, HTTPException) else None)
    message = f"{request.method} {request.url.path} is not something this hub answers"
    response = v2_error(status, message)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
