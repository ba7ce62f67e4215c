"""The unmodified Python client of InfluxDB 2 manages buckets, tokens and the rest as it would there."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from influxdb_client import (
    Authorization,
    BucketRetentionRules,
    DBRPCreate,
    DBRPsService,
    DBRPUpdate,
    InfluxDBClient,
    OnboardingRequest,
    Permission,
    PermissionResource,
    Point,
    SetupService,
    TelegrafPluginRequest,
    TelegrafsService,
)
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.client.write_api import ASYNCHRONOUS, SYNCHRONOUS
from influxdb_client.rest import ApiException

from tests.compatibility import covers
from tests.real.hub_process import HubProcess

T = 1_790_000_000_000_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One hub for all clients; each test makes what it needs under names of its own."""
    with HubProcess(tmp_path_factory.mktemp("v2") / "hub", "--no-agent") as running:
        yield running


@pytest.fixture
def client(hub: HubProcess) -> Iterator[InfluxDBClient]:
    with InfluxDBClient(hub.http_url, token=hub.token, org="heliograph") as opened:
        yield opened


def refused(status: int) -> Any:
    return pytest.raises(ApiException, match=f"({status})")


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "buckets_api")
@covers("HTTP, InfluxDB 2.x", "buckets")
def test_buckets(client: InfluxDBClient) -> None:
    buckets = client.buckets_api()
    day = BucketRetentionRules(type="expire", every_seconds=86_400)
    made = buckets.create_bucket(bucket_name="lab", retention_rules=day, description="of room 7")
    assert (made.name, made.description, made.retention_rules[0].every_seconds) == (
        "lab",
        "of room 7",
        86_400,
    )
    assert buckets.find_bucket_by_id(made.id).name == "lab"
    assert buckets.find_bucket_by_name("lab").id == made.id
    assert buckets.find_bucket_by_name("nope") is None
    assert {"telegraf", "lab"} <= {bucket.name for bucket in buckets.find_buckets(org="heliograph").buckets}

    made.retention_rules[0].every_seconds = 7 * 86_400
    made.description = ""
    changed = buckets.update_bucket(made)
    assert (changed.description, changed.retention_rules[0].every_seconds) == ("", 7 * 86_400)
    with refused(422) as conflict:
        buckets.create_bucket(bucket_name="lab")
    assert conflict.value.headers["X-Platform-Error-Code"] == "conflict"
    made.name = "laboratory"
    with refused(422):
        buckets.update_bucket(made)

    buckets.delete_bucket(made)
    with refused(404):
        buckets.find_bucket_by_id(made.id)
    again = buckets.create_bucket(bucket_name="lab")
    assert again.id != made.id
    assert again.retention_rules[0].every_seconds == 0, "without a rule it keeps all, as there"
    buckets.delete_bucket(again.id)


@covers("HTTP, InfluxDB 2.x", "lists in pages")
def test_many_buckets_come_in_pages(client: InfluxDBClient) -> None:
    buckets = client.buckets_api()
    made = [buckets.create_bucket(bucket_name=f"page{n:02}") for n in range(25)]
    try:
        assert len(buckets.find_buckets().buckets) == 20
        every = [bucket.name for bucket in buckets.find_buckets_iter(limit=7)]
        assert every == [bucket.name for bucket in buckets.find_buckets(limit=100).buckets]
        assert [b.name for b in buckets.find_buckets(limit=2, offset=3).buckets] == every[3:5]
        assert [b.name for b in buckets.find_buckets(limit=2, after=made[4].id).buckets] == [
            "page05",
            "page06",
        ]
        links = buckets.find_buckets(limit=7, offset=7).links
        assert ("offset=0" in links.prev, "offset=14" in links.next) == (True, True)
    finally:
        for bucket in made:
            buckets.delete_bucket(bucket)


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "organizations_api, users_api")
@covers("HTTP, InfluxDB 2.x", "one organization, one user")
def test_the_organization_and_the_user(client: InfluxDBClient) -> None:
    organizations = client.organizations_api()
    (org,) = organizations.find_organizations()
    assert org.name == "heliograph"
    assert organizations.find_organization(org.id).id == org.id
    assert organizations.find_organizations(org="heliograph")[0].id == org.id
    with refused(404):
        organizations.find_organizations(org="nope")
    with pytest.raises(InfluxDBError, match="cannot find organization"):
        client.buckets_api().create_bucket(bucket_name="x", org="nope")
    org.name = "garden"
    assert organizations.update_organization(org).name == "garden"
    org.name = "heliograph"
    organizations.update_organization(org)
    with refused(422):
        organizations.create_organization("other")
    with refused(422):
        organizations.delete_organization(org.id)
    assert organizations.me().name == client.users_api().me().name == "operator"
    assert [user.name for user in client.users_api().find_users().users] == ["operator"]


def permission(action: str, kind: str = "buckets", **one: str) -> Permission:
    return Permission(action=action, resource=PermissionResource(type=kind, **one))


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "authorizations_api")
@covers("HTTP, InfluxDB 2.x", "tokens with rights to buckets")
def test_tokens(hub: HubProcess, client: InfluxDBClient) -> None:
    authorizations = client.authorizations_api()
    (org,) = client.organizations_api().find_organizations()
    bucket = client.buckets_api().create_bucket(bucket_name="greenhouse")
    made = authorizations.create_authorization(
        authorization=Authorization(
            org_id=org.id, description="pi", permissions=[permission("write", id=bucket.id, org_id=org.id)]
        )
    )
    assert (made.status, made.description, len(made.token) > 40) == ("active", "pi", True)
    assert authorizations.find_authorization_by_id(made.id).token is None, "told once only"
    assert made.id in {a.id for a in authorizations.find_authorizations()}
    assert made.id in {a.id for a in authorizations.find_authorizations_by_org(org)}
    assert authorizations.find_authorizations_by_user_name("nobody") == []

    with InfluxDBClient(hub.http_url, token=made.token, org="heliograph") as board:
        write = board.write_api(SYNCHRONOUS).write
        write("greenhouse", record=f"soil wet=0.5 {T}")
        write(bucket.id, record=f"soil wet=0.6 {T + 1}")
        for elsewhere in ("telegraf", "nope"):
            with refused(403):
                write(elsewhere, record="soil wet=1")
        with refused(403):
            board.buckets_api().create_bucket(bucket_name="mine")
        assert [b.name for b in board.buckets_api().find_buckets().buckets] == ["greenhouse"]
        assert [a.id for a in board.authorizations_api().find_authorizations()] == [made.id]

        made.status = "inactive"
        assert authorizations.update_authorization(made).status == "inactive"
        with refused(401):
            write("greenhouse", record="soil wet=1")
        made.status = "active"
        authorizations.update_authorization(made)
        write("greenhouse", record=f"soil wet=0.7 {T + 2}")
        authorizations.delete_authorization(made)
        with refused(401):
            write("greenhouse", record="soil wet=1")
    with refused(404):
        authorizations.find_authorization_by_id(made.id)
    rows = hub.json("POST", "/api/sql", {"sql": "SELECT wet FROM soil ORDER BY 1", "bucket": "greenhouse"})
    assert rows["rows"] == [[0.5], [0.6], [0.7]]


def test_a_token_that_may_do_everything_is_as_good_as_the_operators(
    hub: HubProcess, client: InfluxDBClient
) -> None:
    authorizations = client.authorizations_api()
    (mine,) = [a for a in authorizations.find_authorizations() if "operator" in a.description]
    clone = authorizations.clone_authorization(mine)
    assert hub.request("GET", "/api/status", token=clone.token)[0] == HTTPStatus.OK
    authorizations.delete_authorization(clone.id)
    assert hub.request("GET", "/api/status", token=clone.token)[0] == HTTPStatus.UNAUTHORIZED
    with refused(422):
        authorizations.delete_authorization(mine)


@covers("Telegraf", "`telegraf --config http://…/api/v2/telegrafs/ID`")
@covers("HTTP, InfluxDB 2.x", "Telegraf's configurations")
def test_telegraf_configurations(hub: HubProcess, client: InfluxDBClient) -> None:
    telegrafs = TelegrafsService(client.api_client)
    toml = "[[inputs.cpu]]\n# ü\n[[outputs.influxdb_v2]]\n"
    made = telegrafs.post_telegrafs(TelegrafPluginRequest(name="pi", description="d", config=toml))
    path = f"/api/v2/telegrafs/{made.id}"
    assert [t.id for t in telegrafs.get_telegrafs().configurations] == [made.id]
    status, headers, body = hub.request("GET", path, headers={"Accept": "application/toml"})
    assert (status, body.decode(), headers["content-type"]) == (200, toml, "application/toml; charset=utf-8")
    assert "gmt" in headers["last-modified"].lower()
    assert hub.request("HEAD", path)[0] == HTTPStatus.OK, "by which Telegraf watches for changes"
    assert hub.request("GET", path, headers={"Accept": "*/*"})[2].decode() == toml
    changed = telegrafs.put_telegrafs_id(made.id, TelegrafPluginRequest(name="pi2", config="# new"))
    assert (changed.name, changed.config) == ("pi2", "# new")
    telegrafs.delete_telegrafs_id(made.id)
    assert hub.request("GET", path)[0] == HTTPStatus.NOT_FOUND


@covers("HTTP, InfluxDB 2.x", "`/api/v2/dbrps`")
def test_databases_of_version_1(client: InfluxDBClient) -> None:
    mappings = DBRPsService(client.api_client)
    buckets = [client.buckets_api().create_bucket(bucket_name=name) for name in ("plant", "plant/year")]
    found = mappings.get_dbr_ps(org="heliograph", db="plant").content
    assert [(m.retention_policy, m.default, m.bucket_id) for m in found] == [
        ("autogen", True, buckets[0].id),
        ("year", False, buckets[1].id),
    ]
    wish = {"bucket_id": buckets[1].id, "database": "plant", "org": "heliograph"}
    assert mappings.post_dbrp(DBRPCreate(retention_policy="year", **wish)).bucket_id == buckets[1].id
    with refused(422):
        mappings.post_dbrp(DBRPCreate(retention_policy="week", **wish))


def test_a_bucket_of_another_name_is_mapped_to_a_database(client: InfluxDBClient, hub: HubProcess) -> None:
    mappings, buckets = DBRPsService(client.api_client), client.buckets_api()
    first, second = [buckets.create_bucket(bucket_name=name) for name in ("sensors-2025", "sensors-2026")]
    for bucket, policy in ((first, "old"), (second, "new")):
        wish = {"bucket_id": bucket.id, "database": "sensors", "org": "heliograph"}
        made = mappings.post_dbrp(DBRPCreate(retention_policy=policy, **wish))
        assert (made.default, made.virtual) == (policy == "old", False), "the first is the default"
    assert mappings.get_dbr_ps_id(dbrp_id=made.id).content.bucket_id == second.id
    assert hub.request("POST", "/write?db=sensors", f"m v=1 {T}".encode())[0] == 204
    assert hub.request("POST", "/write?db=sensors&rp=new", f"m v=2 {T}".encode())[0] == 204
    assert influxql(hub, "SELECT v FROM m")[0][1] == 1
    assert influxql(hub, "SELECT v FROM sensors.new.m")[0][1] == 2
    assert [row[0] for row in influxql(hub, "SHOW RETENTION POLICIES")] == ["old", "new"]
    mappings.patch_dbrpid(dbrp_id=made.id, dbrp_update=DBRPUpdate(default=True))
    assert influxql(hub, "SELECT v FROM m")[0][1] == 2
    influxql(hub, "ALTER RETENTION POLICY old ON sensors DEFAULT")
    assert [m.default for m in mappings.get_dbr_ps(org="heliograph", db="sensors").content] == [True, False]
    with refused(422):
        mappings.post_dbrp(DBRPCreate(retention_policy="old", **wish))
    mappings.delete_dbrpid(dbrp_id=made.id)
    assert [row[0] for row in influxql(hub, "SHOW RETENTION POLICIES")] == ["old"]
    buckets.delete_bucket(first)
    assert mappings.get_dbr_ps(org="heliograph", db="sensors").content == []
    assert buckets.find_bucket_by_name("sensors-2026") is not None, "a mapping never deletes a bucket"


def influxql(hub: HubProcess, text: str) -> list[list[Any]]:
    asked = urlencode({"q": text, "db": "sensors"})
    (result,) = hub.json("POST", f"/query?{asked}")["results"]
    assert "error" not in result, result
    return [row for series in result.get("series", []) for row in series["values"]]


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "user name and password")
@covers("HTTP, InfluxDB 2.x", "`/api/v2/signin`, `/api/v2/signout`")
def test_name_and_password_open_a_session(hub: HubProcess) -> None:
    with InfluxDBClient(hub.http_url, username="anybody", password=hub.token, org="heliograph") as client:
        assert client.organizations_api().me().name == "operator"
        client.write_api(SYNCHRONOUS).write("telegraf", record=f"session v=1 {T}")
    assert hub.sql("SELECT v FROM session") == [[1.0]]
    with (
        InfluxDBClient(hub.http_url, username="anybody", password="wrong", org="heliograph") as stranger,
        pytest.raises(ApiException) as unknown,
    ):
        stranger.organizations_api().me()
    assert unknown.value.status == HTTPStatus.UNAUTHORIZED


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "write_api: synchronous, in threads, in batches")
def test_writes_in_threads(hub: HubProcess, client: InfluxDBClient) -> None:
    with pytest.deprecated_call():
        write = client.write_api(ASYNCHRONOUS).write
    waiting = [write("telegraf", record=Point("threads").field("v", n).time(T + n)) for n in range(20)]
    assert [job.get() for job in waiting] == [None] * 20
    assert hub.sql("SELECT count(*), sum(v) FROM threads") == [[20, sum(range(20))]]


@covers("influxdb-client 1.x (Python, InfluxDB 2)", "the client for asyncio: write")
async def test_the_client_for_asyncio(hub: HubProcess) -> None:
    async with InfluxDBClientAsync(hub.http_url, token=hub.token, org="heliograph") as client:
        assert await client.ping()
        write = client.write_api()
        assert await write.write(
            "telegraf", record=[Point("loop").field("v", n).time(T + n) for n in range(50)]
        )
        with refused(404):
            await write.write("nope", record="loop v=1")
    assert hub.sql("SELECT count(*), sum(v) FROM loop") == [[50, sum(range(50))]]


def test_setup_is_closed_where_nobody_opened_it(client: InfluxDBClient) -> None:
    setup = SetupService(client.api_client)
    assert setup.get_setup().allowed is False
    request = OnboardingRequest(username="me", password="password", org="o", bucket="b")
    with refused(422) as conflict:
        setup.post_setup(request)
    assert conflict.value.headers["X-Platform-Error-Code"] == "conflict"


@covers("HTTP, InfluxDB 2.x", "`/api/v2/setup`")
def test_setup_for_test_suites(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--allow-setup") as hub:
        with InfluxDBClient(hub.http_url, token="") as client:
            setup = SetupService(client.api_client)
            assert setup.get_setup().allowed is True
            with refused(400):
                setup.post_setup(OnboardingRequest(username="me", password="short", org="o", bucket="b"))
            request = OnboardingRequest(
                username="my-user",
                password="my-password",
                org="my-org",
                bucket="my-bucket",
                token="my-super-secret-token",
                retention_period_seconds=3_600,
            )
            done = setup.post_setup(request)
            assert (done.user.name, done.org.name, done.bucket.name) == ("my-user", "my-org", "my-bucket")
            assert (done.auth.token, done.bucket.retention_rules[0].every_seconds) == (request.token, 3_600)
            assert setup.get_setup().allowed is False
            with refused(422):
                setup.post_setup(request)
        hub.stop()
        hub.start()
        with InfluxDBClient(hub.http_url, token="my-super-secret-token", org="my-org") as client:
            client.buckets_api().create_bucket(bucket_name="second")
            assert client.users_api().me().name == "my-user"
        with InfluxDBClient(hub.http_url, username="my-user", password="my-password", org="my-org") as client:
            assert client.buckets_api().find_bucket_by_name("second").name == "second"
        assert b"my-password" not in b"".join(p.read_bytes() for p in hub.home.glob("catalog.db*"))
