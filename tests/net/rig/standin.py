"""Plays InfluxDB 2, Telegraf or Grafana on a board, as far as ``helio board setup tig`` talks to them.

The makers' packages are in no registry that the tests may use, so their places are taken; what is not played
here, such as Telegraf's other inputs, is not tested. It runs with the board's own Python, alone.
"""

from __future__ import annotations

import http.server
import json
import os
import socket
import sys
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

KEPT = Path("/var/lib/influxdb/set-up.json")
POINTS = Path("/var/lib/influxdb/points.txt")


class Influx(http.server.BaseHTTPRequestHandler):
    """Setup once, then buckets, writes and queries with the token that was set up."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self.say(200, {"status": "pass"})
        elif not self.allowed():
            self.say(401, {"code": "unauthorized"})
        elif self.path.startswith("/api/v2/buckets"):
            self.say(200, {"buckets": [{"name": "telegraf"}]})
        else:
            lines = POINTS.read_text() if POINTS.exists() else ""
            self.say(
                200, {"results": [{"series": [{"name": "setup_check"}]} if "setup_check" in lines else {}]}
            )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/v2/setup":
            asked = json.loads(body)
            assert {"username", "org", "bucket", "token", "password"} <= asked.keys()
            if KEPT.exists():
                self.say(422, {"code": "conflict"})
            else:
                KEPT.write_text(json.dumps(asked))
                self.say(201, {})
        elif self.allowed():
            with POINTS.open("ab") as points:
                points.write(body)
            self.say(204, {})
        else:
            self.say(401, {"code": "unauthorized"})

    def allowed(self) -> bool:
        return (
            KEPT.exists()
            and self.headers["Authorization"] == "Token " + json.loads(KEPT.read_text())["token"]
        )

    def say(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Grafana(http.server.BaseHTTPRequestHandler):
    """Healthy if it was provisioned and knows the token."""

    def do_GET(self) -> None:
        source = Path("/etc/grafana/provisioning/datasources/heliograph.yaml").read_text()
        boards = list(Path("/var/lib/grafana/heliograph").glob("*.json"))
        healthy = "Token $INFLUX_TOKEN" in source and os.environ["INFLUX_TOKEN"] and len(boards) == 2
        self.send_response(200 if healthy else 500)
        self.end_headers()


def text(word: bytes) -> bytes:
    return len(word).to_bytes(2, "big") + word


def telegraf() -> None:
    """Subscribe as the configuration says, and write what comes to the output that it names."""
    settings = tomllib.loads(Path("/etc/telegraf/telegraf.conf").read_text())
    output = settings["outputs"]["influxdb_v2"][0]
    assert output["token"] == "$INFLUX_TOKEN"
    topic = settings["inputs"]["mqtt_consumer"][0]["topics"][0].encode()
    connection = socket.create_connection(("127.0.0.1", 1883), timeout=120)
    connection.settimeout(None)  # for as long as nobody publishes
    hello = text(b"MQTT") + b"\x04\x02\x00\x00" + text(b"stand-in")
    connection.sendall(bytes([0x10, len(hello)]) + hello)
    wanted = b"\x00\x01" + text(topic) + b"\x00"
    connection.sendall(bytes([0x82, len(wanted)]) + wanted)
    stream = connection.makefile("rb")
    while head := stream.read(2):
        body = stream.read(head[1])
        if head[0] >> 4 == 3:
            line = body[2 + int.from_bytes(body[:2], "big") :]
            url = f"{output['urls'][0]}/api/v2/write?bucket={output['bucket']}"
            headers = {"Authorization": f"Token {os.environ['INFLUX_TOKEN']}"}
            urllib.request.urlopen(urllib.request.Request(url, line + b"\n", headers), timeout=5).close()


if __name__ == "__main__":
    if sys.argv[1] == "telegraf":
        telegraf()
    else:
        port, played = {"influxdb": (8086, Influx), "grafana-server": (3000, Grafana)}[sys.argv[1]]
        http.server.ThreadingHTTPServer(("127.0.0.1", port), played).serve_forever()
