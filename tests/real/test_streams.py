"""Streams of a real hub as programs read them: in order, each at its own speed, over restarts."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph import Stream
from heliograph.app.streams.stream import StreamMessage
from heliograph.errors import ConfigError, HubError
from tests.real.hub_process import HubProcess


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    with HubProcess(tmp_path / "hub", "--no-agent") as running:
        yield running


def publish(hub: HubProcess, first: int, last: int, topic: str = "lab/n") -> None:
    lines = "".join(f"{n}\n" for n in range(first, last + 1))
    command = [
        sys.executable,
        "-m",
        "heliograph",
        "pub",
        "-p",
        str(hub.mqtt_port),
        "-t",
        topic,
        "-q",
        "1",
        "-l",
    ]
    subprocess.run(command, input=lines.encode(), check=True, env=hub.environment, timeout=120)


def stream(hub: HubProcess, name: str = "mqtt", **options: object) -> Stream:
    return Stream(name, url=hub.http_url, token=hub.token, **options)  # type: ignore[arg-type]


async def read(some: Stream, count: int) -> list[StreamMessage]:
    """Return so many messages; there are as many."""
    found: list[StreamMessage] = []
    async with asyncio.timeout(120):
        async for message in some:
            found.append(message)
            if len(found) == count:
                break
    return found


async def test_all_of_a_stream_comes_in_order_from_a_place(hub: HubProcess) -> None:
    publish(hub, 1, 300)
    every = [message.text async for message in stream(hub, since="1h", follow=False, batch=70)]
    assert every == [str(n) for n in range(1, 301)]
    later = [message.seq async for message in stream(hub, from_seq=250, follow=False)]
    assert later == list(range(250, 301))
    assert [m async for m in stream(hub, follow=False)] == [], "nothing came since"
    publish(hub, 1, 2, "other/n")
    filtered = [m.topic async for m in stream(hub, since="1h", topic="other/+", follow=False, batch=50)]
    assert filtered == ["other/n"] * 2


async def test_batches_over_http_are_read_as_they_were_written(hub: HubProcess) -> None:
    assert hub.write("m v=1 7", precision="s") == 204
    (message,) = [m async for m in stream(hub, "lp", since="1h", follow=False)]
    assert (message.bucket, message.precision, message.text) == ("telegraf", "s", "m v=1 7")


async def test_consumers_go_on_behind_their_last_ack_and_do_not_wait_for_each_other(hub: HubProcess) -> None:
    async with stream(hub, consumer="quick") as quick, stream(hub, consumer="slow") as slow:
        publish(hub, 1, 100)
        taken = await read(quick, 100)
        await quick.ack(taken[-1])
        await slow.ack((await read(slow, 10))[6])
    hub.kill()
    hub.start()
    publish(hub, 101, 120)
    again = await read(stream(hub, consumer="quick"), 20)
    assert [m.text for m in again] == [str(n) for n in range(101, 121)]
    behind = await read(stream(hub, consumer="slow"), 113)
    assert [m.text for m in behind] == [str(n) for n in range(8, 121)]
    mqtt = hub.json("GET", "/api/streams")["streams"][0]
    assert {one["name"]: one["waiting"] for one in mqtt["consumers"]} == {"quick": 20, "slow": 113}


async def test_a_reader_lives_through_a_kill_of_the_hub(hub: HubProcess) -> None:
    async with stream(hub) as reader:
        publish(hub, 1, 50)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read(reader, 100))
            await asyncio.to_thread(hub.kill)
            await asyncio.to_thread(hub.start)
            await asyncio.to_thread(publish, hub, 51, 100)
    assert [m.text for m in reading.result()] == [str(n) for n in range(1, 101)]


async def test_what_is_asked_wrongly_is_told(hub: HubProcess) -> None:
    with pytest.raises(ConfigError, match="one of them"):
        stream(hub, since="1h", from_seq=3)
    with pytest.raises(ConfigError, match="mqtt, lp was expected"):
        await read(stream(hub, "other"), 1)
    with pytest.raises(ConfigError, match="consumer's name"):
        await stream(hub).ack(3)
    with pytest.raises(HubError, match="ends at 0"):
        async with stream(hub, consumer="c") as some:
            await some.ack(3)
    with pytest.raises(HubError, match="reads the stream mqtt"):
        await read(stream(hub, "lp", consumer="c"), 1)


def helio(hub: HubProcess, *arguments: str) -> str:
    command = [sys.executable, "-m", "heliograph", "stream", *arguments]
    done = subprocess.run(command, capture_output=True, check=True, env=hub.environment, timeout=120)
    return done.stdout.decode()


def test_the_command_replays_both_streams_by_time(hub: HubProcess) -> None:
    publish(hub, 1, 1)
    assert hub.write("m v=2") == 204
    publish(hub, 3, 3)
    lines = [line.split(" ", 1)[1] for line in helio(hub, "replay").splitlines()]
    assert lines == ["lab/n 1", "telegraf m v=2", "lab/n 3"]
    assert helio(hub, "consumer", "add", "c", "--since", "1h") == "c reads mqtt, 2 messages wait for it.\n"
    assert helio(hub, "consumer", "next", "c", "--count", "1").endswith("lab/n 1\n")
    assert helio(hub, "consumer", "next", "c", "--no-ack").endswith("lab/n 3\n")
    assert helio(hub, "consumer", "next", "c").endswith("lab/n 3\n")
    assert helio(hub, "consumer", "next", "c") == ""
    assert "c " in helio(hub, "info", "mqtt")
    assert helio(hub, "consumer", "rm", "c") == "Removed the consumer c.\n"


async def test_a_token_reads_its_part_and_has_consumers_of_its_own(hub: HubProcess) -> None:
    publish(hub, 1, 3, "lab/n")
    publish(hub, 4, 6, "attic/n")
    for bucket in ("mine", "theirs"):
        assert hub.request("POST", "/api/buckets", {"name": bucket})[0] == 201
        assert hub.write(f"m v={len(bucket)}", bucket=bucket) == 204
    rights = {"permissions": [{"action": "read", "resource": {"type": "buckets", "name": "mine"}}]}
    made = hub.request("POST", "/api/v2/authorizations", rights | {"subscribe": ["lab/#"]})[2]
    token = json.loads(made)["token"]

    def own(name: str, **options: object) -> Stream:
        return Stream(name, url=hub.http_url, token=token, since="1h", **options)  # type: ignore[arg-type]

    assert [m.text async for m in own("mqtt", follow=False)] == ["1", "2", "3"]
    assert [m.bucket async for m in own("lp", follow=False)] == ["mine"]
    async with own("mqtt", consumer="reader") as reader:
        await reader.ack((await read(reader, 2))[-1])
    async with stream(hub, consumer="operators"):
        pass
    shown = json.loads(hub.request("GET", "/api/streams", token=token)[2])["streams"]
    assert [one["name"] for each in shown for one in each["consumers"]] == ["reader"]
    assert hub.request("DELETE", "/api/consumers/operators", token=token)[0] == 404
    taken = hub.request("POST", "/api/consumers", {"name": "operators"}, token=token)
    assert taken[0] == 422
    ledger = hub.json("GET", "/api/ledger")["consumers"]
    assert {one["name"]: bool(one["owner"]) for one in ledger} == {"reader": True, "operators": False}
    command = [sys.executable, "-m", "heliograph", "ledger"]
    printed = await asyncio.to_thread(
        subprocess.run,
        command,
        env=hub.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "consumer reader of mqtt" in printed.stdout
    nothing = {"permissions": [{"action": "write", "resource": {"type": "buckets", "name": "mine"}}]}
    writer = json.loads(hub.request("POST", "/api/v2/authorizations", nothing)[2])["token"]
    assert hub.request("GET", "/api/streams", token=writer)[0] == 403
