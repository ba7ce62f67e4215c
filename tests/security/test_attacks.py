"""What strangers may send to the ports, and how those who use the hub fare meanwhile."""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.ports import free_port
from tests.real.hub_process import HubProcess
from tests.security.attackers import (
    CONNECT,
    HELLO,
    PUBLISH,
    REQUEST,
    SUBSCRIBE,
    close,
    drip,
    mqtt_packet,
    mutated,
    open_ones,
    opened,
    throw,
)
from tests.security.bystander import Bystander, Spans, careless_tls, memory_mb
from tests.security.report import Report

SECTION = "Attacks: an ordinary user's p99 before, between and after (each span) → meanwhile, and memory"
SLOW_BODY = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 16000\r\n\r\n"
ROUNDS = 2 if os.environ.get("SECURITY") == "full" else 1
DRIP_SECONDS, DRIPS = 1.0, 100
"""Each slow connection sends a little once in so many seconds, so many groups of them by turns."""
MOST_GROWTH_MB = 250
"""Far above what is seen, far below what a bomb would need."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with all its ports: HTTP, HTTPS, and MQTT with TLS."""
    ports = {f"network.{name}": free_port() for name in ("https_port", "mqtts_port", "websocket_port")}
    settings = [word for name, port in ports.items() for word in ("--set", f"{name}={port}")]
    folder = tmp_path_factory.mktemp("attacked")
    with HubProcess(folder / "hub", "--no-agent", "--listen", "127.0.0.1", *settings) as running:
        running.https_port = ports["network.https_port"]  # type: ignore[attr-defined]
        assert running.write("m v=1") == 204
        yield running


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub as it starts by itself, with MQTT without TLS."""
    with HubProcess(tmp_path_factory.mktemp("plain") / "hub", "--no-agent") as running:
        assert running.write("m v=1") == 204
        yield running


def http_port(hub: HubProcess) -> int:
    return urlsplit(hub.http_url).port or 0


def https_port(hub: HubProcess) -> int:
    port: int = hub.https_port  # type: ignore[attr-defined]
    return port


def judged(
    hub: HubProcess, report: Report, seconds: float, name: str, attack: Callable[[float], str]
) -> None:
    """Attack for so long, in full twice, and note how it was for a bystander meanwhile and without."""
    quiet, attacked = Spans(), Spans()
    memory, found = memory_mb(hub), ""
    with Bystander(hub) as bystander, ThreadPoolExecutor(1, initializer=yielding) as attacker:
        for _ in range(ROUNDS):
            with quiet:
                time.sleep(seconds / 2)
            with attacked:
                found = attacker.submit(attack, time.monotonic() + seconds).result()
        grown = {who: size - memory[who] for who, size in memory_mb(hub).items()}
        with quiet:
            time.sleep(seconds / 2)
    report.add(SECTION, name, f"{compared(bystander, quiet, attacked)}; {told(grown)}; {found}")
    assert not bystander.failed, (name, bystander.failed[:5])
    assert max(grown.values()) < MOST_GROWTH_MB, (name, grown)
    assert "Traceback" not in hub.log
    assert hub.write("m v=2") == 204


def yielding() -> None:
    """Have this thread give way to the hub, as attackers have a machine of their own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def compared(bystander: Bystander, quiet: Spans, attacked: Spans) -> str:
    """Return a bystander's times; those of each quiet span tell how much they differ by themselves."""
    before, during = bystander.ms(0.99, quiet.times), bystander.ms(0.99, attacked.times)
    alone = "/".join(f"{bystander.ms(0.99, [span]):.1f}" for span in quiet.times)
    medians = f"p50 {bystander.ms(0.5, quiet.times):.1f} → {bystander.ms(0.5, attacked.times):.1f}"
    change = during / before - 1 if before else 0.0
    return (
        f"p99 {before:.1f} ({alone}) → {during:.1f} ms ({change:+.0%}), {medians} ms,"
        f" {len(bystander.answers)} asked, {len(bystander.failed)} failed"
    )


def told(grown: dict[str, float]) -> str:
    return ", ".join(f"{who} {size:+.0f} MB" for who, size in grown.items())


@pytest.fixture
def seconds(*, is_full: bool) -> float:
    return 12.0 if is_full else 2.0


@pytest.fixture
def crowd(*, is_full: bool) -> int:
    return 1_500 if is_full else 300


@pytest.mark.parametrize("door", ["HTTP", "HTTPS", "MQTT with TLS"])
def test_connections_that_say_nothing(
    hub: HubProcess, report: Report, seconds: float, crowd: int, door: str
) -> None:
    port = {"HTTP": http_port(hub), "HTTPS": https_port(hub), "MQTT with TLS": hub.mqtt_port}[door]

    def attack(until: float) -> str:
        held = list(opened(port, crowd))
        while time.monotonic() < until:
            time.sleep(0.2)
        left = open_ones(held)
        close(held)
        return f"{left} of {len(held)} are still open"

    judged(hub, report, seconds, f"{crowd:,} silent connections, {door}", attack)


@pytest.mark.parametrize(
    ("door", "sent"),
    [
        ("HTTP head", (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-a: b\r\n")),
        ("HTTP body", (SLOW_BODY, b"{")),
        ("HTTPS hello", (HELLO, b"\x00")),
        ("MQTT hello", (HELLO, b"\x00")),
    ],
    ids=["head", "body", "https", "mqtt"],
)
def test_slow_ones(  # noqa: PLR0917 - fixtures
    hub: HubProcess, report: Report, seconds: float, crowd: int, door: str, sent: tuple[bytes, bytes]
) -> None:
    ports = {"HTTPS hello": https_port(hub), "MQTT hello": hub.mqtt_port}

    def attack(until: float) -> str:
        held = list(opened(ports.get(door, http_port(hub)), crowd))
        drip(held, sent[0])
        left = len(held)
        while time.monotonic() < until:
            left = 0
            for part in range(DRIPS):  # evenly, as from many machines
                left += drip(held[part::DRIPS], sent[1])
                time.sleep(DRIP_SECONDS / DRIPS)
        close(held)
        return f"{left} of {len(held)} are still open"

    judged(hub, report, seconds, f"{crowd:,} slow ones, {door}", attack)


def test_a_slow_head_is_cut_off(hub: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", http_port(hub)), timeout=120) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(100) == b"", "the connection is closed without an answer"


def test_connections_beyond_the_limit_take_the_room_of_those_that_wait(hub: HubProcess) -> None:
    held = list(opened(http_port(hub), 1_200))
    assert hub.request("GET", "/api/schema")[0] == 200
    time.sleep(2)
    assert open_ones(held) <= 1_000
    assert hub.request("GET", "/api/schema")[0] == 200
    close(held)


def test_what_is_too_large(hub: HubProcess, report: Report, seconds: float) -> None:
    head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    announced = b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999999999999\r\n\r\n"
    attacks = {
        "address": [b"GET /" + b"a" * 4_000_000],
        "one header": [head, b"X-A: " + b"b" * 4_000_000],
        "headers": [head, b"X-A: b\r\n" * 500_000],
        "announced": [announced, b"{" * 2_000_000],
        "chunks": [
            announced.replace(b"Content-Length: 999999999999", b"Transfer-Encoding: chunked"),
            b"FFFFFFFF\r\n",
        ],
    }

    def attack(until: float) -> str:
        rounds = 0
        while time.monotonic() < until or not rounds:
            for pieces in attacks.values():
                throw(http_port(hub), pieces)
            rounds += 1
        return f"{rounds * len(attacks)} times"

    judged(hub, report, seconds, "too long addresses, headers and bodies", attack)


def test_gzip_bombs(hub: HubProcess, report: Report, seconds: float) -> None:
    bomb = gzip.compress(bytes(300_000_000), 9)

    def attack(until: float) -> str:
        statuses: set[int] = set()
        while time.monotonic() < until or not statuses:
            for token in ("", "wrong"):
                for path in (
                    "/api/v2/write?bucket=telegraf",
                    "/write?db=telegraf",
                    "/api/v3/write_lp?db=telegraf",
                ):
                    headers = {"Content-Encoding": "gzip"}
                    statuses.add(hub.request("POST", path, bomb, token=token, headers=headers)[0])
        assert statuses <= {401, 413, 503}, statuses
        return f"{len(bomb):,} bytes that become 300 MB: {', '.join(map(str, sorted(statuses)))}"

    judged(hub, report, seconds, "gzip bombs, with a token and without", attack)


def test_http_that_is_none(hub: HubProcess, report: Report, seconds: float) -> None:
    dice = random.Random(8)

    def attack(until: float) -> str:
        count = 0
        while time.monotonic() < until or count < 200:
            throw(http_port(hub), [mutated(dice, REQUEST) for _ in range(dice.randint(1, 3))])
            count += 1
        return f"{count:,} connections"

    judged(hub, report, seconds, "mutated HTTP", attack)


def test_mqtt_that_is_none(plain: HubProcess, report: Report, seconds: float) -> None:
    dice = random.Random(9)

    def attack(until: float) -> str:
        count = 0
        while time.monotonic() < until or count < 200:
            first = CONNECT if dice.random() < 0.7 else mutated(dice, CONNECT)
            rest = [
                mqtt_packet(dice) if dice.random() < 0.5 else mutated(dice, dice.choice((PUBLISH, SUBSCRIBE)))
                for _ in range(dice.randint(0, 20))
            ]
            throw(plain.mqtt_port, [first, *rest])
            count += 1 + len(rest)
        return f"{count:,} packets"

    judged(plain, report, seconds, "mutated MQTT", attack)


def test_mqtt_packets_that_are_too_large(plain: HubProcess, report: Report, seconds: float) -> None:
    huge = b"\xff\xff\xff\x7f"  # 268,435,455 bytes are to come
    attacks = [
        [b"\x10" + huge, bytes(8_000_000)],
        [CONNECT, b"\x30" + huge, bytes(8_000_000)],
        [b"\x82" + huge],
    ]

    def attack(until: float) -> str:
        rounds = 0
        while time.monotonic() < until or not rounds:
            for pieces in attacks:
                throw(plain.mqtt_port, pieces)
            rounds += 1
        return f"{rounds * len(attacks)} times"

    judged(plain, report, seconds, "MQTT packets of 256 MB, announced", attack)


@pytest.mark.parametrize("door", ["HTTPS", "MQTT with TLS"])
def test_tls_that_is_none(hub: HubProcess, report: Report, seconds: float, door: str) -> None:
    dice = random.Random(10)
    port = https_port(hub) if door == "HTTPS" else hub.mqtt_port

    def attack(until: float) -> str:
        count = 0
        while time.monotonic() < until or count < 100:
            throw(port, [mutated(dice, HELLO)])
            count += 1
        with careless_tls().wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=120)) as right:
            assert right.version()
        return f"{count:,} connections"

    judged(hub, report, seconds, f"mutated TLS, {door}", attack)
