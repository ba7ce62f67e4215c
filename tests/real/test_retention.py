"""Buckets of a running hub: what is too old is refused and forgotten, what is deleted never comes back."""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.real.hub_process import HubProcess
from tests.unit.stored_points import Kept, point

HELIO = (sys.executable, "-m", "heliograph")
HANG = 120.0
"""Nothing here takes this long; it only ends a test that hangs."""
DAY = 86_400
V1, V2 = "/write?precision=s&db=", "/api/v2/write?precision=s&bucket="


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for the tests that neither stop it nor look at all of it."""
    with HubProcess(tmp_path_factory.mktemp("buckets") / "hub", "--no-agent") as running:
        yield running


@pytest.fixture
def own_hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub that seals every second."""
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.seal_interval=1s") as running:
        yield running


def until(true: Callable[[], Any], why: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def helio(hub: HubProcess, *arguments: str, status: int = 0) -> str:
    """Run one of our commands against a hub and return what it prints."""
    done = subprocess.run(
        [*HELIO, *arguments],
        env=hub.environment | {"COLUMNS": "160"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def bucket(hub: HubProcess, name: str) -> dict[str, Any] | None:
    """Return what the hub says of a bucket."""
    found = [b for b in hub.json("GET", "/api/buckets")["buckets"] if b["name"] == name]
    return found[0] if found else None


def values(hub: HubProcess, measurement: str, of: str = "telegraf") -> list[Any]:
    """Return the field v of a measurement in the order of time."""
    sql = f'SELECT v FROM "{measurement}" ORDER BY time'
    return [row[0] for row in hub.json("POST", "/api/sql", {"bucket": of, "sql": sql})["rows"]]


def write(hub: HubProcess, path: str, lines: str) -> tuple[int, dict[str, Any]]:
    status, _, answer = hub.request("POST", path, lines.encode())
    return status, json.loads(answer) if answer else {}


def publish(hub: HubProcess, lines: str, qos: int = 1) -> None:
    """Publish with mosquitto's client, which returns once the message is acknowledged."""
    address = ["-h", hub.mqtt_host, "-p", str(hub.mqtt_port)]
    command = ["mosquitto_pub", *address, "-q", str(qos), "-t", "tel/pi/lp", "-s"]
    subprocess.run(command, input=lines.encode(), check=True, timeout=HANG)


def settle(hub: HubProcess) -> None:
    """Wait until the store has applied what the streams hold."""
    until(lambda: all(s["applied_seq"] == s["last_seq"] for s in hub.status()["streams"]), "a stream stalls")


def sealed(hub: HubProcess) -> None:
    """Wait until no point is in memory only."""
    settle(hub)
    until(lambda: hub.status()["store"]["rows_hot"] == 0, "nothing is sealed")


def require_files_and_catalogue_agree(home: Path) -> None:
    """Every file of a stopped hub's store is named by the catalogue, and is there."""
    connection = sqlite3.connect(home / "catalog.db")
    named = {path for (path,) in connection.execute("SELECT path FROM segment")}
    connection.close()
    there = {str(path.relative_to(home / "segments")) for path in (home / "segments").rglob("*.*")}
    assert there == named


# --- too old -------------------------------------------------------------------------------------


def test_points_older_than_is_kept_are_refused_in_influxdbs_words(hub: HubProcess) -> None:
    helio(hub, "bucket", "create", "short", "--keep", "2h")
    now = int(time.time())
    old, young = f"m,host=a v=1 {now - 7300}", f"m,host=b v=2 {now}"
    assert write(hub, f"{V1}short", f"{old}\n{young}") == (
        400,
        {"error": "partial write: points beyond retention policy dropped=1"},
    )
    assert values(hub, "m", "short") == [2.0]
    status, answer = write(hub, f"{V2}short", f"{old}\n{old}\n{young}")
    assert (status, answer["code"]) == (422, "unprocessable entity")
    assert answer["message"] == (
        "failure writing points to database: partial write: points beyond retention policy dropped=2;"
        " 1 points were written"
    )
    status, answer = write(hub, f"{V2}short", f"{old}\nbad")
    assert (status, answer["line"]) == (400, 2)
    assert answer["message"].endswith("points beyond retention policy dropped=1")
    assert write(hub, f"{V1}short", f"bad\n{old}\n{young}")[1]["error"].endswith(
        "points beyond retention policy dropped=1"
    )
    assert write(hub, f"{V2}telegraf", old)[0] == 204, "other buckets keep it"
    hosts = hub.json("GET", "/api/devices?bucket=short")["devices"]
    assert [device["name"] for device in hosts] == ["b"]


@pytest.mark.parametrize("qos", [0, 1])
def test_points_that_come_too_old_over_mqtt_are_counted_and_can_be_seen(tmp_path: Path, qos: int) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.keep=1d") as hub:
        now = time.time_ns()
        publish(hub, f"m v=1 {now - 2 * DAY * 10**9}\nm v=2 {now}", qos)
        until(lambda: bucket(hub, "telegraf")["points"], "no point came")  # type: ignore[index]
        settle(hub)
        assert values(hub, "m") == [2.0]
        status = hub.status()
        assert status["counters"]["points_too_old"] == 1
        (refused,) = status["quarantine"]["recent"]
        assert refused["reason"] == "1 of 2 points are older than the bucket telegraf keeps"
        assert refused["device"] == "pi"
        hub.kill()
        hub.start()
        assert hub.status()["quarantine"]["total"] == 1, "a replay counts nothing twice"
        assert values(hub, "m") == ([2.0] if qos else [])


# --- forgotten -----------------------------------------------------------------------------------


def test_old_days_are_forgotten_and_stay_so_over_a_kill(own_hub: HubProcess) -> None:
    hub = own_hub
    helio(hub, "bucket", "create", "lab", "--keep", "forever")
    now = int(time.time())
    lines = [
        line
        for age in (40, 20, 3, 0)
        for line in (f"m,host=h{age} v={age} {now - age * DAY}", f"log v={age} {now - age * DAY}")
    ]
    assert write(hub, f"{V2}lab", "\n".join(lines)) == (204, {})
    assert write(hub, f"{V2}telegraf", f"m v=40 {now - 40 * DAY}")[0] == 204
    sealed(hub)
    helio(hub, "bucket", "set", "lab", "--keep", "30d", "--measurement", "lo*")
    told = helio(hub, "bucket", "set", "lab", "--keep", "10d", "--keep-1m", "10d", "--keep-1h", "10d")
    assert "10d" in told
    assert "lo*" in told
    until(lambda: values(hub, "m", "lab") == [3.0, 0.0], "nothing was forgotten")
    until(lambda: values(hub, "log", "lab") == [20.0, 3.0, 0.0], "nothing was forgotten")
    assert values(hub, "m") == [40.0]
    hosts = [d["name"] for d in hub.json("GET", "/api/devices?bucket=lab")["devices"]]
    assert hosts == ["h0", "h3", ""], "devices long gone are no devices any more"
    lab = bucket(hub, "lab")
    assert lab is not None
    assert (lab["keep_seconds"], lab["keep_is_default"], lab["points"]) == (10 * DAY, False, 5)
    assert lab["rules"] == [{"measurement": "lo*", "keep_seconds": 30 * DAY}]
    assert abs(lab["oldest_ms"] - (now - 20 * DAY) * 1000) < 1000
    assert abs(lab["next_expiry_ms"] - (now + 7 * DAY) * 1000) < 1000
    status = hub.status()
    assert status["counters"]["points_expired"] == 3
    assert [b for b in status["buckets"] if b["name"] == "lab"] == [lab]
    assert "lab" in helio(hub, "status")
    hub.kill()
    hub.start()
    assert values(hub, "m", "lab") == [3.0, 0.0]
    assert values(hub, "log", "lab") == [20.0, 3.0, 0.0]
    hub.stop()
    require_files_and_catalogue_agree(hub.home)


def test_the_settings_default_holds_for_buckets_without_a_rule(tmp_path: Path) -> None:
    now = int(time.time())
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        write(hub, f"{V2}telegraf", f"m v=1 {now - 9 * DAY}\nm v=2 {now}")
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "store.keep=7d") as hub:
        until(lambda: values(hub, "m") == [2.0], "the default is not kept to")
        assert "7d (default)" in helio(hub, "bucket", "list")


def test_the_oldest_days_make_room_when_the_folder_is_full(tmp_path: Path) -> None:
    settings = ("store.max_bytes=1MiB", "store.seal_interval=1s")
    with HubProcess(
        tmp_path / "hub", "--no-agent", *(word for each in settings for word in ("--set", each))
    ) as hub:
        generator = random.Random(1)
        now = int(time.time())
        for age in (5, 4, 3, 2, 1, 0):  # a third of a megabyte each, which nothing compresses
            lines = [
                f'm v={age},x="{generator.randbytes(500).hex()}" {now - age * DAY - i}' for i in range(650)
            ]
            assert write(hub, f"{V2}telegraf", "\n".join(lines))[0] == 204
        sealed(hub)
        helio(hub, "bucket", "set", "telegraf", "--keep", "forever")  # a turn at once, not within a minute
        until(lambda: hub.status()["counters"]["points_over_cap"], "nothing was forgotten")
        left = sorted(set(values(hub, "m")))
        status = hub.status()
        assert left, "not more than needed"
        assert left == [float(age) for age in range(len(left))], "the newest days stay"
        assert len(left) < 6
        used = status["store"]["bytes"] + sum(stream["bytes"] for stream in status["streams"])
        assert used <= status["store"]["max_bytes"] == 2**20
        (warning,) = status["warnings"]
        assert "store.max_bytes (1MiB)" in warning
        assert "reached store.max_bytes" in helio(hub, "status", status=1).replace("\n", " ")


# --- deleted -------------------------------------------------------------------------------------


def test_a_deleted_bucket_stays_deleted_and_a_new_one_is_empty(own_hub: HubProcess) -> None:
    hub = own_hub
    now = int(time.time())
    helio(hub, "bucket", "create", "lab", "--keep", "2d")
    write(hub, f"{V2}lab", f"m v=1 {now}")
    sealed(hub)
    write(hub, f"{V2}lab", f"m v=2 {now + 1}\nn v=2 {now}")
    assert "2" in helio(hub, "bucket", "list")
    assert "with 3 points" in helio(hub, "bucket", "delete", "lab", "--yes")
    assert bucket(hub, "lab") is None
    assert write(hub, f"{V2}lab", f"m v=3 {now}")[0] == 404
    hub.kill()
    hub.start()
    assert bucket(hub, "lab") is None
    helio(hub, "bucket", "create", "lab")
    created = bucket(hub, "lab")
    assert created is not None
    assert (created["points"], created["rules"], created["keep_is_default"]) == (0, [], True)
    assert write(hub, f"{V2}lab", f'm v="another type" {now}') == (204, {})
    for _ in range(2):
        hub.kill()
        hub.start()
        assert values(hub, "m", "lab") == ["another type"]
    hub.stop()
    require_files_and_catalogue_agree(hub.home)


def test_a_bucket_made_again_before_a_kill_gets_no_old_points_from_the_stream(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:  # seals after ten minutes: all is replayed
        now = int(time.time())
        helio(hub, "bucket", "create", "lab")
        write(hub, f"{V2}lab", f"m v=1 {now}")
        publish(hub, f"m v=1 {now * 10**9}")
        settle(hub)
        for name in ("lab", "telegraf"):
            helio(hub, "bucket", "delete", name, "--yes")
        helio(hub, "bucket", "create", "lab")
        write(hub, f"{V2}lab", f"m v=2 {now + 1}")
        publish(hub, f"m v=2 {now * 10**9 + 1}")
        settle(hub)
        for _ in range(2):
            assert (values(hub, "m", "lab"), values(hub, "m")) == ([2.0], [2.0])
            hub.kill()
            hub.start()
        assert (values(hub, "m", "lab"), values(hub, "m")) == ([2.0], [2.0])
        assert "cannot be applied" not in hub.log


def test_writing_goes_on_while_buckets_come_and_go(hub: HubProcess) -> None:
    """Batches under way when their bucket goes are of no bucket; the others are not touched."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, hub.http_url, hub.token], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    for _ in range(15):
        hub.request("POST", "/api/buckets", {"name": "busy"})
        until(lambda: (bucket(hub, "busy") or {"points": 0})["points"] > 3, "nothing is written")
        assert hub.request("DELETE", "/api/buckets/busy")[0] == 200
    out, _ = writer.communicate(b"stop\n", timeout=HANG)
    answers = json.loads(out)
    assert set(answers) == {"204", "404"}, answers
    settle(hub)
    assert hub.status()["warnings"] == []
    assert write(hub, f"{V2}telegraf", "after v=1")[0] == 204
    assert values(hub, "after") == [1.0]


WRITER = """
import collections, json, select, sys, urllib.error, urllib.request
answers, number = collections.Counter(), 0
while not select.select([sys.stdin], [], [], 0)[0]:
    number += 1
    body, headers = f"m{number % 7} f{number % 5}=1".encode(), {"Authorization": "Token " + sys.argv[2]}
    request = urllib.request.Request(sys.argv[1] + "/api/v2/write?bucket=busy", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            answers[answer.status] += 1
    except urllib.error.HTTPError as error:
        answers[error.code] += 1
print(json.dumps(answers))
"""


# --- who may, and what may be asked --------------------------------------------------------------


def test_only_the_operator_and_the_hubs_own_page_change_buckets(hub: HubProcess) -> None:
    stranger = {"Origin": "http://evil.example"}
    for method, path, body in (
        ("POST", "/api/buckets", {"name": "evil"}),
        ("PATCH", "/api/buckets/telegraf", {"keep_seconds": 3600}),
        ("DELETE", "/api/buckets/telegraf", None),
    ):
        assert hub.request(method, path, body, token=None)[0] == 401
        assert hub.request(method, path, body, headers=stranger)[0] == 401
    assert hub.request("GET", "/api/buckets", token=None)[0] == 401
    assert bucket(hub, "evil") is None
    assert (bucket(hub, "telegraf") or {})["keep_is_default"]
    assert hub.request("POST", "/api/buckets", {"name": "own"}, headers={"Origin": hub.http_url})[0] == 201


@pytest.mark.parametrize("name", ["", "_system", "a\\b", 'a"b', "a\nb", "x" * 65, None, 5, ".", "..", "-x"])
def test_names_that_are_none_are_refused(hub: HubProcess, name: object) -> None:
    status, _, answer = hub.request("POST", "/api/buckets", {"name": name})
    assert (status, json.loads(answer)["code"]) == (400, "invalid")


@pytest.mark.parametrize("name", ["a", "Wohnzimmer süd", "a.b", "a/b", "a%2Fb", "a b", "x" * 64, "1", "日"])
def test_any_other_name_is_a_bucket(hub: HubProcess, name: str) -> None:
    helio(hub, "bucket", "create", name, "--keep", "1d")
    assert write(hub, f"{V2}{quote(name)}", "m v=1") == (204, {})
    asked = {"bucket": name, "sql": "SELECT v FROM m"}
    assert hub.json("POST", "/api/sql", asked)["rows"] == [[1.0]]
    helio(hub, "bucket", "set", name, "--keep", "2d")
    assert (bucket(hub, name) or {})["keep_seconds"] == 2 * DAY
    helio(hub, "bucket", "delete", name, "--yes")
    assert bucket(hub, name) is None


@pytest.mark.parametrize("keep", [3599, -1, 1.5, True, "1d", 36_500 * DAY + 1])
def test_durations_that_are_none_are_refused(hub: HubProcess, keep: object) -> None:
    for method, path, body in (
        ("POST", "/api/buckets", {"name": "never", "keep_seconds": keep}),
        ("PATCH", "/api/buckets/telegraf", {"keep_seconds": keep}),
    ):
        status, _, answer = hub.request(method, path, body)
        assert status == 400
        assert "keep_seconds must be" in json.loads(answer)["message"]
    assert hub.request("PATCH", "/api/buckets/telegraf", {})[0] == 400
    assert hub.request("PATCH", "/api/buckets/telegraf", {"keep_seconds": 0, "measurement": 5})[0] == 400
    assert bucket(hub, "never") is None


def test_what_is_not_there_and_what_is_there_already(hub: HubProcess) -> None:
    assert hub.request("PATCH", "/api/buckets/nope", {"keep_seconds": 0})[0] == 404
    assert hub.request("DELETE", "/api/buckets/nope")[0] == 404
    assert hub.request("POST", "/api/buckets", {"name": "telegraf"})[0] == 409
    assert 'bucket "nope" not found' in helio(hub, "bucket", "delete", "nope", "--yes", status=1)


def test_rules_are_removed_by_default(hub: HubProcess) -> None:
    helio(hub, "bucket", "create", "ruled", "--keep", "5d")
    helio(hub, "bucket", "set", "ruled", "--measurement", "cpu*", "--keep", "forever")
    assert (bucket(hub, "ruled") or {})["rules"] == [{"measurement": "cpu*", "keep_seconds": 0}]
    helio(hub, "bucket", "set", "ruled", "--measurement", "cpu*", "--keep", "default")
    helio(hub, "bucket", "set", "ruled", "--keep", "default")
    ruled = bucket(hub, "ruled") or {}
    assert (ruled["rules"], ruled["keep_is_default"]) == ([], True)
    assert "duration such as" in helio(hub, "bucket", "set", "ruled", "--keep", "soon", status=2)


def test_deleting_asks_for_the_name(hub: HubProcess) -> None:
    helio(hub, "bucket", "create", "precious")
    assert "--yes" in helio(hub, "bucket", "delete", "precious", status=2)
    for typed, status in (("no", 1), ("precious", 0)):
        assert bucket(hub, "precious") is not None
        keyboard, terminal = pty.openpty()
        os.write(keyboard, f"{typed}\n".encode())
        command = [*HELIO, "bucket", "delete", "precious"]
        done = subprocess.run(
            command, env=hub.environment, stdin=terminal, capture_output=True, timeout=HANG, check=False
        )
        os.close(keyboard)
        os.close(terminal)
        assert done.returncode == status
    assert bucket(hub, "precious") is None


# --- kill -9 in the middle of forgetting ------------------------------------------------------------

DAYS = 500
FORGETTER = f"""
import sys
from pathlib import Path
from heliograph.store import store, forgetting
from heliograph.store.database import Database
from heliograph.store.duck import Duck
forgetting.FORGET_AT_ONCE = 1
segments, catalog = Path(sys.argv[1]) / "segments", Path(sys.argv[1]) / "catalog.db"
duck = Duck((segments,), memory_bytes=2**26, threads=1)
kept = store.Store(segments, Database(catalog), duck, seal_rows=1_000)
kept.set_rule("telegraf", "m", {DAY * 10**9})
kept.forgetting.expire({DAYS * DAY * 10**9})
print("done")
"""


def test_a_kill_in_the_middle_of_forgetting_leaves_no_half(tmp_path: Path) -> None:
    points = [point("m", day * DAY * 10**9, {"day": str(day)}, v=day) for day in range(DAYS)]
    points += [point("n", day * DAY * 10**9, v=day) for day in range(3)]
    with Kept(tmp_path) as kept:
        kept.write(*points)
        kept.store.seal()
        whole = kept.rows("m")
        untouched = kept.rows("n")
    process = subprocess.Popen([sys.executable, "-c", FORGETTER, str(tmp_path)], stdout=subprocess.PIPE)
    reader = sqlite3.connect(tmp_path / "catalog.db")

    def left() -> int:
        return int(reader.execute("SELECT count(*) FROM segment WHERE measurement = 'm'").fetchone()[0])

    until(lambda: left() < DAYS - 20, "nothing is forgotten")
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=HANG)
    assert out == b"", "the kill came too late to be in the middle"
    count = left()
    reader.close()
    assert 1 < count < DAYS - 20
    with Kept(tmp_path) as kept:
        named = {tmp_path / "segments" / path for (path,) in kept.database.rows("SELECT path FROM segment")}
        assert set(kept.files) == named
        rows = kept.rows("m")
        oldest_ns = (DAYS - count) * DAY * 10**9
        assert rows == {key: fields for key, fields in whole.items() if key[1] >= oldest_ns}
        with kept.store.reading() as catalogue:
            assert set(catalogue.series["telegraf", "m"]) == {series for series, _ in rows}
        kept.store.forgetting.expire(DAYS * DAY * 10**9)
        assert [time_ns // (DAY * 10**9) for _, time_ns in kept.rows("m")] == [DAYS - 1]
        assert kept.rows("n") == untouched
