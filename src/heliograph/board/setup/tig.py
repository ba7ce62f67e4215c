"""The role ``tig``: Mosquitto, Telegraf, InfluxDB 2 and Grafana from their makers, connected and tried.

::

    MQTT ──▶ Mosquitto ──▶ Telegraf ──▶ InfluxDB 2 ──▶ Grafana
             127.0.0.1     and the board's own figures   data source with the header, dashboards
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Final

from heliograph.board.setup.context import Context
from heliograph.board.setup.repositories import MAKERS
from heliograph.board.setup.repositories import removal as repositories_removal
from heliograph.board.setup.repositories import steps as repository_steps
from heliograph.board.setup.steps import KEPT, Step, file, no_file, no_packages, packages, service

SECRETS: Final = "/etc/heliograph/tig.env"
ORG: Final = "heliograph"
BUCKET: Final = "telegraf"
_INFLUX: Final = "http://127.0.0.1:8086"
_VERIFIED: Final = f"{KEPT}/tig.verified"
_PACKAGES: Final = ("mosquitto", "telegraf", "influxdb2", "grafana")
_DROP_IN: Final = f"# Written by helio board setup.\n[Service]\nEnvironmentFile={SECRETS}\n"
_TELEGRAF: Final = f"""\
# Written by helio board setup; the token comes from {SECRETS}.
[agent]
  interval = "10s"
  flush_interval = "10s"
[[outputs.influxdb_v2]]
  urls = ["http://127.0.0.1:8086"]
  token = "$INFLUX_TOKEN"
  organization = "{ORG}"
  bucket = "{BUCKET}"
[[inputs.cpu]]
[[inputs.mem]]
[[inputs.system]]
[[inputs.net]]
[[inputs.disk]]
  ignore_fs = ["tmpfs", "devtmpfs", "overlay", "squashfs"]
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:1883"]
  topics = ["tel/#"]
  data_format = "influx"
"""
_SOURCE: Final = f"""\
# Written by helio board setup; Grafana fills in the token from {SECRETS}.
apiVersion: 1
datasources:
  - name: InfluxDB
    uid: heliograph
    type: influxdb
    access: proxy
    url: http://127.0.0.1:8086
    isDefault: true
    jsonData:
      dbName: {BUCKET}
      httpMode: GET
      httpHeaderName1: Authorization
    secureJsonData:
      httpHeaderValue1: "Token $INFLUX_TOKEN"
"""
_DASHBOARDS: Final = "/var/lib/grafana/heliograph"
_PROVIDER: Final = f"""\
# Written by helio board setup.
apiVersion: 1
providers:
  - name: heliograph
    folder: Heliograph
    type: file
    options:
      path: {_DASHBOARDS}
"""
_MAKE_SECRETS: Final = f"""
if [ -s {SECRETS} ]; then  # InfluxDB and Grafana were set up with these: others would not be let in
  chown root:root {SECRETS}
  chmod 600 {SECRETS}
  exit
fi
mkdir -p /etc/heliograph
new() {{ head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }}
(umask 077; printf 'INFLUX_TOKEN=%s\\nINFLUX_PASSWORD=%s\\nGF_SECURITY_ADMIN_PASSWORD=%s\\n' \\
  "$(new)" "$(new)" "$(new)" > {SECRETS}.new)
mv {SECRETS}.new {SECRETS}
"""
_SECRETS_KEPT: Final = f'[ -s {SECRETS} ] && [ "$(stat -c %a:%U {SECRETS})" = 600:root ]'
_ASK: Final = """
import os, sys, urllib.request
token, body = os.environ.get("ASKED_TOKEN"), sys.stdin.buffer.read()
headers = {"Content-Type": "application/json"} | ({"Authorization": "Token " + token} if token else {})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
request = urllib.request.Request(sys.argv[1], body or None, headers)
print(opener.open(request, timeout=5).read().decode())
"""


def steps(context: Context) -> list[Step]:
    """Return what makes a board the course's stack."""
    dashboards = _dashboards()
    loaded = "".join(dashboards.values())
    return [
        packages("gpg", "python3", "ca-certificates"),
        *(step for one in context.repositories.values() for step in repository_steps(one)),
        packages(*_PACKAGES),
        Step(
            "secrets of its own", _SECRETS_KEPT, _MAKE_SECRETS, "echo new ones, or root alone may read them"
        ),
        file("/etc/telegraf/telegraf.conf", _TELEGRAF),
        file("/etc/grafana/provisioning/datasources/heliograph.yaml", _SOURCE),
        file("/etc/grafana/provisioning/dashboards/heliograph.yaml", _PROVIDER),
        *(file(f"{_DASHBOARDS}/{name}", text) for name, text in dashboards.items()),
        *(
            file(f"/etc/systemd/system/{unit}.service.d/heliograph.conf", _DROP_IN)
            for unit in ("telegraf", "grafana-server")
        ),
        service("mosquitto.service"),
        service("influxdb.service"),
        _influx_set_up(),
        service("telegraf.service", _TELEGRAF, _DROP_IN),
        service("grafana-server.service", _SOURCE, _PROVIDER, loaded, _DROP_IN),
        _verified(),
    ]


def removal() -> list[Step]:
    """Return what takes all of it away again, the points among it."""
    units = ("mosquitto", "telegraf", "influxdb", "grafana-server")
    folders = ("mosquitto", "telegraf", "influxdb", "grafana")
    return [
        no_packages(*_PACKAGES),
        *(no_file(f"/etc/systemd/system/{unit}.service.d") for unit in units),
        *(no_file(f"{KEPT}/{unit}.service.loaded") for unit in units),
        *(no_file(f"/{where}/{name}") for name in folders for where in ("etc", "var/lib")),
        no_file(_VERIFIED),
        no_file(SECRETS),
        *repositories_removal(MAKERS),
    ]


def _dashboards() -> dict[str, str]:
    """Return those of our dashboards that show what a Telegraf sends."""
    folder = resources.files("heliograph.dashboards") / "ready"
    return {name: (folder / name).read_text("utf-8") for name in ("board.json", "fleet.json")}


def _influx_set_up() -> Step:
    """Return the step after which InfluxDB has its user, organisation, bucket and the token."""
    body = json.dumps({"username": "admin", "org": ORG, "bucket": BUCKET, "retentionPeriodSeconds": 0})
    # The secrets are filled in by the shell itself, so that no process has them among its arguments.
    filled = body.removesuffix("}").replace('"', '\\"')
    filled += ', \\"token\\": \\"$INFLUX_TOKEN\\", \\"password\\": \\"$INFLUX_PASSWORD\\"}'
    buckets = f"{_INFLUX}/api/v2/buckets?name={BUCKET}"
    refused = (
        f"InfluxDB takes no first user: another one set it up before, and {SECRETS} does not hold its token"
    )
    health, setup = f"{_INFLUX}/health", f"{_INFLUX}/api/v2/setup"
    return Step(
        "InfluxDB is set up",
        f". {SECRETS}\n{_asked(buckets, '$INFLUX_TOKEN')} | grep -q {BUCKET}",
        f". {SECRETS}\nfor _ in $(seq 60); do {_asked(health)} >/dev/null && break; sleep 0.5; done\n"
        f'printf "%s" "{filled}" | {_asked(setup, stdin=True)} >/dev/null || {{ echo "{refused}"; exit 1; }}',
        f"echo 'organisation {ORG}, bucket {BUCKET}, user admin'",
    )


def _verified() -> Step:
    """Return the step after which a point went from MQTT to InfluxDB, and Grafana answers."""
    query = f"{_INFLUX}/query?db={BUCKET}&q=SELECT%20last(ok)%20FROM%20setup_check"
    grafana = f"{_asked('http://127.0.0.1:3000/api/health')} >/dev/null"
    lost = "the point that was published did not arrive: helio board service logs NAME telegraf"
    silent = "Grafana does not answer at port 3000: helio board service logs NAME grafana-server"
    return Step(
        "a point goes from MQTT to InfluxDB, and Grafana answers",
        f"[ -e {_VERIFIED} ] && {grafana}",
        f". {SECRETS}\nat=$(date +%s)000000000\n"
        # Telegraf hears only of what is published after it has subscribed; points of one time are one.
        f"arrived() {{\npython3 - $at <<'END'\n{_PUBLISH}END\n"
        f"{_asked(query, '$INFLUX_TOKEN')} | grep -q setup_check\n}}\n"
        f"answers() {{ {grafana}; }}\n"
        # A board of little memory may take minutes to make Grafana's tables.
        'within() {\nfor _ in $(seq "$1"); do "$2" && return; sleep 0.5; done\necho "$3"\nexit 1\n}\n'
        f"within 60 arrived '{lost}'\nwithin 240 answers '{silent}'\nmkdir -p {KEPT}\ntouch {_VERIFIED}",
        "echo 'publish a point, and look for it'",
    )


_PUBLISH: Final = """
import socket, sys
def text(word): return len(word).to_bytes(2, "big") + word
def packet(kind, body): return bytes([kind, len(body)]) + body
connection = socket.create_connection(("127.0.0.1", 1883), 5)
connection.sendall(packet(0x10, text(b"MQTT") + b"\\x04\\x02\\x00\\x1e" + text(b"helio-setup")))
assert connection.recv(4)[3] == 0
line = b"setup_check ok=1i " + sys.argv[1].encode()
connection.sendall(packet(0x32, text(b"tel/setup/lp") + b"\\x00\\x01" + line))
assert connection.recv(4)[0] == 0x40
connection.sendall(packet(0xE0, b""))
"""


def _asked(url: str, token: str = "", *, stdin: bool = False) -> str:
    """Return a command that asks over HTTP; the token is a variable of the shell, never in its text."""
    environment = f'ASKED_TOKEN="{token}" ' if token else ""
    ending = "" if stdin else " </dev/null"
    return f"{environment}python3 -c '{_ASK}' '{url}'{ending} 2>/dev/null"
