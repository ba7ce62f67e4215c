"""Every route × every identity: nobody sees, or changes, what is in a bucket that is not theirs."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.routing import Route

from heliograph.api.app import ROUTES
from tests.real.hub_process import HubProcess
from tests.security.report import Report
from tests.security.route_requests import REQUESTS, Ask, For

BUCKETS = ("alpha", "omega")
KNOWN_WAYS_TO_SAY_NO = (400, 403, 404, 409, 422)


@dataclass(frozen=True)
class Who:
    """An identity: how it logs in, and what it may do."""

    name: str
    headers: dict[str, str]
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    is_operator: bool = False
    is_known: bool = True
    link: str = "none"


@dataclass
class World:
    """A hub with two buckets, and one of everything for each."""

    hub: HubProcess
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    """What stands for ``@…`` and ``{…}``, by bucket."""
    identities: list[Who] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        data = body.encode() if isinstance(body, str) else body
        status, _, answer = self.hub.request(method, path, data, **more)
        assert status < 300, (method, path, status, answer)
        return json.loads(answer) if answer[:1] in (b"{", b"[") else answer


def signs(bucket: str) -> tuple[str, ...]:
    """What is in a bucket and nowhere else."""
    return (
        f"host-of-{bucket}-secret",
        f"word-of-{bucket}-secret",
        "4711.25" if bucket == "alpha" else "8822.75",
    )


def names(bucket: str) -> tuple[str, ...]:
    """What an answer may only have if the question had it."""
    return (bucket, f"m_{bucket}")


def token(world: World, *permissions: tuple[str, str]) -> dict[str, Any]:
    listed = [
        {"action": action, "resource": {"type": "buckets", "name": name}} for action, name in permissions
    ]
    made: dict[str, Any] = world.ask("POST", "/api/v2/authorizations", {"permissions": listed})
    return made


def furnish(world: World, bucket: str) -> None:
    """Make a bucket with points, a mapping, a dashboard, a rule that fires, and a token."""
    host, word, number = signs(bucket)
    world.ask("POST", "/api/buckets", {"name": bucket})
    line = f'm_{bucket},host={host} word="{word}",v={number}'
    world.ask("POST", f"/api/v2/write?bucket={bucket}", line)
    [found] = world.ask("GET", f"/api/v2/buckets?name={bucket}")["buckets"]
    org = world.ask("GET", "/api/v2/orgs")["orgs"][0]["id"]
    mapping = {"database": f"db-{bucket}", "retention_policy": "p", "bucketID": found["id"], "orgID": org}
    made = world.ask("POST", "/api/v2/dbrps", mapping)
    target = {"refId": "A", "query": f'SELECT * FROM "m_{bucket}"', "rawQuery": True, "bucket": bucket}
    panel = {"id": 1, "type": "table", "title": "t", "targets": [target]}
    alerts = {"id": 2, "type": "alertlist", "title": "a"}
    document = {"title": f"board {bucket}", "schemaVersion": 39, "panels": [panel, alerts]}
    board = world.ask("POST", "/api/dashboards/import", {"dashboard": document})
    rule = {"name": f"hot-{bucket}", "bucket": bucket, "measurement": f"m_{bucket}", "field": "v"}
    world.ask("POST", "/api/rules", rule | {"every": "1s", "above": 1, "by": ["host"]})
    somebody = token(world, ("read", bucket), ("write", bucket))
    consumer = {"name": f"own-{bucket}", "stream": "lp", "from_seq": 1}
    made_by = world.hub.request("POST", "/api/consumers", consumer, token=somebody["token"])
    assert made_by[0] == 201, made_by
    world.words[bucket] = {
        "@T": bucket,
        "@O": next(other for other in BUCKETS if other != bucket),
        "@bucket": found["id"],
        "@consumer": f"own-{bucket}",
        "@home": str(world.hub.home),
        "@start": str(time.time_ns() // 10**6 - 3_600_000),
        "@end": str(time.time_ns() // 10**6 + 600_000),
        "orgs": org,
        "buckets": found["id"],
        "authorizations": somebody["id"],
        "tokens": somebody["id"],
        "dbrps": made["id"],
        "uid": board["uid"],
        "secret": somebody["token"],
    }


def let_in(world: World) -> list[Who]:
    """Return all kinds of identities."""
    key = world.ask("POST", "/api/identities/devices", {"id": "board"})["key"]
    world.ask("POST", "/api/identities/users", {"name": "anna", "password": "a long password"})
    login = {"user": "anna", "password": "a long password"}
    cookie = world.hub.request("POST", "/api/session", login, token=None)[1]["set-cookie"].partition(";")[0]
    link = world.ask("POST", f"/api/dashboards/{world.words['alpha']['uid']}/share", {"seconds": 600})["link"]

    def by_token(secret: str) -> dict[str, str]:
        return {"Authorization": f"Token {secret}"}

    everything = frozenset(BUCKETS)
    alpha, omega = frozenset({"alpha"}), frozenset({"omega"})
    return [
        Who("operator", by_token(world.hub.token), everything, everything, is_operator=True),
        Who("person", {"Cookie": cookie}, everything, everything, is_operator=True),
        Who("reads alpha", by_token(token(world, ("read", "alpha"))["token"]), alpha),
        Who("writes alpha", by_token(token(world, ("write", "alpha"))["token"]), frozenset(), alpha),
        Who("token of omega", by_token(world.words["omega"]["secret"]), omega, omega),
        Who("device", by_token(key), is_known=False),
        Who("link to alpha", {}, alpha, is_known=False, link=link),
        Who("nobody", {}, is_known=False),
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with HubProcess(tmp_path_factory.mktemp("routes") / "hub", "--no-agent") as hub:
        made = World(hub)
        for bucket in BUCKETS:
            furnish(made, bucket)
        made.identities = let_in(made)
        until = time.monotonic() + 120
        while len(made.ask("GET", "/api/alerts")["alerts"]) < len(BUCKETS) and time.monotonic() < until:
            time.sleep(0.1)
        yield made


def path_of(route: str, words: dict[str, str], who: Who) -> str:
    """Return a route's path with the ids of a bucket."""
    path = route.partition(" ")[2]
    kind = (
        path.split("/")[2:4][-1]
        if path.startswith(("/api/v2/", "/api/identities/"))
        else path.split("/")[2:3]
    )
    ids = {"board": "devices", "0123456789abcdef": "telegrafs", "1": "silences"}
    id_ = next((i for i, k in ids.items() if f"/{k}/" in path), words.get(str(kind), "none"))
    if "/api/v2/" in path or "/tokens/" in path:
        id_ = words.get(path.split("/")[3], id_)
    by_place = {"buckets": words["@T"], "users": "anna", "rules": f"hot-{words['@T']}", "streams": "lp"}
    name = next((n for place, n in by_place.items() if f"/{place}/" in path), words["@consumer"])
    filled = path.replace("{id}", id_).replace("{name:path}", name).replace("{name}", name)
    return filled.replace("{uid}", words["uid"]).replace("{link}", who.link)


def fill(text: str, words: dict[str, str]) -> str:
    for word in ("@start", "@end"):  # numbers
        text = text.replace(f'"{word}"', words[word])
    for word in sorted((w for w in words if w.startswith("@")), key=len, reverse=True):
        text = text.replace(word, words[word])
    return text


def tried(world: World, route: str, ask: Ask, who: Who, bucket: str) -> tuple[int, str, list[str]]:
    """Return status and answer of one request, and what must not be in it and is."""
    words = world.words[bucket]
    path = path_of(route, words, who) + fill(ask.query, words)
    body = (
        None
        if ask.body is None
        else fill(ask.body if isinstance(ask.body, str) else json.dumps(ask.body), words)
    )
    method = route.partition(" ")[0]
    data = b"" if body is None and method != "GET" else body and body.encode()
    status, _, answer = world.hub.request(method, path, data or None, token=None, headers=dict(who.headers))
    text, sent = answer.decode(errors="replace"), f"{path} {body}"
    leaks: list[str] = []
    for other in BUCKETS:
        hidden = () if other in who.reads or who.is_operator else signs(other)
        if other not in who.reads | who.writes and ask.who is not For.READERS:
            hidden += tuple(name for name in names(other) if name not in sent and "/dashboards" not in route)
        leaks += [sign for sign in hidden if sign in text]
    return status, text, leaks


def judge(ask: Ask, who: Who, bucket: str, status: int, text: str) -> bool:
    """Return whether the answer is as it must be for who asked."""
    shown = status == 200 and (not ask.shows or any(sign in text for sign in signs(bucket)))
    if ask.who is For.EVERYBODY:
        return True
    if ask.who is For.LINKS:
        is_right = shown if bucket in who.reads else status in (200, 403)
        return status == 401 if who.link == "none" else is_right
    return for_known(ask, who, bucket, status, text, shown=shown) if who.is_known else status == 401


def for_known(ask: Ask, who: Who, bucket: str, status: int, text: str, *, shown: bool) -> bool:
    """The same for who has logged in."""
    refused = status in KNOWN_WAYS_TO_SAY_NO
    needed = set(BUCKETS) if "@O" in f"{ask.query}{ask.body}" else {bucket}
    match ask.who:
        case For.OPERATORS if who.is_operator:
            return status not in (401, 403)
        case For.OPERATORS:
            return refused or (status == 200 and '"error"' in text)
        case For.OWNERS:
            return shown if may_change(ask, who, bucket) else refused
        case For.NOBODY:
            return refused
        case For.READERS if needed <= who.reads:
            return shown
        case For.WRITERS:
            return status in (200, 204) if bucket in who.writes else refused or status == 200
        case _:
            return status != 401


def may_change(ask: Ask, who: Who, bucket: str) -> bool:
    if ask.who is For.OWNERS:
        return who.is_operator or who.name == f"token of {bucket}"
    return who.is_operator or (bucket in who.writes | who.reads and ask.who is not For.OPERATORS)


def everything_of(world: World) -> dict[str, Any]:
    """What must be the same after all tries by those who may not."""
    kept = {path: world.ask("GET", path) for path in ("/api/identities/users", "/api/identities/devices")}
    kept["tokens"] = sorted(
        each["id"] for each in world.ask("GET", "/api/v2/authorizations")["authorizations"]
    )
    kept["buckets"] = sorted(each["name"] for each in world.ask("GET", "/api/buckets")["buckets"])
    kept["boards"] = sorted(each["uid"] for each in world.ask("GET", "/api/dashboards")["dashboards"])
    kept["rules"] = sorted(each["name"] for each in world.ask("GET", "/api/rules")["rules"])
    kept["dbrps"] = sorted(each["id"] for each in world.ask("GET", "/api/v2/dbrps")["content"])
    for bucket in BUCKETS:
        kept[f"points of {bucket}"] = world.ask(
            "POST", "/api/sql", {"bucket": bucket, "sql": f"SELECT host, word, v FROM m_{bucket}"}
        )["rows"]
        schema = world.ask("GET", f"/api/schema?bucket={bucket}")["measurements"]
        kept[f"measurements of {bucket}"] = sorted({each["name"] for each in schema} - {"own"})
    return kept


def test_every_route_has_its_requests() -> None:
    routes = [each for each in ROUTES if isinstance(each, Route)]
    known = {f"{m} {r.path.replace(':path', '')}" for r in routes for m in (r.methods or set()) - {"HEAD"}}
    assert known == set(REQUESTS), (
        "a route is missing in tests/security/route_requests.py, or is there no more"
    )


def test_nobody_gets_at_what_is_not_theirs(world: World, report: Report) -> None:
    before, count, wrong = everything_of(world), Counter[str](), []
    for route, asks in REQUESTS.items():
        for ask in asks:
            for who in world.identities:
                for bucket in BUCKETS:
                    if ask.changes and may_change(ask, who, bucket):
                        continue
                    status, text, leaks = tried(world, route, ask, who, bucket)
                    count[who.name] += 1
                    if leaks or status >= 500 or not judge(ask, who, bucket, status, text):
                        wrong.append(
                            (route, ask.query, ask.body, who.name, bucket, status, leaks, text[:300])
                        )
    assert not wrong, "\n".join(map(str, wrong))
    assert everything_of(world) == before
    assert "Traceback" not in world.hub.log
    for name, tries in count.items():
        report.add("HTTP routes × identities", name, f"{tries} requests, 0 leaks")
    report.add("HTTP routes × identities", "routes", f"{len(REQUESTS)} of {len(REQUESTS)} in the router")
