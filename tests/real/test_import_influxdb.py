"""``helio import influx``: all that a real InfluxDB 1.x has, with its types, whatever happens meanwhile."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.real.hub_process import HubProcess
from tests.real.test_influxd_oracle import INFLUXD, Influxd

pytestmark = pytest.mark.skipif(INFLUXD is None, reason="influxdb is not installed (make test installs it)")

BASE_NS = 1_700_000_000_000_000_000
SERIES = 40
POINTS = 30_000
ODD = [
    r'odd\ name\,x,tag\ key=va\ l\,ue\=1,u=ü,q="q" field\ one=1,s="a \"quoted\" \\ text",e="" -5',
    'odd\\ name\\,x t="new\nline" -4',
    r"odd\ name\,x f=1 1",
    "edge,a=b v=1e300,w=-0.0,x=0.1,n=-9223372036854775808i,m=9223372036854775807i 9200000000000000000",
    "edge,a=b v=123456789012345678,n=9007199254740993i -9200000000000000000",
]


@pytest.fixture
def garden(tmp_path: Path) -> Iterator[Influxd]:
    """A real influxd with two databases, one of which has two policies."""
    folder = tmp_path / "influxd"
    folder.mkdir()
    server = Influxd(folder)
    try:
        server.wait_ready()
        fill(server)
        yield server
    finally:
        server.stop()


def fill(server: Influxd) -> None:
    for statement in (
        "CREATE DATABASE garden WITH NAME forever",
        'CREATE RETENTION POLICY "two weeks" ON garden DURATION 14d REPLICATION 1',
        'CREATE DATABASE "shed"',
    ):
        assert server.ask("POST", f"/query?q={quote(statement)}")[0] == 200
    chance = random.Random(4)
    cpu = [
        f"cpu,host=h{n % SERIES} load={chance.random() * 1e6!r},n={chance.randrange(-(2**63), 2**63)}i,"
        f'ok={"t" if n % 3 else "f"},word="w{n % 7}" {BASE_NS + n * 700_000_000_001}'
        for n in range(POINTS)
    ]
    for first in range(0, POINTS, 10_000):
        write(server, "db=garden", cpu[first : first + 10_000])
    write(server, "db=garden", ODD)
    now_ns = time.time_ns()
    write(
        server, f"db=garden&rp={quote('two weeks')}", [f"cpu,host=a load=1 {now_ns}", f"mem used=5i {now_ns}"]
    )
    write(server, "db=shed", [f"wide f{n}={n} {BASE_NS}" for n in range(250)])


def write(server: Influxd, parameters: str, lines: list[str]) -> None:
    status, told = server.ask("POST", f"/write?{parameters}", "\n".join(lines).encode())
    assert status == 204, told


def start(hub: HubProcess, folder: Path, url: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "heliograph",
            "import",
            "influx",
            url,
            "--state",
            folder / "a.state",
            *options,
        ],
        env=hub.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def import_from(hub: HubProcess, folder: Path, url: str, *options: str) -> tuple[int, str, str]:
    """Return exit status, output and errors."""
    process = start(hub, folder, url, *options)
    printed, told = process.communicate(timeout=120)
    return process.returncode, printed, told


def url_of(server: Influxd) -> str:
    return f"http://127.0.0.1:{server.port}"


def points(answer: bytes) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Return the rows of each series without what is not there: InfluxDB shows tags of other policies too."""
    found = {}
    for one in (one for result in json.loads(answer)["results"] for one in result.get("series", [])):
        tags = sorted((key, value) for key, value in one.get("tags", {}).items() if value)
        rows = [dict(zip(one["columns"], row, strict=True)) for row in one["values"]]
        found[one["name"], *tags] = [{k: v for k, v in row.items() if v is not None} for row in rows]
    return found


def same_everywhere(server: Influxd, hub: HubProcess) -> None:
    """Compare all points of both, types of fields and policies too."""
    for database, policy in (("garden", "forever"), ("garden", "two weeks"), ("shed", "autogen")):
        for text in (f'SELECT * FROM "{policy}"./.*/ GROUP BY *', f'SHOW FIELD KEYS FROM "{policy}"./.*/'):
            path = f"/query?db={database}&epoch=ns&q={quote(text)}"
            _, theirs = server.ask("GET", path)
            status, _, ours = hub.request("GET", path)
            assert status == 200, ours
            assert points(ours) == points(theirs)


def test_every_point_arrives_with_its_type_in_a_bucket_that_keeps_it_as_long(
    garden: Influxd, hub: HubProcess, tmp_path: Path
) -> None:
    status, printed, told = import_from(hub, tmp_path, url_of(garden), "--dry-run")
    assert (status, hub.json("GET", "/api/buckets")["buckets"][0]["points"]) == (0, 0), told
    assert [line.split()[-1] for line in printed.splitlines() if " cpu " in line] == [str(4 * POINTS), "1"]
    status, printed, told = import_from(hub, tmp_path, url_of(garden))
    assert status == 0, told
    assert [line.split()[-1] for line in printed.splitlines()[1:]] == ["equal"] * 3
    same_everywhere(garden, hub)
    keeps = {one["name"]: one["keep_seconds"] for one in hub.json("GET", "/api/buckets")["buckets"]}
    assert keeps == {"garden": 0, "garden/two weeks": 14 * 86_400, "shed": 0, "telegraf": 0}
    assert not list(tmp_path.glob("*.state"))
    status, printed, told = import_from(hub, tmp_path, url_of(garden))
    assert (status, "DIFFERENT" in printed) == (0, False), "the same points once more change nothing"
    same_everywhere(garden, hub)


def test_an_import_that_was_killed_goes_on_and_nothing_is_lost_or_there_twice(
    garden: Influxd, hub: HubProcess, tmp_path: Path
) -> None:
    kills = 0
    for wanted in (1, 3, 6):
        process = start(hub, tmp_path, url_of(garden))
        while process.poll() is None and windows(tmp_path) < wanted:
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate(timeout=120)
    assert kills
    hub.kill()
    hub.start()
    status, printed, told = import_from(hub, tmp_path, url_of(garden))
    assert (status, "Going on" in told) == (0, True), told
    assert "DIFFERENT" not in printed
    same_everywhere(garden, hub)


def windows(folder: Path) -> int:
    """Return how many windows an import has entered as copied."""
    return sum(path.read_text().count('"key": "next') for path in folder.glob("*.state"))


def test_a_server_that_goes_away_is_told_and_the_import_goes_on_when_it_is_back(
    garden: Influxd, hub: HubProcess, tmp_path: Path
) -> None:
    process = start(hub, tmp_path, url_of(garden))
    while process.poll() is None and windows(tmp_path) < 2:
        time.sleep(0.005)
    garden.stop()
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "no server answers there" in told
    assert "Traceback" not in told
    garden.start()
    garden.wait_ready()
    status, _, told = import_from(hub, tmp_path, url_of(garden))
    assert status == 0, told
    same_everywhere(garden, hub)


def test_what_a_bucket_would_not_keep_is_not_begun(garden: Influxd, hub: HubProcess, tmp_path: Path) -> None:
    hub.request("POST", "/api/buckets", {"name": "shed", "keep_seconds": 7200})
    status, _, told = import_from(hub, tmp_path, url_of(garden), "--database", "shed")
    assert (status, "helio bucket set shed --keep forever" in told) == (2, True), told
    status, _, told = import_from(hub, tmp_path, url_of(garden), "--database", "nowhere")
    assert (status, "garden/two weeks" in told) == (2, True)
    status, _, told = import_from(hub, tmp_path, url_of(garden), "--into", "x")
    assert (status, "choose one with --database" in told) == (2, True)


def test_one_database_goes_into_a_bucket_of_another_name(
    garden: Influxd, hub: HubProcess, tmp_path: Path
) -> None:
    options = ("--database", "garden/forever", "--into", "old", "--since", "2023-11-15")
    status, printed, told = import_from(hub, tmp_path, url_of(garden), *options)
    assert (status, printed.splitlines()[1].split()[1]) == (0, "old"), told
    rows = json.loads(
        hub.request("POST", "/api/sql", {"bucket": "old", "sql": "SELECT min(time) FROM cpu"})[2]
    )
    assert rows["rows"][0][0].startswith("2023-11-15T00:")


def test_a_hub_is_read_by_flux_as_an_influxdb_2_is(hub: HubProcess, tmp_path: Path) -> None:
    """No InfluxDB 2.x is to be had here: another hub of ours answers in its place."""
    with HubProcess(tmp_path / "other", "--no-agent") as other:
        lines = [
            f'cpu,host=h{n % 5} load={n}.25,n={n}i,u={n}u,ok=t,s="x, \\"{n}" {BASE_NS + n}'
            for n in range(2_000)
        ]
        assert other.write("\n".join([*lines, *ODD])) == 204
        (tmp_path / "token").write_text(other.token)
        options = ("--token-file", str(tmp_path / "token"), "--database", "telegraf", "--into", "copy")
        status, printed, told = import_from(hub, tmp_path, other.http_url, *options)
        assert status == 0, told
        assert printed.splitlines()[1].split()[-1] == "equal"
        for text in ("SELECT * FROM /.*/ GROUP BY *", "SHOW FIELD KEYS"):
            path = f"/query?epoch=ns&q={quote(text)}&db="
            theirs, ours = other.request("GET", f"{path}telegraf")[2], hub.request("GET", f"{path}copy")[2]
            assert points(ours) == points(theirs)
