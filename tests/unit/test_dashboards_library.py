"""Dashboards in the catalogue: taking, merging changes back, files of a folder, and who saved meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from heliograph.api.dashboards.kept import KeptAnswers
from heliograph.dashboards.demo.matching import matching_text, other_text
from heliograph.dashboards.envelope import unwrapped
from heliograph.dashboards.library import READY, Library, ready_view
from heliograph.dashboards.merging import merged
from heliograph.dashboards.view import view_of
from heliograph.errors import NotFound, Outdated, QueryError
from heliograph.hub.provisioned import DashboardFolder
from heliograph.store.dashboards import KEPT_VERSIONS, DashboardTable
from heliograph.store.database import Database

Json = dict[str, Any]
MODERN: Json = {
    "title": "T",
    "uid": "t",
    "schemaVersion": 39,
    "somebodys": {"own": [1]},
    "panels": [
        {
            "id": 1,
            "type": "timeseries",
            "datasource": {"type": "influxdb", "uid": "abc"},
            "targets": [{"refId": "A", "query": "SELECT v FROM m", "rawQuery": True, "own": 1}],
            "pluginVersion": "10.0",
        },
        {"id": 2, "type": "text", "options": {"content": "hi", "own": 2}},
    ],
}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(DashboardTable(Database(tmp_path / "catalog.db")))


def changed(document: Json, change: Json) -> Json:
    before = view_of(document, {}).dashboard
    return merged(document, before, json.loads(json.dumps(before)) | change)


def test_what_is_not_changed_stays_as_it_came() -> None:
    assert changed(MODERN, {}) == MODERN
    assert changed(MODERN, {"title": "N"}) == MODERN | {"title": "N"}


def test_a_moved_panel_leaves_the_other_alone() -> None:
    before = view_of(MODERN, {}).dashboard
    after = json.loads(json.dumps(before))
    after["panels"][0]["gridPos"] = {"x": 3, "y": 0, "w": 4, "h": 5}
    document = merged(MODERN, before, after)
    assert document["panels"][0] == MODERN["panels"][0] | {"gridPos": {"x": 3, "y": 0, "w": 4, "h": 5}}
    assert document["panels"][1] == MODERN["panels"][1]
    del after["panels"][1]
    assert [p["id"] for p in merged(MODERN, before, after)["panels"]] == [1]


def test_transformations_of_a_kind_are_not_taken_for_each_other() -> None:
    steps = [{"id": "calculateField", "options": {"alias": name, "own": name}} for name in "ab"]
    document = MODERN | {"panels": [MODERN["panels"][0] | {"transformations": steps}]}
    before = view_of(document, {}).dashboard
    after = json.loads(json.dumps(before))
    after["panels"][0]["transformations"].reverse()
    after["panels"][0]["transformations"][0]["options"].pop("own")
    found = merged(document, before, after)["panels"][0]["transformations"]
    assert found == [{"id": "calculateField", "options": {"alias": "b"}}, steps[0]]


def test_an_old_dashboard_that_is_changed_becomes_one_of_today() -> None:
    old = {
        "rows": [
            {"panels": [{"type": "graph", "span": 12, "datasource": "X", "targets": [{"measurement": "m"}]}]}
        ],
        "schemaVersion": 12,
        "somebodys": 1,
    }
    document = changed(old, {"title": "N"})
    assert (document["schemaVersion"], document["somebodys"], "rows" in document) == (41, 1, False)
    assert document["panels"][0]["type"] == "timeseries"
    assert "x-helio" not in json.dumps(document)
    assert view_of(unwrapped(document), {}).report["queries"] == 1


def test_one_of_the_same_uid_gets_another_unless_it_replaces(library: Library) -> None:
    first = library.take(MODERN, inputs={})
    second = library.take(MODERN, inputs={})
    third = library.take(MODERN, inputs={}, overwrite=True)
    assert (first.uid, first.version, second.version, third.uid, third.version) == ("t", 1, 1, "t", 2)
    assert second.uid != "t"


def test_the_list_begins_with_those_that_come_with_the_hub(library: Library) -> None:
    library.take(MODERN, inputs={})
    assert [(one["uid"], one["built_in"]) for one in library.listed()] == [
        *((u, True) for u in READY),
        ("t", False),
    ]


@pytest.mark.parametrize("uid", READY)
def test_those_that_come_with_the_hub_are_shown_as_they_were_meant(uid: str) -> None:
    report = ready_view(uid).report
    assert (report["degraded"], report["unsupported"]) == ([], [])
    assert report["queries"] >= report["panels"] - 1


def test_one_that_comes_with_the_hub_can_be_changed_and_be_as_it_was(library: Library) -> None:
    view = library.shown("board").view.dashboard | {"title": "Mine"}
    assert library.save_view("board", view, 0, "").version == 1
    assert library.shown("board").view.dashboard["title"] == "Mine"
    library.delete("board")
    assert library.shown("board").view.dashboard["title"] == "Board"
    with pytest.raises(NotFound):
        library.delete("board")


def test_who_saves_an_older_version_is_told(library: Library) -> None:
    library.take(MODERN, inputs={})
    view = library.shown("t").view.dashboard
    library.save_view("t", view | {"title": "a"}, 1, "")
    with pytest.raises(Outdated, match="version 2 was saved meanwhile"):
        library.save_view("t", view | {"title": "b"}, 1, "")


def test_the_oldest_versions_go(library: Library) -> None:
    for _ in range(KEPT_VERSIONS + 5):
        library.take(MODERN, inputs={}, overwrite=True)
    versions = [one["version"] for one in library.table.versions("t")]
    assert versions == list(range(KEPT_VERSIONS + 5, 5, -1))


def test_files_of_the_folder_become_dashboards(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "dashboards"
    watched = DashboardFolder(folder, library)
    watched.look()
    folder.mkdir()
    file = folder / "t.json"
    file.write_text(json.dumps(MODERN))
    (folder / "bad.json").write_text("{")
    watched.look()
    watched.look()
    assert [(e.uid, e.version, e.file) for e in library.table.entries()] == [("t", 1, "t.json")]
    file.write_text(json.dumps(MODERN | {"title": "Another"}))
    watched.look()
    assert library.shown("t").view.dashboard["title"] == "Another"
    DashboardFolder(folder, library).look()
    assert library.shown("t").version == 2, "a start of the hub saves nothing"
    file.unlink()
    watched.look()
    assert [(e.uid, e.file) for e in library.table.entries()] == [("t", "")]


def test_answers_are_kept_for_an_interval() -> None:
    now = [0.0]
    kept = KeptAnswers(lambda: now[0])
    kept.keep("a", b"[]", 2_000)
    kept.keep("b", b"[]", 0)
    assert (kept.get("a"), kept.get("b")) == (b"[]", None)
    now[0] = 2.0
    assert kept.get("a") is None


@pytest.mark.parametrize(
    "pattern", ["^cpu[0-9]+$", "[a-z]d[\\D]$", "^(?!.*veth|all|tap).*$", "a|b", "x{3}", "^host1$"]
)
def test_a_text_is_made_that_a_pattern_finds(pattern: str) -> None:
    import re

    assert re.search(pattern, matching_text(pattern, "host1"))
    if pattern != "^(?!.*veth|all|tap).*$":
        assert not re.search(pattern, other_text(pattern, "Q"))


def test_a_copy_has_all_of_the_first_and_a_name_of_its_own(library: Library) -> None:
    first = library.take(MODERN, inputs={"bucket": "sensors"})
    view = json.loads(json.dumps(first.view.dashboard)) | {"refresh": "5s"}
    second = library.copy(first.uid, view, " Another ")
    document = library.document(second.uid)
    assert document["somebodys"] == {"own": [1]}
    assert (document["title"], document["refresh"], document["uid"]) == ("Another", "5s", second.uid)
    assert second.uid != first.uid
    assert second.view.dashboard["panels"][0]["targets"][0]["x-helio"]["bucket"] == "sensors"
    assert library.document(first.uid) == MODERN
    with pytest.raises(QueryError, match="title"):
        library.copy(first.uid, view, "  ")


def test_data_sources_of_panels_and_variables_stay_when_an_old_dashboard_is_changed() -> None:
    variable = {"name": "h", "type": "query", "datasource": "${DS_X}", "query": "SHOW MEASUREMENTS"}
    old = {
        "schemaVersion": 16,
        "title": "Old",
        "templating": {"list": [variable]},
        "rows": [{"panels": [{"id": 1, "type": "graph", "datasource": "${DS_X}", "span": 12}]}],
    }
    document = changed(old, {"title": "New"})
    assert document["templating"]["list"][0]["datasource"] == "${DS_X}"
    assert document["panels"][0]["datasource"] == "${DS_X}"


def test_a_target_may_name_a_bucket_of_its_own() -> None:
    target = {"refId": "A", "query": 'SELECT v FROM "b".."m"', "rawQuery": True, "bucket": "b"}
    view = view_of({"panels": [{"id": 1, "type": "stat", "targets": [target]}]}, {}).dashboard
    assert view["panels"][0]["targets"][0]["x-helio"]["bucket"] == "b"
