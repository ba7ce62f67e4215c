"""The lines that a newcomer copies: printed by ``helio up`` and shown on the empty page."""

from __future__ import annotations

import shlex

from heliograph.hub.network.listening import shown_host
from heliograph.transport.mqtt_client_settings import MqttSettings


def ways(http_url: str, mqtt: MqttSettings, token: str, *, needs_login: bool) -> list[dict[str, str]]:
    """Return the ways to send data (and to look at it in Grafana) as ``id``, ``title`` and ``text``."""
    cafile = mqtt.tls.cafile if mqtt.tls else None
    options = f" --cafile {shlex.quote(cafile)}" if cafile else ""
    telegraf = f'\n  tls_ca = "{cafile}"' if cafile else ""
    if needs_login:
        options += f' -u operator -P "{token}"'
        telegraf += f'\n  username = "operator"\n  password = "{token}"'
    scheme = "ssl" if mqtt.tls else "tcp"
    return [
        {
            "id": "mosquitto_pub",
            "title": "Any MQTT client",
            "text": f"mosquitto_pub -h {mqtt.host} -p {mqtt.actual_port}{options} -q 1"
            " -t tel/my-board/lp -m 'room temperature=21.5'",
        },
        {
            "id": "telegraf",
            "title": "Telegraf (telegraf.conf), over HTTP",
            "text": f"""[[outputs.influxdb_v2]]
  urls = ["{http_url}"]
  token = "{token}"
  organization = "heliograph"
  bucket = "telegraf\"""",
        },
        {
            "id": "telegraf-mqtt",
            "title": "Telegraf (telegraf.conf), over MQTT",
            "text": f"""[[outputs.mqtt]]
  servers = ["{scheme}://{shown_host(mqtt.host)}:{mqtt.actual_port}"]{telegraf}
  topic = "tel/my-board/lp"
  layout = "batch"
  qos = 1
  data_format = "influx\"""",
        },
        {
            "id": "influxdb-client",
            "title": "Python (pip install influxdb-client)",
            "text": f"""from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS

with InfluxDBClient("{http_url}", token="{token}", org="heliograph") as client:
    client.write_api(SYNCHRONOUS).write("telegraf", record=Point("room").field("temperature", 21.5))""",
        },
        {
            "id": "grafana",
            "title": "Grafana data source (InfluxQL)",
            "text": f"""apiVersion: 1
datasources:
  - name: Heliograph
    type: influxdb
    access: proxy
    url: {http_url}
    jsonData: {{dbName: telegraf, httpMode: POST, httpHeaderName1: Authorization}}
    secureJsonData: {{httpHeaderValue1: "Token {token}"}}""",
        },
    ]
