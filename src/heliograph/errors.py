"""The error tree of Heliograph, and the policy that travels with each error.

::

    Error
    ├─ ConfigError(path, line, key)            exit 2   never retried
    ├─ DecodeError(line, column, excerpt)      400      bytes that are not what they claim
    │   ├─ LineProtocolError
    │   ├─ MessageError                            what an app got, or wants to send, has another form
    │   ├─ PayloadError(form)                  exit 65  a message that is not what it is said to be
    │   └─ TopicError                        exit 2
    ├─ TooSparse(limit)                        422      a batch that is large in memory and nowhere else
    ├─ QueryError                              400
    │   └─ QuerySyntaxError(reason, line, column)
    ├─ NotFound(kind, id)                      404
    ├─ NotPossible                             422      understood, and not something this hub does
    ├─ Outdated                                409      changed by somebody else since it was read
    ├─ AuthError                               401
    │   ├─ CodeNeeded                          401      the second factor is missing
    │   ├─ Forbidden                           403      known, and may not do this
    │   └─ TooManyTries(seconds)               429      somebody guesses
    ├─ TransportError(endpoint)                503      retry
    │   ├─ ConnectError
    │   │   ├─ Unreachable                     exit 14  nobody answers there
    │   │   ├─ UnknownHost                     exit 15
    │   │   └─ TlsFailed                       exit 8   no retry: a certificate, or no TLS at all
    │   ├─ ConnectionLost                      exit 7
    │   ├─ AckTimeout
    │   ├─ TimedOut                            exit 27  what was waited for did not come
    │   └─ Refused(reason)                              no retry
    │       └─ MqttRefused(reason_code)        exit reason_code
    ├─ BrokerError(name)                                a child process
    │   ├─ BrokerNotReady(log_tail)
    │   ├─ BrokerExited(returncode, log_tail)
    │   └─ PortTaken(port, holder)             exit 2
    ├─ HomeLocked(home, pid)                   exit 2   another hub owns the data folder
    ├─ StreamError(stream)                     503      retry
    │   └─ PayloadTooLarge(size_bytes, limit_bytes)  413  no retry
    ├─ SpoolError(folder)                               what waits on a device's disk
    ├─ StoreError
    │   ├─ BucketNotFound(bucket)              404
    │   ├─ BucketExists(bucket)                409
    │   ├─ FieldTypeConflict(measurement, field, has, got)  422
    │   ├─ TooManyColumns(measurement, limit)  422
    │   └─ StoreBusy                           503      retry
    ├─ HubError(url, status)                            what a hub answered to a client of ours
    └─ BoardError(board)                                a board that is reached over SSH
        ├─ BoardUnreachable                    exit 3   retry: nobody answers there, or the link broke
        ├─ HostKeyUnknown(fingerprint)                  nobody has said yet that it is to be trusted
        ├─ HostKeyChanged(pinned, fingerprint)          flashed anew, or somebody else
        ├─ LoginRefused                                  a wrong password, or a key that it does not know
        ├─ BoardUnfit(reason, advice)                   it lacks something: Python, sudo, space, the time
        └─ RemoteCommandFailed(command, exit_status, stderr_tail)

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

    http_status = 400
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


class PayloadError(DecodeError):
    """A payload that is not in the form that it was said, or found, to be in."""

    exit_code = 65  # EX_DATAERR of sysexits.h

    def __init__(self, form: str, reason: str, *, line: int = 1, column: int = 1, excerpt: str = "") -> None:
        super().__init__(reason, line=line, column=column, excerpt=excerpt)
        self.args = (f"not {form}: {reason}",)
        self.form = form


class MessageError(DecodeError):
    """A message, or a value for one, that has not the form that a program asks for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.args = (reason,)


class TopicError(DecodeError):
    """An MQTT topic from which no device can be told, or a topic or filter that is none."""

    exit_code = 2

    def __init__(self, reason: str, *, line: int = 1, column: int = 1, excerpt: str = "") -> None:
        super().__init__(reason, line=line, column=column, excerpt=excerpt)
        self.args = (reason,)


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


class Outdated(Error):
    """Something was changed by somebody else since it was read."""

    http_status = 409


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


class CodeNeeded(AuthError):
    """A right password of somebody who has a second factor, and no code of it."""

    def __init__(self) -> None:
        super().__init__("the code of your authenticator app is needed, too")


class TooManyTries(AuthError):
    """Somebody guesses passwords or codes, and has to wait for ``seconds``."""

    http_status = 429

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds))
        super().__init__(f"too many wrong tries; wait {self.seconds} s before the next one")


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


class Unreachable(ConnectError):
    """Nobody answers at this address, or somebody who does not speak our protocol."""

    exit_code = 14  # MOSQ_ERR_ERRNO: here and below the numbers of libmosquitto, which scripts know


class UnknownHost(ConnectError):
    """A host name for which no address is found."""

    exit_code = 15  # MOSQ_ERR_EAI


class TlsFailed(ConnectError):
    """A certificate that is not to be trusted, or an encrypted connection that could not be agreed on."""

    retry = False
    exit_code = 8  # MOSQ_ERR_TLS


class ConnectionLost(TransportError):
    """A connection that had been accepted, and broke."""

    exit_code = 7  # MOSQ_ERR_CONN_LOST


class AckTimeout(TransportError):
    """An acknowledgement that did not come in time: the message may or may not be stored."""


class TimedOut(TransportError):
    """What was waited for did not come in the time that was given."""

    exit_code = 27  # MOSQ_ERR_TIMEOUT


class Refused(TransportError):
    """The other side answered, and said no."""

    retry = False


class MqttRefused(Refused):
    """An MQTT broker said no, with a reason code: 1 to 5 in MQTT 3.1.1, 128 and above in MQTT 5.

    The exit status is the reason code, as it is of mosquitto's commands.
    """

    def __init__(self, endpoint: str, reason: str, reason_code: int) -> None:
        super().__init__(endpoint, reason)
        self.reason_code = reason_code
        self.exit_code = reason_code


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


class SpoolError(Error):
    """The folder in which messages wait cannot be used."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(f"{folder} {reason}; free some space or put it right, or set HELIO_HOME elsewhere")
        self.folder = folder
        self.reason = reason


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
        self.reason = reason
        self.status = status
        self.retry = status is None or status >= 500


class BoardError(Error):
    """A board that we reach over SSH is not as it should be."""

    def __init__(self, board: str, reason: str) -> None:
        super().__init__(f"{board}: {reason}")
        self.board = board
        self.reason = reason


class BoardUnreachable(BoardError):
    """Nobody answers at a board's address, or the connection to it broke."""

    retry = True
    http_status = 503
    exit_code = 3


class HostKeyUnknown(BoardError):
    """A board whose host key nobody has trusted yet."""

    def __init__(self, board: str, fingerprint: str) -> None:
        super().__init__(
            board,
            f"its host key {fingerprint} is not trusted yet;"
            f" helio board trust {board} shows it and pins it, --trust {fingerprint} does so without asking",
        )
        self.fingerprint = fingerprint


class HostKeyChanged(BoardError):
    """Another host key than the one that was pinned."""

    def __init__(self, board: str, pinned: str, fingerprint: str) -> None:
        super().__init__(
            board,
            f"its host key was {pinned} and is {fingerprint} now, so nothing was sent. If the board was"
            f" flashed anew: helio board trust {board}. If not, somebody else answers at its address",
        )
        self.pinned = pinned
        self.fingerprint = fingerprint


class LoginRefused(BoardError):
    """A board that does not let us in: a wrong password, or a key that it does not know."""


class BoardUnfit(BoardError):
    """A board that lacks what was asked of it: Python, sudo, space, the right time."""

    def __init__(self, board: str, reason: str, advice: str) -> None:
        super().__init__(board, f"{reason}; {advice}")
        self.advice = advice


class RemoteCommandFailed(BoardError):
    """A command on a board ended with another exit status than 0."""

    def __init__(self, board: str, command: str, exit_status: int, stderr_tail: str) -> None:
        said = f":\n{stderr_tail}" if stderr_tail else ", and said nothing"
        super().__init__(board, f"{command!r} exited with {exit_status}{said}")
        self.command = command
        self.exit_status = exit_status
        self.stderr_tail = stderr_tail
