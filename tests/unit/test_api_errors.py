"""Every error of the tree has an answer in both dialects, and only what may pass with time says so."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Awaitable, Callable

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from heliograph import errors
from heliograph.api.errors import (
    RETRY_SECONDS,
    speaks_influx_v2,
    speaks_v1,
    speaks_v2,
    speaks_v3,
    v1_error,
    v2_error,
)

EXAMPLES: list[tuple[errors.Error, int]] = [
    (errors.Error("x"), 500),
    (errors.ConfigError("x"), 400),
    (errors.DecodeError("x"), 400),
    (errors.LineProtocolError("x"), 400),
    (errors.PayloadError("JSON", "x"), 400),
    (errors.TopicError("x"), 400),
    (errors.MessageError("x"), 400),
    (errors.TooSparse(8_000_000), 422),
    (errors.QueryError("x"), 400),
    (errors.QuerySyntaxError("x", line=1, column=1), 400),
    (errors.NotFound("telegraf configuration", "x"), 404),
    (errors.NotPossible("x"), 422),
    (errors.Outdated("x"), 409),
    (errors.AuthError("x"), 401),
    (errors.CodeNeeded(), 401),
    (errors.Forbidden("x"), 403),
    (errors.TooManyTries(4.2), 429),
    (errors.TransportError("e", "x"), 503),
    (errors.ConnectError("e", "x"), 503),
    (errors.Unreachable("e", "x"), 503),
    (errors.UnknownHost("e", "x"), 503),
    (errors.TlsFailed("e", "x"), 503),
    (errors.ConnectionLost("e", "x"), 503),
    (errors.AckTimeout("e", "x"), 503),
    (errors.TimedOut("e", "x"), 503),
    (errors.Refused("e", "x"), 503),
    (errors.MqttRefused("e", "x", 5), 503),
    (errors.BrokerError("n", "x"), 500),
    (errors.BrokerNotReady("n", "x", "tail"), 500),
    (errors.BrokerExited("n", 1, "tail"), 500),
    (errors.PortTaken("n", "127.0.0.1", 1, None, "x"), 500),
    (errors.HomeLocked("home", 1), 500),  # type: ignore[arg-type]  # the sentence is all that matters
    (errors.StreamError("LP", "x"), 503),
    (errors.PayloadTooLarge(2, 1), 413),
    (errors.SpoolError("/x", "is full"), 500),
    (errors.StoreError("x"), 500),
    (errors.BucketNotFound("b"), 404),
    (errors.BucketExists("b"), 409),
    (errors.FieldTypeConflict("m", "f", has="float", got="string"), 422),
    (errors.TooManyColumns("m", 1_001, 1_000), 422),
    (errors.StoreBusy("x"), 503),
    (errors.HubError("url", "x"), 500),
    (errors.BoardError("lab1", "x"), 500),
    (errors.BoardUnreachable("lab1", "x"), 503),
    (errors.HostKeyUnknown("lab1", "SHA256:x"), 500),
    (errors.HostKeyChanged("lab1", "SHA256:x", "SHA256:y"), 500),
    (errors.LoginRefused("lab1", "x"), 500),
    (errors.BoardUnfit("lab1", "x", "y"), 500),
    (errors.RemoteCommandFailed("lab1", "ls", 2, "tail"), 500),
]
CODES = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    409: "conflict",
    413: "request too large",
    422: "unprocessable entity",
    429: "too many requests",
    500: "internal error",
    503: "unavailable",
}


def request() -> Request:
    return Request({"type": "http", "method": "POST", "path": "/write", "headers": []})


def raising(error: Exception) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_: Request) -> Response:
        raise error

    return endpoint


def test_the_table_names_every_error() -> None:
    classes = {c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.Error)}
    assert {type(error) for error, _ in EXAMPLES} == classes


@pytest.mark.parametrize(("error", "status"), EXAMPLES, ids=lambda value: type(value).__name__)
async def test_each_error_has_its_answer(error: errors.Error, status: int) -> None:
    v2 = await speaks_v2(raising(error))(request())
    assert v2.status_code == status
    assert json.loads(bytes(v2.body)) == {"code": CODES[status], "message": str(error)}
    assert v2.headers["x-platform-error-code"] == CODES[status]
    v1 = await speaks_v1(raising(error))(request())
    assert (v1.status_code, json.loads(bytes(v1.body))) == (status, {"error": str(error)})
    influx_v2 = await speaks_influx_v2(raising(error))(request())
    assert influx_v2.body == v2.body
    exists = isinstance(error, errors.BucketExists)
    assert influx_v2.status_code == (422 if exists else status), "which InfluxDB has for buckets"
    v3 = await speaks_v3(raising(error))(request())
    assert (v3.status_code, json.loads(bytes(v3.body))) == (status, {"error": str(error)})
    for answer in (v1, v2, influx_v2, v3):
        wait = {503: str(RETRY_SECONDS), 429: "4"}.get(status)
        assert answer.headers.get("retry-after") == wait


@pytest.mark.parametrize(("error", "status"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_what_may_pass_is_never_answered_with_a_drop(error: errors.Error, status: int) -> None:
    """Telegraf throws away what was answered with 4xx, and sends again after 5xx."""
    if error.retry and not isinstance(error, errors.HubError):
        assert status == 503


def test_v1_asks_for_a_login_as_influxdb_does() -> None:
    answer = v1_error(401, "who?")
    assert answer.headers["www-authenticate"] == 'Basic realm="InfluxDB"'
    assert "x-influxdb-error" not in answer.headers


def test_a_header_carries_only_what_a_header_may() -> None:
    answer = v1_error(400, "unable to parse 'a\r\nSet-Cookie: x=1\x00\x7fü☀'\nsecond")
    assert answer.headers["x-influxdb-error"] == "unable to parse 'a? Set-Cookie: x=1????' second"


def test_v2_carries_line_and_column() -> None:
    body = json.loads(bytes(v2_error(400, "bad", line=3, column=7).body))
    assert body == {"code": "invalid", "message": "bad", "line": 3, "column": 7}


async def test_a_fault_of_ours_is_told_without_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    answer = await speaks_v2(raising(ZeroDivisionError("secret inside")))(request())
    assert answer.status_code == 500
    assert b"secret" not in bytes(answer.body)
    assert "ZeroDivisionError" in caplog.text


async def test_a_client_that_hangs_up_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await speaks_v1(raising(ClientDisconnect()))(request())
    assert caplog.records == []


async def test_an_answer_of_the_library_gets_our_shape() -> None:
    answer = await speaks_v2(raising(HTTPException(405, "no")))(request())
    assert json.loads(bytes(answer.body)) == {"code": "method not allowed", "message": "no"}
