"""Line protocol over HTTP, asked as InfluxDB's clients ask and answered as they expect."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
LIMIT = 64 * 1024


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for all tests of this file; each writes measurements of its own."""
    folder = tmp_path_factory.mktemp("write")
    with HubProcess(folder / "hub", "--no-agent", "--set", "limits.body_bytes=64KiB") as running:
        yield running


def post(hub: HubProcess, path: str, body: str | bytes, **headers: str) -> tuple[int, dict[str, str], Any]:
    """Return status, headers and JSON of an answer."""
    data = body.encode() if isinstance(body, str) else body
    status, answered, raw = hub.request(
        "POST", path, data, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    return status, answered, json.loads(raw) if raw else None


V1, V2 = "/write?db=telegraf", "/api/v2/write?org=any&bucket=telegraf"


@pytest.mark.parametrize("path", [V1, V2])
def test_points_are_there_when_the_write_is_answered(hub: HubProcess, path: str) -> None:
    name = "at_once_" + path[1]
    for i in range(6):
        assert post(hub, path, f"{name},host=a v={i}i {T + i}")[::2] == (204, None)
        assert hub.sql(f"SELECT count(*), max(v) FROM {name}") == [[i + 1, i]]


def test_v1_keeps_the_good_lines_and_tells_the_bad_one(hub: HubProcess) -> None:
    status, headers, body = post(hub, V1, f"w1 v=1 {T}\nw1\nw1 v=2 {T + 1}")
    assert status == 400
    assert body["error"].startswith("partial write: unable to parse 'w1': missing fields")
    assert body["error"].endswith("(line 2, column 3) dropped=0")
    assert headers["x-influxdb-error"] == body["error"]
    assert hub.sql("SELECT v FROM w1 ORDER BY v") == [[1.0], [2.0]]


@covers("HTTP, InfluxDB 2.x", "`/api/v2/write`: good lines stay, bad ones are told with line and column")
def test_v2_keeps_the_good_lines_and_tells_line_and_column(hub: HubProcess) -> None:
    status, headers, body = post(hub, V2, f"w2 v=1 {T}\nw2 v=2 {T + 1}\nw2 v=oops {T}\nw2")
    assert status == 400
    assert (body["code"], body["line"], body["column"]) == ("invalid", 3, 6)
    assert "line 3, column 6" in body["message"]
    assert "line 4, column 3" in body["message"]
    assert "2 points were written" in body["message"]
    assert headers["x-platform-error-code"] == "invalid"
    assert hub.sql("SELECT v FROM w2 ORDER BY v") == [[1.0], [2.0]]


def test_when_all_lines_are_bad_nothing_is_written(hub: HubProcess) -> None:
    status, _, body = post(hub, V1, "w3\nw3 v=")
    assert (status, body["error"][:28]) == (400, "unable to parse 'w3': missin")
    assert "\n" in body["error"]
    status, _, body = post(hub, V2, "w3\nw3 v=")
    assert (status, body["line"]) == (400, 1)
    assert "were written" not in body["message"]
    assert "w3" not in [m["name"] for m in hub.json("GET", "/api/schema")["measurements"]]


def test_of_many_bad_lines_some_are_told_and_all_are_counted(hub: HubProcess) -> None:
    for path in (V1, V2):
        text = json.dumps(post(hub, path, "w4\n" * 150)[2])
        assert text.count("w4") == 10
        assert "and 140 more" in text


@covers("HTTP, InfluxDB 2.x", "`/api/v2/write`: 422 for a field of another type")
def test_a_field_keeps_its_type(hub: HubProcess) -> None:
    assert post(hub, V2, f"w5 v=1 {T}")[0] == 204
    conflict = 'field type conflict: input field "v" on measurement "w5" is type string, already exists as'
    conflict += " type float"
    status, headers, body = post(hub, V1, f'w5 v=2 {T + 1}\nw5 v="x" {T + 2}')
    assert (status, body) == (400, {"error": f"partial write: {conflict} dropped=1"})
    assert headers["x-influxdb-error"] == body["error"]
    assert post(hub, V1, f'w5 v="x" {T + 2}')[2] == body, "also when nothing else came"
    status, headers, body = post(hub, V2, f'w5 v="x" {T + 2}\nw5 v=3 {T + 3}')
    assert (status, body["code"], body["line"]) == (422, "unprocessable entity", 1)
    assert body["message"].startswith("failure writing points to database: partial write: ")
    assert conflict in body["message"]
    assert hub.sql("SELECT v FROM w5 ORDER BY v") == [[1.0], [2.0], [3.0]]


def test_types_of_one_batch_may_not_differ_either(hub: HubProcess) -> None:
    assert post(hub, V2, f"w6 v=1i {T}\nw6 v=1 {T + 1}")[0] == 422
    assert hub.sql("SELECT v FROM w6") == [[1]]


def test_buckets_and_databases_that_do_not_exist(hub: HubProcess) -> None:
    status, _, body = post(hub, "/write?db=nope", "m v=1")
    assert (status, body) == (404, {"error": 'database not found: "nope"'})
    assert post(hub, "/write", "m v=1")[::2] == (400, {"error": "database is required"})
    status, _, body = post(hub, "/api/v2/write?org=x&bucket=nope", "m v=1")
    assert (status, body["code"], body["message"]) == (404, "not found", 'bucket "nope" not found')
    status, _, body = post(hub, "/api/v2/write?org=x", "m v=1")
    assert (status, body["code"]) == (404, "not found")


@covers("HTTP, InfluxDB 1.x", "`/write` with `precision`")
@pytest.mark.parametrize(
    ("path", "unit"),
    [
        *[
            (f"{V1}&precision={p}", n)
            for p, n in (("n", 1), ("ns", 1), ("u", 10**3), ("ms", 10**6), ("s", 10**9))
        ],
        *[
            (f"{V1}&precision={p}", n)
            for p, n in (("m", 60 * 10**9), ("h", 3600 * 10**9), ("", 1), ("odd", 1))
        ],
        *[(f"{V2}&precision={p}", n) for p, n in (("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9))],
        (V2, 1),
    ],
)
def test_precision(hub: HubProcess, path: str, unit: int) -> None:
    name = "p" + "".join(c if c.isalnum() else "_" for c in path)
    assert post(hub, path, f"{name} v=1 1234")[0] == 204
    assert hub.sql(f"SELECT epoch_ns(time) FROM {name}") == [[1234 * unit]]


@covers("HTTP, InfluxDB 2.x", "`/api/v2/write` with `precision`")
def test_v2_refuses_a_precision_that_it_does_not_know(hub: HubProcess) -> None:
    for unit in ("h", "n", "u", "minutes"):
        status, _, body = post(hub, f"{V2}&precision={unit}", "m v=1 1")
        assert (status, body["code"]) == (400, "invalid")
        assert "ns, us, ms, and s" in body["message"]


@covers("HTTP, InfluxDB 1.x", "bodies compressed by gzip")
@pytest.mark.parametrize("path", [V1, V2])
def test_gzip(hub: HubProcess, path: str) -> None:
    name = "gz" + path[1]
    lines = [f"{name} v={i} {T + i}\n".encode() for i in range(100)]
    packed = b"".join(gzip.compress(line) for line in lines)
    assert post(hub, path, packed, Content_Encoding="gzip")[0] == 204
    assert hub.sql(f"SELECT count(*) FROM {name}") == [[100]]
    for bad in (b"m v=1", gzip.compress(b"m v=1")[:-4]):
        status, _, body = post(hub, path, bad, Content_Encoding="gzip")
        assert status == 400
        assert "gzip" in json.dumps(body)


@covers("HTTP, InfluxDB 1.x", "413 for bodies that are too large")
@pytest.mark.parametrize("path", [V1, V2])
def test_bodies_over_the_limit(hub: HubProcess, path: str) -> None:
    bomb = gzip.compress(bytes(80 * 2**20))
    assert len(bomb) > LIMIT  # the packed size is over it as well
    small_bomb = gzip.compress(b"m v=1\n" * 20_000)
    assert len(small_bomb) < LIMIT
    line = f"m v=1 {T}\n".encode()
    for body, encoding in (
        (line * (LIMIT // len(line) + 1), "identity"),
        (bomb, "gzip"),
        (small_bomb, "gzip"),
        (bytes(20 * LIMIT), "identity"),
    ):
        status, _, answer = post(hub, path, body, Content_Encoding=encoding)
        assert status == 413, answer
        assert "65,536 bytes" in json.dumps(answer)
    if path == V2:
        assert answer["code"] == "request too large"
    assert "m" not in [m["name"] for m in hub.json("GET", "/api/schema")["measurements"]]


def test_a_chunked_body_over_the_limit(hub: HubProcess) -> None:
    connection = http.client.HTTPConnection(urlsplit(hub.http_url).netloc, timeout=120)
    chunks = (b"m v=1\n" * 1_000 for _ in range(20))
    connection.request("POST", V2, chunks, {"Authorization": f"Token {hub.token}"}, encode_chunked=True)
    with connection.getresponse() as answer:
        assert answer.status == 413
    connection.close()


def basic(hub: HubProcess, user: str = "any") -> str:
    return "Basic " + base64.b64encode(f"{user}:{hub.token}".encode()).decode()


@covers("HTTP, InfluxDB 1.x", "the token as Basic, `u` and `p`, `Token`, `Token user:…`, Bearer")
def test_the_token_in_every_form(hub: HubProcess) -> None:
    for sent in (
        f"Token {hub.token}",
        f"Token any:{hub.token}",
        f"Bearer {hub.token}",
        basic(hub),
        basic(hub, ""),
    ):
        for path in (V1, V2):
            assert (
                hub.request("POST", path, b"auth v=1", token=None, headers={"Authorization": sent})[0] == 204
            )
    assert hub.request("POST", f"{V1}&u=any&p={hub.token}", b"auth v=1", token=None)[0] == 204


def test_without_the_token(hub: HubProcess) -> None:
    wrong = "Basic " + base64.b64encode(b"any:wrong").decode()
    headers: dict[str, str]
    for headers in (
        {},
        {"Authorization": "Token wrong"},
        {"Authorization": wrong},
        {"Authorization": "Token"},
    ):
        status, answered, body = hub.request("POST", V1, b"never v=1", token=None, headers=headers)
        assert status == 401
        assert answered["www-authenticate"] == 'Basic realm="InfluxDB"'
        assert "helio token" in json.loads(body)["error"]
        status, answered, body = hub.request("POST", V2, b"never v=1", token=None, headers=headers)
        assert (status, json.loads(body)["code"]) == (401, "unauthorized")
        assert answered["x-platform-error-code"] == "unauthorized"
    assert hub.request("POST", f"{V1}&u=any&p=wrong", b"never v=1", token=None)[0] == 401
    assert hub.request("POST", V2, bytes(20 * LIMIT), token="wrong")[0] == 401, (
        "a large batch learns it as well"
    )
    assert "never" not in [m["name"] for m in hub.json("GET", "/api/schema")["measurements"]]


def test_a_batch_that_is_sent_twice_is_stored_once(hub: HubProcess) -> None:
    body = "\n".join(f"twice,host=h{i % 3} v={i},w={i}i {T + i}" for i in range(500))
    for _ in range(3):
        assert post(hub, V2, body)[0] == 204
    assert hub.sql("SELECT count(*), sum(w) FROM twice") == [[500, sum(range(500))]]


def test_fields_that_come_apart_are_one_point(hub: HubProcess) -> None:
    post(hub, V2, f"apart,host=a x=1,y=1 {T}")
    post(hub, V2, f"apart,host=a y=2,z=3 {T}")
    assert hub.sql("SELECT x, y, z FROM apart") == [[1.0, 2.0, 3.0]]


def test_nothing_to_write_is_no_error(hub: HubProcess) -> None:
    for body in ("", "\n\n", "# only a comment\n"):
        assert post(hub, V2, body)[0] == 204
        assert post(hub, V1, body)[0] == 204


def test_bytes_that_are_no_text_are_refused_line_by_line(hub: HubProcess) -> None:
    status, _, body = post(hub, V2, b"bytes v=1 1\nbytes,t=\xff\xfe v=2 2\n")
    assert (status, body["line"]) == (400, 2)
    status, headers, body = post(hub, V1, b"bytes\r\x00Set-Cookie: x=1 \xff\n")
    assert status == 400
    assert "set-cookie" not in headers
    assert headers["x-influxdb-error"].isprintable()


def test_eight_clients_at_once(hub: HubProcess) -> None:
    statuses: list[int] = []

    def write(client: int) -> None:
        for number in range(25):
            lines = "\n".join(
                f"many,client=c{client} v={number * 10 + i}i {T + number * 10 + i}" for i in range(10)
            )
            statuses.append(hub.write(lines))

    clients = [threading.Thread(target=write, args=(client,)) for client in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(120)
    assert statuses == [204] * 200
    assert hub.sql("SELECT count(*), count(DISTINCT client), sum(v) FROM many") == [
        [2_000, 8, 8 * sum(range(250))]
    ]


def test_new_fields_from_all_sides_at_once_get_one_type(hub: HubProcess) -> None:
    results: dict[int, int] = {}

    def write(client: int) -> None:
        value = "1i" if client % 2 else "1.5"
        results[client] = hub.write(f"race,client=c{client} v={value} {T}")

    clients = [threading.Thread(target=write, args=(client,)) for client in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(120)
    winners = {client % 2 for client, status in results.items() if status == 204}
    assert len(winners) == 1
    assert sorted(results.values()) == [204] * 4 + [422] * 4
    assert hub.sql("SELECT count(*) FROM race") == [[4]]


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(hub: HubProcess) -> None:
    address = urlsplit(hub.http_url)
    for _ in range(5):
        with socket.create_connection((address.hostname, address.port), timeout=120) as raw:
            head = f"POST {V2} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Token {hub.token}\r\n"
            raw.sendall(f"{head}Content-Length: 1000\r\n\r\nhalf v=1 {T}\n".encode())
    assert post(hub, V2, f"whole v=1 {T}")[0] == 204
    assert "half" not in [m["name"] for m in hub.json("GET", "/api/schema")["measurements"]]
    assert "Traceback" not in hub.log


def test_a_batch_too_large_for_the_stream_is_refused_for_good(tmp_path: Path) -> None:
    """Up to the last byte: a message just over nats-server's limit would cut the hub's own connection."""
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "limits.payload_bytes=16KiB") as hub:
        limit = 16 * 1024 + 64 * 1024  # with nats-server's room for headers
        for size in (limit - 4_000, limit - 100, limit - 1, limit, limit + 1, 2 * limit):
            line = b'large s="' + b"x" * (size - 62) + b'"'
            packed = gzip.compress(line, 0)
            assert abs(len(packed) - size) < 60
            status, _, body = post(hub, V2, packed, Content_Encoding="gzip")
            assert (status, body["code"]) == (413, "request too large"), size
            assert "smaller batches" in body["message"]
            assert hub.write(f"small v=1 {T}") == 204
