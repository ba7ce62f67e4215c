"""Attacks on the ports of a hub by who has no login, each a generator that works a little at a time."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator

REQUEST = (
    b"POST /api/v2/write?bucket=telegraf HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
    b"Authorization: Token x\r\nContent-Encoding: gzip\r\n\r\nm v=1"
)
CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04fuzz"
PUBLISH = b"\x32\x09\x00\x03a/b\x00\x01hi"
SUBSCRIBE = b"\x82\x08\x00\x02\x00\x03a/b\x01"
HELLO = bytes.fromhex("160301012c010001280303") + bytes(64)
"""How a TLS client begins to speak."""


def opened(port: int, count: int) -> Iterator[socket.socket]:
    """Yield new connections; those that nobody takes are left out."""
    for _ in range(count):
        with contextlib.suppress(OSError):
            yield socket.create_connection(("127.0.0.1", port), timeout=5)


def drip(connections: list[socket.socket], piece: bytes) -> int:
    """Send a little over each connection, and return how many are still open."""
    left = 0
    for each in connections:
        try:
            each.settimeout(0)
            each.send(piece)
            left += not _is_over(each)
        except BlockingIOError:
            left += 1
        except OSError:
            continue
    return left


def _is_over(connection: socket.socket) -> bool:
    try:
        return connection.recv(4096) == b""
    except BlockingIOError:
        return False


def open_ones(connections: list[socket.socket]) -> int:
    """Return how many connections the other side has not closed."""
    count = 0
    for each in connections:
        each.settimeout(0)
        with contextlib.suppress(OSError):
            count += not _is_over(each)
    return count


def close(connections: list[socket.socket]) -> None:
    for each in connections:
        each.close()


def mutated(dice: random.Random, seed: bytes) -> bytes:
    """Return bytes like these, with some of them others, missing or more."""
    data = bytearray(seed)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0 if data:
                data[at % len(data)] = dice.randrange(256)
            case 1:
                del data[at : at + dice.randint(1, 8)]
            case 2:
                data[at:at] = dice.randbytes(dice.randint(1, 8))
            case 3:
                data[at:at] = data[: dice.randint(0, len(data))]
            case _:
                data[at:at] = dice.choice(
                    (b"\xff\xff\xff\x7f", b"\x00" * 9, b"\r\n\r\n", b"%00", b"\xf0\x9f")
                )
    return bytes(data)


def mqtt_packet(dice: random.Random) -> bytes:
    """Return one or more packets of any kind with any flags, their length right or wrong."""
    body = dice.randbytes(dice.randint(0, 60))
    length = len(body) if dice.random() < 0.7 else dice.randrange(2**28)
    head = bytearray([dice.randrange(256)])
    while True:
        head.append(length % 128 | (0x80 if length > 127 else 0))
        length //= 128
        if not length:
            return bytes(head) + body


def throw(port: int, pieces: list[bytes]) -> None:
    """Send pieces over one connection and take what comes back, until one side has enough."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.settimeout(0.05)
        for piece in pieces:
            connection.sendall(piece)
        connection.recv(4096)
