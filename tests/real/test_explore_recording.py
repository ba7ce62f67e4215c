"""What docs/explorer.md shows of ``helio explore`` is what the program shows today."""

from __future__ import annotations

import pytest

from docs.record_explore import PAGE, SCENES, pages, record, renewed, saying
from tests.real.hub_process import HubProcess


async def test_every_scene_of_the_docs_is_played(hub: HubProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIO_HOME", str(hub.home))
    for name in ("HELIO_URL", "HELIO_TOKEN", "HELIO_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    with saying(hub):
        pictures = await record(hub.mqtt_port)
    for scene, picture in zip(SCENES, pictures, strict=True):
        assert all(word in picture for word in scene.shows)
        assert "mqtt://localhost:" in picture or "Store this topic" in picture


def test_the_docs_have_all_scenes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for scene in SCENES:
        _, found, after = page.partition(f"{scene.told}\n\n```\n")
        assert found, f"{scene.told!r} is not there: python -m docs.record_explore"
        shown = after.partition("```\n")[0]
        assert all(word in shown for word in scene.shows), shown


def test_new_pictures_leave_the_rest_of_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    again = renewed(renewed(page, pages(["x"] * len(SCENES))), "")
    assert again == renewed(page, "")
    assert "| key | |" in again
