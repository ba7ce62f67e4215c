"""``helio grafana``: a real Grafana beside the hub: its data sources, its dashboards, and a check."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from heliograph.errors import ConfigError, Error

TIMEOUT: Final = 20.0
FLUX: Final = "Heliograph (Flux)"
INFLUXQL: Final = "Heliograph (InfluxQL)"
COURSE: Final = "InfluxDB"
"""The name that tutorials and most dashboards of the catalogue have."""
_UIDS: Final = {INFLUXQL: "heliograph-influxql", FLUX: "heliograph-flux", COURSE: "heliograph-influxdb"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands and their options."""
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    provision = actions.add_parser("provision", help="write files that Grafana reads when it starts")
    provision.add_argument(
        "--dir", metavar="FOLDER", required=True, help="Grafana's, usually /etc/grafana/provisioning"
    )
    push = actions.add_parser("push", help="make data sources and dashboards over Grafana's HTTP API")
    push.add_argument("--url", metavar="URL", required=True, help="Grafana's address, http://127.0.0.1:3000")
    push.add_argument(
        "--token", metavar="TOKEN", required=True, help="a service account's token, of an admin"
    )
    check = actions.add_parser("check", help="ask the hub what Grafana's health check asks")
    for command in (provision, push, check):
        command.add_argument("--bucket", metavar="NAME", default="telegraf", help="the bucket (%(default)s)")
        command.add_argument(
            "--hub-token",
            metavar="TOKEN",
            help="the token for Grafana; otherwise the operator's of this data folder",
        )
        command.add_argument(
            "--hub-url", metavar="URL", help="how Grafana reaches the hub; otherwise as this machine does"
        )
    parser.epilog = "A token that only reads is enough: helio token create grafana --read telegraf"


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from heliograph.cli.hub_client import hub_url, token

    url = (args.hub_url or hub_url()).rstrip("/")
    secret = args.hub_token or token()
    sources = data_sources(url, args.bucket, secret)
    if args.action == "provision":
        return _provision(Path(args.dir), sources)
    if args.action == "push":
        return _push(args.url.rstrip("/"), args.token, sources)
    return _check(url, args.bucket, secret)


def data_sources(url: str, bucket: str, token: str) -> list[dict[str, Any]]:
    """Return the three data sources as Grafana's API and its files name things."""
    influxql = {
        "type": "influxdb",
        "access": "proxy",
        "url": url,
        "database": bucket,
        "jsonData": {"dbName": bucket, "httpMode": "POST", "httpHeaderName1": "Authorization"},
        "secureJsonData": {"httpHeaderValue1": f"Token {token}"},
    }
    flux = {
        "type": "influxdb",
        "access": "proxy",
        "url": url,
        "jsonData": {"version": "Flux", "organization": "heliograph", "defaultBucket": bucket},
        "secureJsonData": {"token": token},
    }
    basic = influxql | {
        "basicAuth": True,
        "basicAuthUser": "heliograph",
        "jsonData": {"dbName": bucket, "httpMode": "GET"},
        "secureJsonData": {"basicAuthPassword": token},
    }
    kinds = ((INFLUXQL, influxql), (FLUX, flux), (COURSE, basic))
    return [
        {"name": name, "uid": _UIDS[name], "isDefault": name == INFLUXQL} | about for name, about in kinds
    ]


def _dashboards() -> list[dict[str, Any]]:
    """Return all dashboards of the hub as a Grafana with our data sources takes them."""
    from heliograph.cli.hub_client import request

    found = []
    for one in request("GET", "/api/dashboards")["dashboards"]:
        document = request("GET", f"/api/dashboards/{one['uid']}/export")
        found.append(for_grafana(document) | {"uid": one["uid"], "title": one["title"]})
    return found


def for_grafana(document: dict[str, Any]) -> dict[str, Any]:
    """Return a dashboard of any form as a classic one without inputs, for which nobody would be asked."""
    from heliograph.dashboards.envelope import classic
    from heliograph.dashboards.shape import objects

    source = dict(classic(document))
    inputs = objects(source.pop("__inputs", None))
    written = json.dumps(source)
    for one in inputs:
        name = str(one.get("name"))
        constant = one.get("type") == "constant"
        value = str(one.get("value", "")) if constant else _UIDS[INFLUXQL]
        if constant or one.get("pluginId") == "influxdb":
            written = written.replace(f"${{{name}}}", json.dumps(value)[1:-1])
    found: dict[str, Any] = json.loads(written)
    found.pop("id", None)
    return found


def _provision(folder: Path, sources: list[dict[str, Any]]) -> int:
    shown = {"apiVersion": 1, "datasources": [{"orgId": 1, "editable": True} | one for one in sources]}
    boards = folder / "dashboards" / "heliograph"
    provider = {
        "name": "Heliograph",
        "orgId": 1,
        "folder": "Heliograph",
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": True,
        "options": {"path": str(boards.absolute())},
    }
    documents = _dashboards()
    try:
        boards.mkdir(parents=True, exist_ok=True)
        (folder / "datasources").mkdir(exist_ok=True)
        secret = folder / "datasources" / "heliograph.yaml"
        secret.touch(mode=0o640)
        secret.write_text(_yaml(shown), encoding="utf-8")
        providers = folder / "dashboards" / "heliograph.yaml"
        providers.write_text(_yaml({"apiVersion": 1, "providers": [provider]}), encoding="utf-8")
        for document in documents:
            path = boards / f"{document['uid']}.json"
            path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot be written ({error.strerror}); sudo may be missing", path=folder
        ) from error
    print(f"Wrote {len(sources)} data sources and {len(documents)} dashboards below {folder}.")
    print("The token stands in datasources/heliograph.yaml: let only Grafana read it. Then restart Grafana.")
    return 0


def _yaml(value: object) -> str:
    """Return JSON, which is YAML, too: Grafana reads it, and quoting cannot go wrong."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _push(url: str, token: str, sources: list[dict[str, Any]]) -> int:
    ask = _asker(url, {"Authorization": f"Bearer {token}"})
    for one in sources:
        status, answer = ask("GET", f"/api/datasources/uid/{one['uid']}", None)
        if status == 404:
            status, answer = ask("POST", "/api/datasources", one)
        elif status == 200:
            status, answer = ask("PUT", f"/api/datasources/uid/{one['uid']}", one)
        _require(status, answer, url, f"the data source {one['name']}")
        print(f"data source  {one['name']}")
    status, answer = ask("GET", "/api/folders/heliograph", None)
    if status == 404:
        status, answer = ask("POST", "/api/folders", {"uid": "heliograph", "title": "Heliograph"})
    _require(status, answer, url, "the folder")
    for document in _dashboards():
        body = {
            "dashboard": document,
            "folderUid": "heliograph",
            "overwrite": True,
            "message": "helio grafana push",
        }
        status, answer = ask("POST", "/api/dashboards/db", body)
        _require(status, answer, url, f"the dashboard {document['title']}")
        print(f"dashboard    {document['title']}")
    return 0


def _require(status: int, answer: Any, url: str, what: str) -> None:
    if status >= 300:
        told = answer.get("message", "") if isinstance(answer, dict) else str(answer)[:200]
        hint = "; the token must be of a service account with the role Admin" if status in (401, 403) else ""
        raise Error(f"Grafana at {url} refused {what}: {status} {told}{hint}")


def _check(url: str, bucket: str, token: str) -> int:
    """Ask what Grafana asks when somebody presses Save & test, in each of its languages."""
    from urllib.parse import quote, urlencode

    named = {"Authorization": f"Token {token}"}
    database = f"/query?db={quote(bucket)}&epoch=ms"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    checks: list[tuple[str, str, str, Any, dict[str, str]]] = [
        ("InfluxQL, POST", "POST", database, urlencode({"q": "SHOW measurements"}).encode(), named | form),
        ("InfluxQL, GET", "GET", f"{database}&q={quote('SHOW TAG KEYS')}", None, named),
        (
            "InfluxQL, policies",
            "GET",
            f"{database}&q={quote(f'SHOW RETENTION POLICIES on {json.dumps(bucket)}')}",
            None,
            named,
        ),
        ("Flux", "POST", "/api/v2/query?org=heliograph", {"query": "buckets()", "type": "flux"}, named),
    ]
    failed = 0
    for name, method, path, body, headers in checks:
        reason = _answered(_asker(url, headers)(method, path, body))
        failed += reason is not None
        print(
            f"{'ok    ' if reason is None else 'failed'}  {name}" + ("" if reason is None else f": {reason}")
        )
    return 1 if failed else 0


def _answered(answer: tuple[int, Any]) -> str | None:
    """Return why Grafana would call an answer bad."""
    status, body = answer
    if status != 200:
        return f"{status} {body if isinstance(body, str) else json.dumps(body)}"[:300]
    if isinstance(body, dict):
        results = body.get("results") or [{"error": "there are no results"}]
        error = results[0].get("error")
        return None if error is None else str(error)
    return None if "_result" in str(body) or "name" in str(body) else "the answer has no table"


def _asker(url: str, headers: dict[str, str]) -> Callable[[str, str, Any], tuple[int, Any]]:
    """Return what sends one request and gives status and body, of JSON or as text."""
    import http.client
    import urllib.error
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(method: str, path: str, body: Any) -> tuple[int, Any]:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", "Accept": "application/json"} | headers
        asked = urllib.request.Request(f"{url}{path}", method=method, data=data, headers=sent)  # noqa: S310 - the user's
        try:
            with opener.open(asked, timeout=TIMEOUT) as answer:
                return answer.status, _body(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _body(error.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Error(f"nobody answers at {url} ({getattr(error, 'reason', error)})") from error

    return ask


def _body(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
