"""Users, grants and continuous queries of InfluxQL: influxd's answers, and what users may do here."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import INFLUXD, Influxd, influxd

__all__ = ["influxd"]

CREATE = "CREATE CONTINUOUS QUERY {} ON d BEGIN SELECT {} FROM m GROUP BY time(1m) END"
STATEMENTS = [
    "CREATE DATABASE d",
    "CREATE DATABASE e",
    "CREATE USER bob WITH PASSWORD 'x'",
    "CREATE USER bob WITH PASSWORD 'x'",
    "CREATE USER bob WITH PASSWORD 'y'",
    "CREATE USER bob WITH PASSWORD 'x' WITH ALL PRIVILEGES",
    "CREATE USER root WITH PASSWORD 'r' WITH ALL PRIVILEGES",
    "CREATE USER \"\" WITH PASSWORD 'x'",
    "SHOW USERS",
    "SHOW GRANTS FOR bob",
    "SHOW GRANTS FOR nobody",
    "GRANT READ ON d TO bob",
    "SHOW GRANTS FOR bob",
    "GRANT WRITE ON d TO bob",
    "GRANT ALL ON e TO bob",
    "GRANT ALL ON nodb TO bob",
    "GRANT ALL ON d TO nobody",
    "SHOW GRANTS FOR bob",
    "REVOKE READ ON e FROM bob",
    "REVOKE WRITE ON d FROM bob",
    "SHOW GRANTS FOR bob",
    "REVOKE ALL ON d FROM bob",
    "REVOKE READ ON nodb FROM bob",
    "REVOKE READ ON d FROM nobody",
    "GRANT ALL PRIVILEGES TO bob",
    "SHOW USERS",
    "REVOKE ALL PRIVILEGES FROM bob",
    "REVOKE ALL PRIVILEGES FROM nobody",
    "SET PASSWORD FOR bob = 'z'",
    "SET PASSWORD FOR nobody = 'z'",
    "DROP USER nobody",
    "DROP DATABASE e",
    "SHOW GRANTS FOR bob",
    "DROP USER bob",
    "SHOW USERS",
    "KILL QUERY 1000000",
    CREATE.format("a", "mean(v) INTO n"),
    CREATE.format("a", "mean(v) INTO n"),
    CREATE.format("a", "max(v) INTO n"),
    CREATE.format("b", 'max(v) + 1 AS "a b" INTO d.autogen.:MEASUREMENT'),
    CREATE.format("c", "max(v) INTO nodb..n"),
    "CREATE CONTINUOUS QUERY c ON nodb BEGIN SELECT max(v) INTO n FROM m GROUP BY time(1m) END",
    (
        "CREATE CONTINUOUS QUERY c ON d RESAMPLE EVERY 2m FOR 1h BEGIN SELECT last(v) INTO n FROM /m.*/"
        ", d..o WHERE h =~ /x/ GROUP BY time(1m, 10s), * fill(previous) TZ('Europe/Berlin') END"
    ),
    "SHOW CONTINUOUS QUERIES",
    "DROP CONTINUOUS QUERY a ON d",
    "DROP CONTINUOUS QUERY a ON d",
    "DROP CONTINUOUS QUERY a ON nodb",
    "SHOW CONTINUOUS QUERIES",
]


@covers("InfluxQL", "CREATE, DROP USER, SET PASSWORD, GRANT, REVOKE, SHOW USERS, GRANTS")
@pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")
def test_statements_have_influxds_answers(influxd: Influxd, hub: HubProcess) -> None:
    for text in STATEMENTS:
        path = f"/query?db=d&q={quote(text)}"
        theirs = json.loads(influxd.ask("POST", path)[1])
        status, _, body = hub.request("POST", path)
        assert status == 200
        assert comparable(json.loads(body)) == comparable(theirs), text


def comparable(answer: Any) -> Any:
    """Leave out the database that both have from the start, and the order of grants, which influxd throws."""
    for series in answer["results"][0].get("series", []):
        if "privilege" in series["columns"]:
            series.get("values", []).sort()
        if series.get("name") == "telegraf":
            answer["results"][0]["series"].remove(series)
    return answer


def ask(hub: HubProcess, text: str, user: str = "", **more: str) -> Any:
    """Return the result of a statement, or (status, error) of a request that is refused."""
    path = f"/query?{urlencode({'q': text, 'db': 'd', **more})}"
    headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}
    token = None if user or "p" in more else ""
    status, _, body = hub.request("POST", path, token=token, headers=headers)
    answer = json.loads(body)
    return answer["results"][0] if status == 200 else (status, answer["error"])


def write(hub: HubProcess, user: str, database: str, policy: str = "") -> int:
    headers = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
    path = f"/write?db={database}&rp={policy}"
    return hub.request("POST", path, b"m v=2 2", token=None, headers=headers)[0]


@pytest.fixture
def peopled(hub: HubProcess) -> HubProcess:
    """A hub with the databases d and secret, and users who may read and write d."""
    for text in (
        "CREATE DATABASE d",
        "CREATE DATABASE secret",
        "CREATE USER reader WITH PASSWORD 'r:1'",
        "CREATE USER writer WITH PASSWORD 'w'",
        "CREATE USER chief WITH PASSWORD 'c' WITH ALL PRIVILEGES",
        "GRANT READ ON d TO reader",
        "GRANT WRITE ON d TO writer",
    ):
        assert ask(hub, text) == {"statement_id": 0}
    for database in ("d", "secret"):
        assert hub.request("POST", f"/write?db={database}", b"m v=1 1")[0] == 204
    return hub


@covers("HTTP, InfluxDB 1.x", "users with passwords")
def test_users_log_in_where_influxdb_1_does(peopled: HubProcess) -> None:
    hub, text = peopled, "SELECT v FROM m"
    assert "series" in ask(hub, text, "reader:r:1")
    assert "series" in ask(hub, text, u="reader", p="r:1")
    assert hub.request("GET", "/query?q=SHOW+USERS&u=chief&p=c", token=None)[0] == 200
    assert hub.request("GET", "/query?q=SHOW+USERS", token="chief:c")[0] == 200
    for user in ("reader:", "reader:w", "nobody:r:1", ":r:1"):
        status, error = ask(hub, text, user)
        assert (status, "not known" in error or "authorization failed" in error) == (401, True), error
    basic = {"Authorization": f"Basic {base64.b64encode(b'chief:c').decode()}"}
    for path in ("/api/buckets", "/api/v2/buckets", "/api/v2/authorizations"):
        assert hub.request("GET", path, token=None, headers=basic)[0] == 401, "only 1.x's routes"


@covers("HTTP, InfluxDB 1.x", "grants by database")
def test_users_may_do_what_is_granted_by_database(peopled: HubProcess) -> None:
    hub = peopled
    assert "may not read" in ask(hub, "SELECT v FROM secret..m", "reader:r:1")["error"]
    assert 'user "writer" may not read' in ask(hub, "SELECT v FROM m", "writer:w")["error"]
    assert ask(hub, "SHOW DATABASES", "reader:r:1")["series"][0]["values"] == [["d"]]
    assert ask(hub, "SHOW DATABASES", "writer:w")["series"][0]["values"] == [["d"]]
    assert "database not found" in ask(hub, "SHOW RETENTION POLICIES ON secret", "reader:r:1")["error"]
    assert [s["name"] for s in ask(hub, "SHOW CONTINUOUS QUERIES", "reader:r:1")["series"]] == ["d"]
    assert (write(hub, "writer:w", "d"), write(hub, "writer:w", "secret")) == (204, 403)
    assert (write(hub, "reader:r:1", "d"), write(hub, "nobody:w", "d")) == (403, 401)
    for text in (
        "CREATE DATABASE x",
        "DROP DATABASE d",
        "CREATE USER x WITH PASSWORD 'x'",
        "SET PASSWORD FOR chief = 'r'",
        "GRANT ALL ON secret TO reader",
        "GRANT ALL PRIVILEGES TO reader",
        "SHOW USERS",
        "SHOW GRANTS FOR chief",
        "KILL QUERY 1",
        CREATE.format("a", "mean(v) INTO n"),
        "DROP CONTINUOUS QUERY a ON d",
        "SELECT v INTO n FROM m",
    ):
        assert "error" in ask(hub, text, "reader:r:1"), text
    assert ask(hub, "CREATE DATABASE x", "chief:c") == {"statement_id": 0}


def test_rights_change_at_once_and_outlast_a_restart(peopled: HubProcess) -> None:
    hub = peopled
    ask(hub, "CREATE RETENTION POLICY long ON d DURATION INF REPLICATION 1")
    assert write(hub, "writer:w", "d", "long") == 204, "policies that are made later belong to it"
    hub.stop()
    hub.start()
    assert "series" in ask(hub, "SELECT v FROM d.long.m; SELECT v FROM m", "reader:r:1")
    ask(hub, "REVOKE READ ON d FROM reader")
    assert "may not read" in ask(hub, "SELECT v FROM m", "reader:r:1")["error"]
    ask(hub, "SET PASSWORD FOR writer = 'new'")
    assert (write(hub, "writer:w", "d"), write(hub, "writer:new", "d")) == (401, 204)
    ask(hub, "DROP DATABASE d")
    ask(hub, "CREATE DATABASE d")
    assert write(hub, "writer:new", "d") == 403, "a later database of the name is another"
    ask(hub, "DROP USER writer")
    assert write(hub, "writer:new", "d") == 401
    catalogue = (hub.home / "catalog.db").read_bytes() + (hub.home / "catalog.db-wal").read_bytes()
    assert b"r:1" not in catalogue
    assert b"$argon2id$" in catalogue
