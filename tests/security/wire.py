"""MQTT 3.1.1 on the wire: packets made by hand, sent and read one by one. Source: the standard, chapter 3."""

from __future__ import annotations

import socket
from typing import NamedTuple, Self

PATIENCE = 20.0
SHORT = 1.5
"""So long nothing must come, where nothing is to come."""


class Packet(NamedTuple):
    """A control packet: its type, its flags, and what follows its length."""

    kind: int
    flags: int
    body: bytes


def text(word: str | bytes) -> bytes:
    """Return a text with its length before it."""
    data = word.encode() if isinstance(word, str) else word
    return len(data).to_bytes(2, "big") + data


def packet(first: int, body: bytes = b"") -> bytes:
    """Return a packet with this first byte."""
    size, length = bytearray(), len(body)
    while True:
        size.append(length % 128 | (0x80 if length > 127 else 0))
        length //= 128
        if not length:
            return bytes([first]) + bytes(size) + body


def connect(
    client_id: str,
    *,
    clean: bool = True,
    keep_alive: int = 60,
    level: int = 4,
    name: str = "MQTT",
    flags: int = 0,
    will: tuple[str, bytes, int, bool] | None = None,
) -> bytes:
    """Return a CONNECT; ``will`` has topic, payload, QoS and whether it is retained."""
    flags |= 0x02 if clean else 0
    rest = text(client_id)
    if will is not None:
        topic, payload, qos, retain = will
        flags |= 0x04 | qos << 3 | (0x20 if retain else 0)
        rest += text(topic) + text(payload)
    return packet(0x10, text(name) + bytes([level, flags]) + keep_alive.to_bytes(2, "big") + rest)


def publish(
    topic: str, payload: bytes = b"", qos: int = 0, number: int = 1, *, retain: bool = False
) -> bytes:
    """Return a PUBLISH."""
    identifier = number.to_bytes(2, "big") if qos else b""
    return packet(0x30 | qos << 1 | retain, text(topic) + identifier + payload)


def subscribe(topic_filter: str, qos: int = 0, number: int = 7) -> bytes:
    """Return a SUBSCRIBE of one filter."""
    return packet(0x82, number.to_bytes(2, "big") + text(topic_filter) + bytes([qos]))


def numbered(first: int, number: int = 1) -> bytes:
    """Return a packet that has only an identifier: PUBACK 0x40, PUBREC 0x50, PUBREL 0x62, PUBCOMP 0x70."""
    return packet(first, number.to_bytes(2, "big"))


class Wire:
    """One connection to a broker; as a block, closed at its end without a goodbye."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, *packets: bytes) -> None:
        """Send packets."""
        self._socket.sendall(b"".join(packets))

    def receive(self, patience: float = PATIENCE) -> Packet | None:
        """Return the next packet; None when the other side has closed the connection.

        Raises:
            TimeoutError: nothing came.
        """
        self._socket.settimeout(patience)
        try:
            first = self._exactly(1)[0]
            length = shift = 0
            while True:
                byte = self._exactly(1)[0]
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    return Packet(first >> 4, first & 0x0F, self._exactly(length))
        except (EOFError, ConnectionError):
            return None

    def is_closed(self, patience: float = PATIENCE) -> bool:
        """Return whether the other side closes the connection, whatever it says before."""
        try:
            while self.receive(patience) is not None:
                pass
        except TimeoutError:
            return False
        return True

    def is_silent(self) -> bool:
        """Return whether nothing comes for a while, and the connection stays."""
        try:
            self.receive(SHORT)
        except TimeoutError:
            return True
        return False

    def opened(self, client_id: str, **options: object) -> Packet:
        """Connect, and return the CONNACK of success."""
        self.send(connect(client_id, **options))  # type: ignore[arg-type]
        answer = self.receive()
        assert answer is not None, "the connection was closed"
        assert answer[0] == 2, answer
        assert answer.body[1] == 0, answer
        return answer

    def asked(self, sent: bytes, kind: int) -> Packet:
        """Send a packet and return the answer of this kind; others before it are passed over."""
        self.send(sent)
        return self.of(kind)

    def of(self, kind: int) -> Packet:
        """Return the next packet of a kind."""
        while (found := self.receive()) is not None:
            if found.kind == kind:
                return found
        raise AssertionError(f"the connection was closed, packet {kind} was expected")

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data
