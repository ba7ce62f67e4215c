"""Damaged files: the hub starts, says what is lost, and goes on with all the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000
BATCHES, ROWS = 30, 20
UNSEALED = ("--no-agent", "--set", "store.seal_interval=1h")
Change = Callable[[bytes], bytes]


def fill(hub: HubProcess) -> None:
    for first in range(0, BATCHES * ROWS, ROWS):
        assert hub.write("\n".join(f"m v={i}i {T + i}" for i in range(first, first + ROWS))) == 204


def found(hub: HubProcess) -> list[int]:
    return [value for (value,) in hub.sql("SELECT v FROM m ORDER BY v")]


def goes_on(hub: HubProcess) -> None:
    """New points are taken, visible, and there after a restart."""
    before = found(hub)
    assert hub.write(f"m v=1000000i {T - 1}") == 204
    assert found(hub) == [*before, 1_000_000]
    hub.kill()
    hub.start()
    assert found(hub) == [*before, 1_000_000]


def flipped(at: int) -> Change:
    def change(content: bytes) -> bytes:
        at_ = at % len(content)
        return content[:at_] + bytes([content[at_] ^ 4]) + content[at_ + 1 :]

    return change


def changed(path: Path, change: Change) -> None:
    path.write_bytes(change(path.read_bytes()))


def test_a_flipped_bit_in_a_segment_costs_that_segment_and_is_told(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", "stream.keep=0s") as hub:
        fill(hub)
        hub.stop()
        hub.start()
        assert hub.write(f"m v=9999i {T + 86_400 * 10**9}") == 204
        hub.stop()
        [first, _] = sorted((hub.home / "segments").rglob("*.parquet"))
        changed(first, flipped(first.stat().st_size // 2))
        hub.start()
        while not (warnings := hub.status()["warnings"]):
            pass
        assert "a segment of telegraf/m was damaged" in warnings[0]
        assert f"{BATCHES * ROWS} points" in warnings[0]
        assert found(hub) == [9999]
        assert list((hub.home / "damaged").rglob("*.parquet"))
        assert "damaged/telegraf/m/" in hub.log
        goes_on(hub)


def test_a_query_over_a_segment_that_was_cut_off_is_answered_without_it(hub: HubProcess) -> None:
    fill(hub)
    hub.stop()
    hub.start()
    while hub.status()["store"]["rows_hot"]:
        pass
    [path] = (hub.home / "segments").rglob("*.parquet")
    changed(path, lambda content: content[:-20])
    assert hub.write(f"m v=9999i {T + 1}") == 204
    asked = {"id": "a", "measurement": "m", "fields": ["v"], "fn": "max"}
    span = {"start_ms": T // 10**6, "end_ms": T // 10**6 + 60_000, "interval_ms": 60_000}
    [answer] = hub.json("POST", "/api/query", span | {"queries": [asked]})["results"]
    assert answer["series"][0]["values"] == [9999]
    assert "damaged" in " ".join(hub.status()["warnings"])


def asked_by(hub: HubProcess, way: str, name: str) -> str:
    """Return the answer to how many points a measurement has, as it came."""
    bodies: dict[str, tuple[str, dict[str, object]]] = {
        "SQL": ("/api/sql", {"sql": f"SELECT count(time::VARCHAR) FROM {name}"}),
        "SQL of InfluxDB 3": (
            "/api/v3/query_sql",
            {"db": "telegraf", "q": f"SELECT count(time::VARCHAR) FROM {name}"},
        ),
        "Flux": (
            "/api/v2/query?org=helio",
            {
                "type": "flux",
                "query": 'from(bucket: "telegraf") |> range(start: 0)'
                f' |> filter(fn: (r) => r._measurement == "{name}") |> count()',
            },
        ),
        "a count": ("/api/delete", {"predicate": f'_measurement="{name}"', "count_only": True}),
    }
    if way == "InfluxQL":
        status, _, body = hub.request("GET", f"/query?db=telegraf&q=SELECT%20count(v)%20FROM%20{name}")
    else:
        status, _, body = hub.request("POST", *bodies[way])
    assert status == 200, body
    return body.decode()


WAYS = ["SQL", "SQL of InfluxDB 3", "Flux", "a count", "InfluxQL"]


def test_every_way_of_asking_sets_a_damaged_segment_aside(hub: HubProcess) -> None:
    names = [f"m{number}" for number in range(len(WAYS))]
    assert hub.write("\n".join(f"{name} v={i}i {T + i}" for name in names for i in range(137))) == 204
    hub.stop()
    hub.start()
    for way, name in zip(WAYS, names, strict=True):
        [path] = (hub.home / "segments/telegraf" / name).glob("*.parquet")
        changed(path, flipped(-1))
        assert hub.write("\n".join(f"{name} v=1i {T + 1000 + i}" for i in range(29))) == 204
        answer = asked_by(hub, way, name)
        assert "29" in answer, way
        assert "166" not in answer, way
        assert f"a segment of telegraf/{name} was damaged" in " ".join(hub.status()["warnings"])


@pytest.mark.parametrize("name", ["meta.inf", "meta.sum", "msgs/index.db"])
@pytest.mark.parametrize(
    "change", [flipped(9), lambda content: content[:7], lambda _: b""], ids=["flip", "cut", "empty"]
)
def test_a_damaged_description_of_a_stream_costs_nothing(hub: HubProcess, name: str, change: Change) -> None:
    hub._arguments = UNSEALED
    fill(hub)
    hub.kill()
    changed(hub.home / "nats/jetstream/$G/streams/LP" / name, change)
    hub.start()
    assert found(hub) == list(range(BATCHES * ROWS))
    goes_on(hub)


@pytest.mark.parametrize(
    ("part", "lost"),
    [("length", {10}), ("payload", set(range(10, BATCHES)))],
    ids=["the reader cannot give one message", "the rest of the file is cut off"],
)
def test_a_flipped_bit_in_a_stream_costs_what_nats_server_gives_up_and_is_told(
    hub: HubProcess, part: str, lost: set[int]
) -> None:
    hub._arguments = UNSEALED
    fill(hub)
    hub.kill()
    block = hub.home / "nats/jetstream/$G/streams/LP/msgs/1.blk"
    content = block.read_bytes()
    at = -1
    for _ in range(11):  # to the eleventh message
        at = content.index(b"lp.telegraf", at + 1)
    changed(block, flipped(at + (12 if part == "length" else 120)))
    hub.start()
    told = " ".join(hub.status()["warnings"])
    assert ("1 acknowledged messages are lost" if part == "length" else "off the stream LP") in told
    assert found(hub) == [i for i in range(BATCHES * ROWS) if i // ROWS not in lost]
    goes_on(hub)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"\0" * 9_000 + content[9_000:],
        lambda _: b"",
    ],
    ids=["cut", "without its first pages", "empty"],
)
def test_a_damaged_catalogue_is_made_anew_and_costs_no_point(hub: HubProcess, change: Change) -> None:
    fill(hub)
    hub.stop()
    copy = hub.home / "catalog.db.good"
    copy.unlink(missing_ok=True)
    hub.start()
    while not copy.exists():
        hub.status()
    assert hub.write(f"other v=1 {T}") == 204
    hub.stop()  # sealed after the copy was made
    hub.start()
    assert hub.write(f"m v=5000i {T + 5000}") == 204
    hub.kill()
    changed(hub.home / "catalog.db", change)
    for beside in ("-wal", "-shm"):
        (hub.home / f"catalog.db{beside}").unlink(missing_ok=True)
    hub.start()
    assert "catalogue was damaged" in " ".join(hub.status()["warnings"])
    assert found(hub) == [*range(BATCHES * ROWS), 5000]
    assert hub.sql("SELECT v FROM other") == [[1]]
    goes_on(hub)
