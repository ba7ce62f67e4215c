"""``helio grafana push`` and ``helio dashboard import NUMBER`` against stand-ins of what they ask.

The stand-ins are written from Grafana's documentation of its HTTP API (data sources, folders, dashboards,
and the download of a dashboard's revision): neither can be had here. They check what that documentation
demands, and answer with its status codes and messages.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.real.hub_process import HubProcess

Json = dict[str, Any]
_TOKEN = "glsa_of_an_admin"
_NEEDED = {"name", "type", "url", "access"}


@dataclass
class Grafana:
    """What the stand-in holds, and every request that it got."""

    sources: dict[str, Json] = field(default_factory=dict)
    folders: dict[str, Json] = field(default_factory=dict)
    boards: dict[str, Json] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, token: str | None, body: Any) -> tuple[int, Json]:
        """Return status and body as the documentation tells them."""
        self.seen.append((method, path))
        if token != f"Bearer {_TOKEN}":
            return 401, {"message": "Invalid API key"}
        if path.startswith("/api/datasources"):
            return self._source(method, path.rpartition("/")[2], body)
        if path.startswith("/api/folders"):
            return self._folder(method, path.rpartition("/")[2], body)
        if (method, path) == ("POST", "/api/dashboards/db"):
            return self._board(body)
        return 404, {"message": "Not found"}

    def _source(self, method: str, uid: str, body: Any) -> tuple[int, Json]:
        if method == "GET":
            found = self.sources.get(uid)
            return (200, found) if found else (404, {"message": "Data source not found"})
        if not body.keys() >= _NEEDED:
            return 400, {"message": "bad request data"}
        taken = {one["name"] for known, one in self.sources.items() if known != body["uid"]}
        if body["name"] in taken:
            return 409, {"message": "data source with the same name already exists"}
        self.sources[body["uid"]] = body
        return 200, {"datasource": body, "id": len(self.sources), "message": "Datasource added"}

    def _folder(self, method: str, uid: str, body: Any) -> tuple[int, Json]:
        if method == "GET":
            found = self.folders.get(uid)
            return (200, found) if found else (404, {"message": "folder not found", "status": "not-found"})
        self.folders[body["uid"]] = body
        return 200, body

    def _board(self, body: Any) -> tuple[int, Json]:
        document = body["dashboard"]
        if not document.get("title"):
            return 400, {"message": "Dashboard title cannot be empty"}
        if body.get("folderUid") not in self.folders:
            return 400, {"message": "folder not found"}
        if document.get("id") is not None:
            return 404, {"message": "Dashboard not found", "status": "not-found"}
        if document["uid"] in self.boards and not body.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else"}
        self.boards[document["uid"]] = document
        return 200, {"uid": document["uid"], "status": "success", "version": 1}


@contextlib.contextmanager
def served(answer: Any) -> Iterator[str]:
    """Serve answers on a free port; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            status, told = answer(self.command, self.path, self.headers.get("Authorization"), body)
            raw = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_PUT = do_GET  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("push") / "hub", "--no-agent") as running:
        yield running


def helio(hub: HubProcess, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command for a hub."""
    return subprocess.run(
        [sys.executable, "-m", "heliograph", *words],
        env=hub.environment | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_data_sources_and_dashboards_are_pushed_and_pushed_again(hub: HubProcess) -> None:
    grafana = Grafana()
    with served(grafana.answer) as url:
        first = helio(hub, "grafana", "push", "--url", url, "--token", _TOKEN)
        assert first.returncode == 0, first.stderr
        made = set(grafana.boards)
        again = helio(hub, "grafana", "push", "--url", url, "--token", _TOKEN)
        assert again.returncode == 0, again.stderr
    assert {"board", "fleet", "hub", "mqtt"} <= made == set(grafana.boards)
    assert list(grafana.folders) == ["heliograph"]
    kinds = {one["jsonData"].get("version", "InfluxQL") for one in grafana.sources.values()}
    assert "Flux" in kinds
    header = next(one for one in grafana.sources.values() if "httpHeaderName1" in one["jsonData"])
    assert header["jsonData"]["httpHeaderName1"] == "Authorization"
    assert header["secureJsonData"]["httpHeaderValue1"] == f"Token {hub.token}"
    uids = set(grafana.sources)
    asked = {
        target["datasource"]["uid"]
        for board in grafana.boards.values()
        for panel in board["panels"]
        for target in panel.get("targets", ())
    }
    assert asked <= uids | {"${ds}"}
    assert ("PUT", f"/api/datasources/uid/{min(uids)}") in grafana.seen


def test_a_push_that_is_refused_says_who_refused_what(hub: HubProcess) -> None:
    with served(Grafana().answer) as url:
        refused = helio(hub, "grafana", "push", "--url", url, "--token", "glsa_of_a_viewer")
    assert refused.returncode != 0
    assert f"Grafana at {url} refused the data source" in refused.stderr
    assert "Invalid API key; the token must be of a service account with the role Admin" in refused.stderr
    gone = helio(hub, "grafana", "push", "--url", url, "--token", _TOKEN)
    assert gone.returncode != 0
    assert f"nobody answers at {url}" in gone.stderr


def test_the_data_sources_of_a_hub_are_checked_as_grafana_does(hub: HubProcess) -> None:
    good = helio(hub, "grafana", "check")
    assert good.returncode == 0, good.stdout
    assert good.stdout.count("ok ") == 4
    bad = helio(hub, "grafana", "check", "--hub-token", "no-such-token")
    assert bad.returncode == 1
    assert bad.stdout.count("failed") == 4


def test_a_dashboard_is_imported_by_its_number(hub: HubProcess) -> None:
    asked: list[str] = []

    def catalogue(_: str, path: str, __: str | None, ___: Any) -> tuple[int, Json]:
        asked.append(path)
        if "/10578/" not in path:
            return 404, {"code": "NotFound", "message": "dashboard not found"}
        return 200, {"title": "By number", "uid": "by-number", "schemaVersion": 16, "panels": []}

    with served(catalogue) as url:
        setting = {"HELIO_DASHBOARDS_CATALOGUE": f"{url}/api/dashboards"}
        taken = helio(hub, "dashboard", "import", "10578", **setting)
        assert taken.returncode == 0, taken.stderr
        unknown = helio(hub, "dashboard", "import", "4", **setting)
        assert "there is no dashboard 4 at" in unknown.stderr
    assert asked[0] == "/api/dashboards/10578/revisions/latest/download"
    assert hub.json("GET", "/api/dashboards/by-number")["view"]["title"] == "By number"
    offline = helio(hub, "dashboard", "import", "10578", **setting)
    assert offline.returncode != 0
    assert (
        f"download {setting['HELIO_DASHBOARDS_CATALOGUE']}/10578/revisions/latest/download" in offline.stderr
    )
    assert "helio dashboard import 10578.json" in offline.stderr
