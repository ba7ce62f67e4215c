"""DROP MEASUREMENT on a running hub: types are forgotten as by InfluxDB, and no crash brings them back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.compatibility import covers
from tests.real.hub_process import HubProcess
from tests.real.test_delete import forget_positions
from tests.real.test_retention import publish, settle, until, write

PATH = "/write?db=telegraf&precision=s"


def ask(hub: HubProcess, text: str) -> list[dict[str, Any]]:
    _, _, answer = hub.request("POST", f"/query?db=telegraf&epoch=s&q={quote(text)}")
    (result,) = json.loads(answer)["results"]
    assert "error" not in result, result
    series: list[dict[str, Any]] = result.get("series", [])
    return series


def fields_of(hub: HubProcess, name: str) -> list[list[str]]:
    return [row for one in ask(hub, f"SHOW FIELD KEYS FROM {name}") for row in one["values"]]


@covers("InfluxQL", "DROP MEASUREMENT forgets fields and their types, also over a crash")
@pytest.mark.parametrize("seal", ["10m", "1s"])
def test_another_type_is_taken_and_stays_over_kills_and_a_second_reading_of_the_streams(
    tmp_path: Path, seal: str
) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent", "--set", f"store.seal_interval={seal}") as hub:
        for second in range(5):
            assert (
                write(hub, PATH, f'm,host=a v={second}.5,w="text" {second}\nother,host=a v=1.5 {second}')[0]
                == 204
            )
            publish(hub, f"n,host=a v={second}.5 {second * 10**9}")
        settle(hub)
        assert write(hub, PATH, "m,host=a v=1i 9")[0] == 400
        if seal == "1s":
            until(lambda: hub.status()["store"]["rows_hot"] == 0, "nothing is sealed")
        for name in ("m", "n"):
            assert ask(hub, f"DROP MEASUREMENT {name}") == []
            assert (ask(hub, f"SELECT * FROM {name}"), fields_of(hub, name)) == ([], [])
        assert ask(hub, "SHOW MEASUREMENTS")[0]["values"] == [["other"]]
        assert write(hub, PATH, "m,rack=7 v=7i 3")[0] == 204
        publish(hub, "n,rack=7 v=true 3000000000")

        def check() -> None:
            settle(hub)
            assert fields_of(hub, "m") == [["v", "integer"]]
            assert fields_of(hub, "n") == [["v", "boolean"]]
            assert ask(hub, "SELECT * FROM m")[0]["values"] == [[3, "7", 7]]
            assert ask(hub, "SELECT * FROM n")[0]["values"] == [[3, "7", True]]
            assert len(ask(hub, "SELECT * FROM other")[0]["values"]) == 5
            assert hub.status()["quarantine"]["recent"] == []

        check()
        hub.kill()
        hub.start()
        check()
        forget_positions(hub)
        check()
        assert write(hub, PATH, "m,rack=7 v=1.5 9")[0] == 400


def test_a_kill_right_after_the_drop_brings_nothing_back(tmp_path: Path) -> None:
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        assert write(hub, PATH, "m,host=a v=1.5 1\nkept v=1i 1")[0] == 204
        ask(hub, "DROP MEASUREMENT m")
        hub.kill()
        hub.start()
        assert ask(hub, "SHOW MEASUREMENTS")[0]["values"] == [["kept"]]
        assert write(hub, PATH, "m v=true 2")[0] == 204
        assert fields_of(hub, "m") == [["v", "boolean"]]
