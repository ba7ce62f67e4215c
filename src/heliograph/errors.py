"""The error tree of Heliograph, and the policy that travels with each error.

::

    Error
    ├─ ConfigError(path, line, key)            exit 2   never retried
    ├─ DecodeError(line, column, excerpt)      400      bytes that are not what they claim
    │   ├─ LineProtocolError
    │   └─ TopicError
    ├─ TooSparse(limit)                        422      a batch that is large in memory and nowhere else
    ├─ QueryError                              400
    │   └─ QuerySyntaxError(reason, line, column)
    ├─ NotFound(kind, id)                      404
    ├─ NotPossible                             422      understood, and not something this hub does
    ├─ AuthError                               401
    │   └─ Forbidden                           403      known, and may not do this
    ├─ TransportError(endpoint)                503      retry
    │   ├─ ConnectError
    │   ├─ AckTimeout
    │   └─ Refused(reason)                              no retry
    ├─ BrokerError(name)                                a child process
    │   ├─ BrokerNotReady(log_tail)
    │   ├─ BrokerExited(returncode, log_tail)
    │   └─ PortTaken(port, holder)             exit 2
    ├─ HomeLocked(home, pid)                   exit 2   another hub owns the data folder
    ├─ StreamError(stream)                     503      retry
    │   └─ PayloadTooLarge(size_bytes, limit_bytes)  413  no retry
    ├─ StoreError
    │   ├─ BucketNotFound(bucket)              404
    │   ├─ BucketExists(bucket)                409
    │   ├─ FieldTypeConflict(measurement, field, has, got)  422
    │   ├─ TooManyColumns(measurement, limit)  422
    │   └─ StoreBusy                           503      retry
    └─ HubError(url, status)                            what a hub answered to a client of ours

Three class attributes carry the policy, so that no layer keeps a list of names: ``retry`` (trying
the same again may help), ``http_status`` (our own API's) and ``exit_code`` (the command line's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a lone agent needs no paths, and pathlib brings urllib.parse with it: 0.6 MB
    from pathlib import Path


class Error(Exception):
    """The root of all errors that Heliograph raises on purpose."""

    retry: bool = False
    http_status: int = 500
    exit_code: int = 1


class ConfigError(Error):
    """A setting that is unknown, of the wrong kind or out of range."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        key: str | None = None,
    ) -> None:
        where = "" if path is None else f"{path}:{line}: " if line else f"{path}: "
        super().__init__(f"{where}{message}")
        self.path = path
        self.line = line
        self.key = key


class DecodeError(Error):
    """Bytes that are not what they claim to be.

    ``line`` and ``column`` count from 1 and point at the first byte that cannot be right; ``excerpt``
    is the offending line, shortened. ``reason`` is the sentence without the position.
    """

    http_status = 400

    def __init__(self, reason: str, *, line: int = 1, column: int = 1, excerpt: str = "") -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.reason = reason
        self.line = line
        self.column = column
        self.excerpt = excerpt


class LineProtocolError(DecodeError):
    """A line that is not InfluxDB line protocol."""


class TopicError(DecodeError):
    """An MQTT topic from which no device can be told."""


class TooSparse(Error):
    """A batch whose lines have so different fields that its columns would hold next to nothing."""

    http_status = 422

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the columns of a batch may have {limit:,} places without a value, those of this one have more:"
            " its lines have different fields; put them into several measurements or smaller batches"
        )
        self.limit = limit


class QueryError(Error):
    """A query that cannot be answered as it was asked."""

    http_status = 400


class NotFound(Error):
    """Something other than a bucket that does not exist."""

    http_status = 404

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(f'{kind} "{id_}" not found')
        self.kind = kind
        self.id = id_


class NotPossible(Error):
    """A request that is understood, and that this hub cannot or must not do."""

    http_status = 422


class QuerySyntaxError(QueryError):
    """A text that is not the language it is said to be; line and column count from 1, 0 is nowhere."""

    def __init__(self, reason: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(f"error parsing query: {reason}")
        self.reason = reason
        self.line = line
        self.column = column


class AuthError(Error):
    """Credentials that are missing or wrong."""

    http_status = 401


class Forbidden(AuthError):
    """Credentials that are known, and do not allow what was asked."""

    http_status = 403


class TransportError(Error):
    """A connection that failed or broke."""

    retry = True
    http_status = 503

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"{endpoint}: {reason}")
        self.endpoint = endpoint
        self.reason = reason


class ConnectError(TransportError):
    """A connection that could not be opened."""


class AckTimeout(TransportError):
    """An acknowledgement that did not come in time: the message may or may not be stored."""


class Refused(TransportError):
    """The other side answered, and said no."""

    retry = False


class BrokerError(Error):
    """A supervised broker process is not as it should be."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class BrokerNotReady(BrokerError):
    """The broker started but did not become ready in time."""

    def __init__(self, name: str, reason: str, log_tail: str) -> None:
        super().__init__(name, f"{reason}\n{log_tail}".rstrip())
        self.log_tail = log_tail


class BrokerExited(BrokerError):
    """The broker process ended by itself."""

    def __init__(self, name: str, returncode: int, log_tail: str) -> None:
        super().__init__(name, f"ended with exit status {returncode}\n{log_tail}".rstrip())
        self.returncode = returncode
        self.log_tail = log_tail


class PortTaken(BrokerError):
    """A port that we want to listen on belongs to another process."""

    exit_code = 2

    def __init__(self, name: str, host: str, port: int, holder: str | None, setting: str) -> None:
        held = f"held by {holder}" if holder else "held by a process we may not see"
        super().__init__(name, f"{host}:{port} is {held}; stop it or choose another port with {setting}")
        self.host = host
        self.port = port
        self.holder = holder


class HomeLocked(Error):
    """Another hub runs on the same data folder."""

    exit_code = 2

    def __init__(self, home: Path, pid: int | None) -> None:
        by = f"the hub with pid {pid}" if pid else "another hub"
        super().__init__(f"{home} is in use by {by}; stop it or set HELIO_HOME to another folder")
        self.home = home
        self.pid = pid


class StreamError(Error):
    """The stream cannot take or give messages now."""

    retry = True
    http_status = 503

    def __init__(self, stream: str, reason: str) -> None:
        super().__init__(f"stream {stream}: {reason}")
        self.stream = stream
        self.reason = reason


class PayloadTooLarge(StreamError):
    """A payload over the limit; sending it again will not help, sending less will."""

    retry = False
    http_status = 413

    def __init__(self, size_bytes: int | None, limit_bytes: int) -> None:
        came = "more" if size_bytes is None else f"{size_bytes:,} bytes"
        Error.__init__(self, f"a body may have {limit_bytes:,} bytes, {came} came; send smaller batches")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class StoreError(Error):
    """The store cannot do what was asked."""


class BucketNotFound(StoreError):
    """A bucket that does not exist."""

    http_status = 404

    def __init__(self, bucket: str) -> None:
        super().__init__(f'bucket "{bucket}" not found')
        self.bucket = bucket


class BucketExists(StoreError):
    """A bucket that is to be made and is there already."""

    http_status = 409

    def __init__(self, bucket: str) -> None:
        super().__init__(f'bucket "{bucket}" exists already')
        self.bucket = bucket


class FieldTypeConflict(StoreError):
    """A field came with another type than the one it has."""

    http_status = 422

    def __init__(self, measurement: str, field: str, *, has: str, got: str) -> None:
        super().__init__(
            f'field type conflict: input field "{field}" on measurement "{measurement}" '
            f"is type {got}, already exists as type {has}"
        )
        self.measurement = measurement
        self.field = field
        self.has = has
        self.got = got


class TooManyColumns(StoreError):
    """A measurement would get more tags and fields than the store can seal."""

    http_status = 422

    def __init__(self, measurement: str, count: int, limit: int) -> None:
        super().__init__(
            f'measurement "{measurement}" may have {limit:,} different tags and fields,'
            f" with this batch it would have {count:,};"
            " put what tells series apart into tag values, or use several measurements"
        )
        self.measurement = measurement
        self.count = count
        self.limit = limit


class StoreBusy(StoreError):
    """The store is behind; try again later."""

    retry = True
    http_status = 503


class HubError(Error):
    """What a hub answered when one of our own clients asked it for something."""

    def __init__(self, url: str, reason: str, status: int | None = None) -> None:
        answered = f" answered {status}" if status else ""
        super().__init__(f"{url}{answered}: {reason}")
        self.url = url
        self.status = status
        self.retry = status is None or status >= 500
