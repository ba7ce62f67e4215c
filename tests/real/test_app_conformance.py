"""The cases that the broker in memory passes, on the hub's broker and on Mosquitto."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from heliograph.testing.conformance import CASES, Case, Site
from heliograph.transport.mqtt_client import MqttClient
from heliograph.transport.mqtt_client_settings import MqttSettings
from tests.real.hub_process import HubProcess
from tests.real.mosquitto_process import MosquittoProcess

DIFFERENT = {
    (
        "hub",
        "what_is_not_acknowledged_comes_again",
    ): "nats-server sends it again when its patience of 30 s is over",
}


def make_client(settings: MqttSettings) -> MqttClient:
    return MqttClient(settings, acknowledges_itself=False)


def cut(client: MqttClient) -> None:
    connection = client._paho.socket()
    assert isinstance(connection, socket.socket)
    connection.shutdown(socket.SHUT_RDWR)  # neither side says goodbye


@pytest.fixture(scope="module")
def hub_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MqttSettings]:
    with HubProcess(tmp_path_factory.mktemp("conformance") / "hub", "--no-agent") as hub:
        yield MqttSettings(hub.mqtt_host, hub.mqtt_port)


@pytest.fixture(scope="module")
def mosquitto_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MqttSettings]:
    with MosquittoProcess(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield MqttSettings(broker.host, broker.port)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("broker", ["hub", "mosquitto"])
async def test_real_brokers_conform(broker: str, case: Case, request: pytest.FixtureRequest) -> None:
    if (broker, case.__name__) in DIFFERENT:
        pytest.skip(DIFFERENT[broker, case.__name__])
    await case(Site(request.getfixturevalue(f"{broker}_settings"), make_client, cut))
