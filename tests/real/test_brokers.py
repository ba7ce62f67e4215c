"""A hub with Mosquitto, and one with somebody else's broker: points, rules, the agent, and refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess, mosquitto_binary
from tests.real.test_mqtt_intake import measurements, publish, settle, until

pytestmark = pytest.mark.skipif(mosquitto_binary() is None, reason="apt install mosquitto")
T = 1_790_000_000_000_000_000


@pytest.fixture(params=["embedded", "mosquitto", "foreign"])
def any_hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubProcess]:
    """A hub with each kind of broker."""
    if request.param != "foreign":
        with HubProcess(tmp_path / "hub", "--no-agent", "--broker", request.param) as running:
            yield running
        return
    folder = tmp_path / "broker"
    folder.mkdir()
    with (
        MosquittoProcess(folder) as broker,
        HubProcess(tmp_path / "hub", "--no-agent", "--broker", f"mqtt://127.0.0.1:{broker.port}") as running,
    ):
        yield running


def helio(hub: HubProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "heliograph", *arguments]
    return subprocess.run(
        command, env=hub.environment, capture_output=True, text=True, check=False, timeout=120
    )


def heard(hub: HubProcess, topic_filter: str) -> None:
    """Wait until a rule's topics are subscribed to; the embedded broker has no subscriptions of ours."""
    until(
        lambda: (b := hub.status()["bridge"]) is None or topic_filter in b["filters"],
        f"no {topic_filter} yet",
    )


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_points_come_whatever_the_broker(any_hub: HubProcess, qos: int) -> None:
    publish(any_hub, "tel/pi/lp", f"#helio boot=b seq=1\nroom,host=pi t=1 {T}".encode(), qos=qos)
    publish(any_hub, "zigbee2mqtt/lamp", b'{"brightness":254}', qos=qos)
    until(lambda: {"room", "zigbee2mqtt"} <= measurements(any_hub), "no point came")
    assert any_hub.sql("SELECT epoch_ns(time), host, t FROM room") == [[T, "pi", 1.0]]
    assert any_hub.sql("SELECT device, brightness FROM zigbee2mqtt") == [["lamp", 254.0]]
    ledger = {line["name"]: line for line in any_hub.json("GET", "/api/ledger")["devices"]}
    assert (ledger["pi"]["produced"], ledger["pi"]["visible"], ledger["pi"]["missing"]) == (1, 1, 0)
    assert ledger["rule/zigbee2mqtt"]["visible"] == 1


def test_a_new_rule_holds_at_once_and_after_a_restart(any_hub: HubProcess) -> None:
    publish(any_hub, "home/lab/temp", b"1")  # nobody takes it
    added = helio(
        any_hub, "ingest", "add", "rooms", "--topic", "home/{room}/{field}", "--parser", "value",
        "--measurement", "climate",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    heard(any_hub, "home/+/+")
    publish(any_hub, "home/lab/temp", b"2")
    until(lambda: "climate" in measurements(any_hub), "the rule does nothing")
    any_hub.stop()
    any_hub.start()
    publish(any_hub, "home/lab/temp", b"3")
    until(lambda: len(any_hub.sql_soon("SELECT * FROM climate")) == 2, "the rule is forgotten")
    assert any_hub.sql("SELECT room, temp FROM climate ORDER BY time") == [["lab", 2.0], ["lab", 3.0]]
    assert helio(any_hub, "ingest", "remove", "rooms").returncode == 0
    publish(any_hub, "home/lab/temp", b"4")
    publish(any_hub, "tel/last/lp", b"last v=1")
    until(lambda: "last" in measurements(any_hub), "nothing comes any more")
    assert len(any_hub.sql("SELECT * FROM climate")) == 2


def test_a_rule_that_changed_reads_nothing_back_in_another_way(any_hub: HubProcess) -> None:
    rule = {"name": "a", "topic": "a/b", "parser": "value", "measurement": "before"}
    assert any_hub.request("POST", "/api/ingest", rule)[0] == 201
    heard(any_hub, "a/b")
    publish(any_hub, "a/b", b"1")
    until(lambda: "before" in measurements(any_hub), "the rule does nothing")
    assert any_hub.request("DELETE", "/api/ingest/a")[0] == 200
    assert any_hub.request("POST", "/api/ingest", rule | {"measurement": "after"})[0] == 201
    any_hub.kill()  # nothing is sealed: all is read back from the streams
    any_hub.start()
    settle(any_hub)
    assert len(any_hub.sql("SELECT * FROM before")) == 1
    assert "after" not in measurements(any_hub)


def test_a_bad_payload_is_refused_and_stops_nothing(any_hub: HubProcess) -> None:
    publish(any_hub, "zigbee2mqtt/lamp", b'{"brightness":')
    publish(any_hub, "tel/pi/lp", b"nonsense")
    publish(any_hub, "tel/no device/lp" if any_hub.status()["bridge"] else "tel/no$device/lp", b"m v=1")
    publish(any_hub, "zigbee2mqtt/lamp", b'{"brightness":1}')
    until(lambda: "zigbee2mqtt" in measurements(any_hub), "the bad payload stopped the intake")
    status = any_hub.status()
    reasons = {entry["source"]: entry["reason"] for entry in status["quarantine"]["recent"]}
    assert "not JSON" in reasons["zigbee2mqtt/lamp"]
    assert reasons["tel/pi/lp"].startswith("line 1")
    assert any("a device id has" in reason for reason in reasons.values())
    assert any("ingest rule zigbee2mqtt" in warning for warning in status["warnings"])
    listed = {each["rule"]["name"]: each for each in any_hub.json("GET", "/api/ingest")["rules"]}
    assert (listed["zigbee2mqtt"]["bad"], listed["zigbee2mqtt"]["points"]) == (1, 1)


def test_the_hubs_own_agent_and_the_demo_use_the_broker(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--broker", "mosquitto", "--interval", "1s") as hub:
        until(lambda: "cpu" in measurements(hub), "the agent does not come through")
        demo = helio(hub, "demo", "--hub", f"127.0.0.1:{hub.mqtt_port}", "--count", "3", "--every", "10ms")
        assert demo.returncode == 0, demo.stderr
        until(lambda: "room" in measurements(hub), "the demo does not come through")
        shown = helio(hub, "status").stdout
        assert "broker   mosquitto" in shown
        assert "bridge   mqtt://127.0.0.1" in shown


def test_a_broker_that_is_not_there_holds_up_no_hub(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--broker", "mqtt://127.0.0.1:9") as hub:
        assert hub.write("m v=1 1790000000000000000") == 204
        assert any("the bridge is not connected" in warning for warning in hub.status()["warnings"])


def test_a_rule_is_tried_without_storing_anything(any_hub: HubProcess) -> None:
    tried = helio(any_hub, "ingest", "test", "--topic", "tele/x/SENSOR", "--payload", '{"A":{"B":1}}')
    assert tried.stdout.startswith("tasmota,device=x,sensor=A B=1.0 ")
    assert helio(any_hub, "ingest", "test", "--topic", "nobody", "--payload", "1").returncode == 1
    bad = helio(any_hub, "ingest", "test", "--topic", "tele/x/SENSOR", "--payload", "{")
    assert (bad.returncode, "not JSON" in bad.stderr) == (1, True)
    own = helio(
        any_hub,
        "ingest",
        "test",
        "--topic",
        "a/lab",
        "--payload",
        "5",
        "--filter",
        "a/{room}",
        "--parser",
        "value",
    )
    assert own.stdout.startswith("a,room=lab value=5.0 ")
    wrong = helio(any_hub, "ingest", "add", "x", "--topic", "a/b", "--parser", "xml")
    assert (wrong.returncode, "parser: one of lp, json" in wrong.stderr) == (1, True)
    lost = helio(any_hub, "ingest", "add", "x", "--topic", "a/b", "--parser", "lp", "--bucket", "none")
    assert 'bucket "none" not found' in lost.stderr
    assert "tasmota" not in measurements(any_hub)


def test_what_the_embedded_broker_cannot_do_is_told(hub: HubProcess) -> None:
    command = ["mosquitto_pub", "-h", hub.mqtt_host, "-p", str(hub.mqtt_port), "-t", "a", "-m", "b"]
    subprocess.run([*command, "-V", "5"], check=False, capture_output=True, timeout=120)
    subprocess.run([*command, "-i", "my id"], check=False, capture_output=True, timeout=120)
    with subprocess.Popen(
        ["mosquitto_sub", "-h", hub.mqtt_host, "-p", str(hub.mqtt_port), "-i", "sharer", "-t", "$share/g/t"]
    ) as subscriber:
        until(lambda: len(hub.status()["warnings"]) >= 3, "not all are told")
        subscriber.terminate()
    told = " ".join(hub.status()["warnings"])
    assert all(words in told for words in ("speaks MQTT 5", '"my id"', '"sharer"', "--broker mosquitto"))
