"""One point, from an agent's process to a pixel in a browser.

The way of a point is told in ARCHITECTURE.md. This test walks it with one point in hand and looks at
each station, on the real parts: two processes of ours, nats-server, DuckDB, Chromium. Read it from top to
bottom to learn the product; each station names the code that does the work.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import duckdb
import nats
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from heliograph.codec.lineprotocol.parser import parse
from tests.chromium import COUNT_PIXELS, log_in, new_page
from tests.real.hub_process import HubProcess

PATIENCE = 120.0


@pytest.fixture
def agent(hub: HubProcess) -> Iterator[subprocess.Popen[bytes]]:
    """``helio agent`` on a board called "tour", gathering one input every second."""
    where = f"{hub.mqtt_host}:{hub.mqtt_port}"
    command = ["agent", "--hub", where, "--host-name", "tour", "--inputs", "system", "--interval", "1s"]
    with subprocess.Popen([sys.executable, "-m", "heliograph", *command], env=hub.environment) as process:
        yield process
        process.terminate()


def test_one_point_goes_from_an_agent_to_a_pixel(hub: HubProcess, agent: subprocess.Popen[bytes]) -> None:
    # 1. The agent (agent/run.py) gathers inputs/system.py and publishes a batch of line protocol with QoS 1.
    #    Anyone may listen in, as on any broker.
    topic, batch = overhear(hub, "tel/#")
    assert topic == "tel/tour/lp"
    mark, _, _ = batch.partition(b"\n")
    assert re.fullmatch(rb"#helio boot=[0-9a-f]{8} seq=\d+", mark)

    # 2. We take one point out of it: the load of the last minute, at its time in nanoseconds.
    line = next(line for line in batch.splitlines() if b"load1=" in line)
    table = parse(line, time_ns=0, types=lambda _measurement, _field: None).batch["system"]
    time_ns, load = table.times_ns[0], table.columns["load1"].values[0]
    assert table.series == [(("host", "tour"),)]

    # 3. The broker (broker/nats_server.py) acknowledged it once it stood in the stream (stream/log.py).
    assert batch in asyncio.run(stream_messages(hub, "$MQTT_msgs"))

    # 4. The hub read it from there (hub/mqtt_intake.py) and appended its columns (store/hot.py).
    def stored() -> list[list[object]]:
        return hub.sql(f"SELECT host, load1 FROM system WHERE time = make_timestamp_ns({time_ns})")

    assert eventually(stored) == [["tour", load]]

    # 5. The page asks in its own, column-oriented way (api/data.py, query/sql.py).
    time_ms = time_ns // 1_000_000
    answer = hub.json(
        "POST",
        "/api/query",
        {
            "start_ms": time_ms - 1_000,
            "end_ms": time_ms + 1_000,
            "interval_ms": 1,
            "queries": [{"measurement": "system", "fields": ["load1"], "where": {"host": ["tour"]}}],
        },
    )["results"][0]
    assert answer["series"][0]["values"][answer["time_ms"].index(time_ms)] == load

    # 6. The page (web/src) draws it, in a real browser, and goes on by itself as new points come.
    with new_page() as page:
        log_in(page, hub)
        chart = page.locator('[data-chart="load"]')
        chart.wait_for(timeout=PATIENCE * 1000)
        page.wait_for_function(
            "(ms) => Number(document.querySelector('[data-chart=\"load\"]').dataset.lastMs) > ms",
            arg=time_ms,
            timeout=PATIENCE * 1000,
        )
        assert int(chart.get_attribute("data-points") or 0) > 0
        assert chart.locator("canvas").first.evaluate(COUNT_PIXELS) > 0

    # 7. A hub that stops seals its hot columns (store/segments.py): Parquet, which anything can read.
    agent.terminate()
    agent.wait(120)
    hub.stop()
    files = [str(path) for path in (hub.home / "segments" / "telegraf" / "system").glob("*.parquet")]
    with duckdb.connect() as stranger:
        found = stranger.execute(f"SELECT host, load1 FROM read_parquet({files}) WHERE time = {time_ns}")
        sealed = found.fetchall()
    assert sealed == [("tour", load)]

    # 8. And after the next start (hub/run.py) it is still there, once.
    hub.start()
    assert stored() == [["tour", load]]


def overhear(hub: HubProcess, topic_filter: str) -> tuple[str, bytes]:
    """Return topic and payload of the next message."""
    heard: list[tuple[str, bytes]] = []
    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.on_message = lambda _client, _data, message: heard.append(
        (message.topic, bytes(message.payload))
    )
    listener.connect(hub.mqtt_host, hub.mqtt_port)
    listener.subscribe(topic_filter, qos=1)
    deadline = time.monotonic() + PATIENCE
    while not heard:
        assert time.monotonic() < deadline, "no message came"
        listener.loop(0.1)
    listener.disconnect()
    return heard[0]


async def stream_messages(hub: HubProcess, stream: str) -> list[bytes]:
    """Return the payloads that a stream holds, asked of nats-server itself."""
    connection = await nats.connect(hub.nats_url)
    try:
        jetstream = connection.jetstream()
        state = (await jetstream.stream_info(stream)).state
        found = [await jetstream.get_msg(stream, seq) for seq in range(state.first_seq, state.last_seq + 1)]
    finally:
        await connection.close()
    return [message.data or b"" for message in found]


def eventually(ask: Callable[[], list[list[object]]]) -> list[list[object]]:
    """Return the first answer that is not empty; a measurement that is not known yet counts as empty."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            answer = ask()
        except AssertionError:
            answer = []
        if answer:
            return answer
        time.sleep(0.1)
    return []
