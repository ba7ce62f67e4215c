"""Who may come in, on the page of a real hub: people, devices, tokens, the audit log, and a login by code."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from heliograph.api.identity.totp import code_at
from tests.chromium import CHROMIUM, log_in, new_page
from tests.real.hub_process import HubProcess

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (make test installs it)")
PATIENCE_MS = 90_000
PASSWORD = "a long password"


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("access") / "hub", "--no-agent") as running:
        yield running


@pytest.fixture
def page(hub: HubProcess) -> Iterator[Page]:
    with new_page() as page:
        log_in(page, hub, "/access")
        expect(page.get_by_test_id("access")).to_be_visible(timeout=PATIENCE_MS)
        yield page


def test_devices_and_tokens_are_made_changed_and_revoked(hub: HubProcess, page: Page) -> None:
    devices = page.get_by_test_id("access-devices")
    devices.get_by_label("Name of a new device").fill("garden")
    devices.get_by_text("Enrol a board").click()
    once = page.get_by_test_id("access-once")
    expect(once).to_contain_text("helio agent enrol http", timeout=PATIENCE_MS)
    expect(devices).to_contain_text("waiting", timeout=PATIENCE_MS)
    devices.get_by_text("New key").click()
    expect(once).to_contain_text("Key of garden", timeout=PATIENCE_MS)
    page.on("dialog", lambda dialog: dialog.accept())
    devices.get_by_text("Revoke").click()
    expect(devices).to_contain_text("revoked", timeout=PATIENCE_MS)

    form = page.get_by_test_id("access-new-token")
    form.get_by_label("What the token is for").fill("grafana")
    form.get_by_label("reads buckets").fill("nowhere")
    form.get_by_text("Add").click()
    expect(page.get_by_test_id("access-said")).to_contain_text("nowhere", timeout=PATIENCE_MS)
    form.get_by_label("reads buckets").fill("*")
    form.get_by_label("subscribes topics").fill("tel/#, sta/+")
    form.get_by_text("Add").click()
    expect(once).to_contain_text("Token of grafana", timeout=PATIENCE_MS)
    secret = once.locator("code").inner_text()
    assert hub.request("GET", "/api/schema", token=secret)[0] == 200
    tokens = page.get_by_test_id("access-tokens")
    expect(tokens).to_contain_text("reads all buckets; subscribes tel/#, sta/+", timeout=PATIENCE_MS)
    tokens.get_by_text("Revoke").click()
    expect(page.get_by_test_id("access-said")).to_contain_text("is revoked", timeout=PATIENCE_MS)
    assert hub.request("GET", "/api/schema", token=secret)[0] == 401
    expect(page.get_by_test_id("access-audit")).to_contain_text("device revoked", timeout=PATIENCE_MS)


def test_a_person_with_an_app_logs_in_by_its_code(hub: HubProcess, page: Page) -> None:
    people = page.get_by_test_id("access-people")
    people.get_by_label("Name of a new person").fill("anna")
    people.get_by_label("Password, 10 characters or more").fill(PASSWORD)
    people.get_by_text("Add", exact=True).click()
    expect(people).to_contain_text("anna", timeout=PATIENCE_MS)
    secrets: list[str] = []

    def answer(dialog: Dialog) -> None:
        found = re.search(r"[A-Z2-7]{32}", dialog.message)
        assert found
        secrets.append(found[0])
        dialog.accept(code_at(found[0], int(time.time()) // 30))

    page.once("dialog", answer)
    people.get_by_text("Add an app").click()
    expect(people).to_contain_text("password and app", timeout=PATIENCE_MS)
    assert page.context.browser is not None
    other = page.context.browser.new_context().new_page()
    other.goto(hub.http_url)
    other.get_by_test_id("user").fill("anna")
    other.get_by_test_id("token").fill(PASSWORD)
    other.get_by_text("Log in", exact=True).click()
    expect(other.get_by_test_id("login-problem")).to_contain_text("authenticator", timeout=PATIENCE_MS)
    other.get_by_test_id("totp").fill(code_at(secrets[0], int(time.time()) // 30 + 1))
    other.get_by_text("Log in", exact=True).click()
    expect(other.locator('[data-place="access"]')).to_be_visible(timeout=PATIENCE_MS)
