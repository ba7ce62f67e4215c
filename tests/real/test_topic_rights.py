"""Random filters × topics × identities on the real broker, against an oracle that knows no subjects."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.real.hub_process import HubProcess
from tests.real.mqtt_identity import Client

RESERVED = ("$MQTT", "$JS", "$SYS", "$KV", "$O", "lp", "_INBOX")
LEVELS = ("a", "b", "x.y", "")
ROUNDS = 12
UNIVERSE = [
    "/".join(levels) for depth in range(1, 5) for levels in itertools.product((*LEVELS, "z"), repeat=depth)
][1:]
"""Every topic of up to four of these levels, but for the empty one; ``z`` is in no filter."""


def selects(topic_filter: str, topic: str) -> bool:
    """MQTT's rule, level by level; $ is a sign like others in what somebody may do."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    while wanted and wanted[0] != "#":
        if not levels or wanted[0] not in ("+", levels[0]):
            return False
        wanted, levels = wanted[1:], levels[1:]
    return bool(wanted) or not levels


def may_publish(filters: tuple[str, ...], topic: str) -> bool:
    return topic.split("/", maxsplit=1)[0] not in RESERVED and any(selects(each, topic) for each in filters)


def may_subscribe(filters: tuple[str, ...], wanted: str) -> bool:
    """Whether one filter selects whatever the wanted one does."""
    if wanted.split("/", maxsplit=1)[0] in RESERVED:
        return False
    topics = list(selected(wanted.split("/")))
    return any(all(selects(each, topic) for topic in topics) for each in filters)


def selected(levels: list[str]) -> Iterator[str]:
    """Some of the topics that a filter selects: with every level of a filter here, and a new one."""
    words = [(*LEVELS, "z") if level == "+" else (level,) for level in levels if level != "#"]
    for begin in itertools.product(*words):
        for depth in range(3 if levels[-1] == "#" else 1):
            for rest in itertools.product((*LEVELS, "z"), repeat=depth):
                yield "/".join([*begin, *rest])


@dataclass(frozen=True)
class Identity:
    name: str
    login: tuple[str, str]
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def random_filter(dice: random.Random) -> str:
    levels = [dice.choice((*LEVELS, "+")) for _ in range(dice.randint(1, 3))]
    if dice.random() < 0.4:
        levels[-1] = "#"
    return "/".join(levels) or "a"


def some(dice: random.Random, most: int = 3) -> tuple[str, ...]:
    return tuple(dict.fromkeys(random_filter(dice) for _ in range(dice.randint(0, most))))


def token(hub: HubProcess, number: int, dice: random.Random) -> Identity:
    publish, subscribe = some(dice) or ("a/b",), some(dice)
    asked = {"publish": list(publish), "subscribe": list(subscribe)}
    status, _, body = hub.request("POST", "/api/v2/authorizations", asked)
    assert status == 201, body
    return Identity(f"t{number}", ("anybody", json.loads(body)["token"]), publish, subscribe)


def device(hub: HubProcess, name: str) -> Identity:
    status, _, body = hub.request("POST", "/api/identities/devices", {"id": name})
    assert status == 201, body
    publish = (f"tel/{name}/#", f"sta/{name}/#", f"log/{name}/#")
    return Identity(name, (name, json.loads(body)["key"]), publish, (f"cmd/{name}/#",))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with HubProcess(tmp_path_factory.mktemp("rights") / "hub", "--no-agent") as running:
        yield running


@pytest.fixture(scope="module")
def identities(hub: HubProcess) -> list[Identity]:
    dice = random.Random(20261123)
    tokens = [token(hub, number, dice) for number in range(ROUNDS)]
    return [*tokens, device(hub, "a"), device(hub, "b")]


def topics_to_try(dice: random.Random) -> list[str]:
    of_devices = [f"{kind}/{name}/lp" for kind in ("tel", "sta", "log", "cmd") for name in "ab"]
    hidden = [f"{level}/a/b" for level in RESERVED] + ["$mine/a", "sta/a", "sta/b", "tel/a", "tel"]
    return [*dice.sample(UNIVERSE, 30), *of_devices, *hidden]


def filters_to_try(dice: random.Random) -> list[str]:
    hidden = [f"{level}/{rest}" for level in RESERVED for rest in ("#", "+", "sub/+", "a")]
    of_devices = [f"{kind}/{who}" for kind in ("tel", "cmd") for who in ("a/#", "b/lp", "+/lp", "#")]
    return [*(random_filter(dice) for _ in range(25)), *of_devices, *hidden, "#", "+/#", "$share/g/a/b"]


def test_what_is_delivered_is_what_an_oracle_allows(hub: HubProcess, identities: list[Identity]) -> None:
    dice = random.Random(8)
    expected, tried = set(), 0
    with ExitStack() as stack:
        ear = stack.enter_context(Client(hub.mqtt_port, "ear"))
        assert ear.subscribe("#")
        for who in identities:
            mouth = stack.enter_context(Client(hub.mqtt_port, who.name, who.login))
            assert mouth.is_in
            for topic in topics_to_try(dice):
                payload = f"{who.name} {topic} {tried}"
                tried += 1
                mouth.publish(topic, payload, retain=dice.random() < 0.2)
                if may_publish(who.publish, topic) and not topic.startswith("$"):
                    expected.add(payload)
        stack.enter_context(Client(hub.mqtt_port, "marker")).publish("marker", "end")
        ear.until(lambda: "end" in ear.payloads())
        assert set(ear.payloads()) - {"end"} == expected
    assert tried > 500
    with Client(hub.mqtt_port, "late") as late:  # what was retained, too
        late.subscribe("#")
        late.subscribe("nothing")
        assert set(late.payloads()) <= expected


def test_a_subscription_is_granted_where_an_oracle_allows_it(
    hub: HubProcess, identities: list[Identity]
) -> None:
    dice = random.Random(9)
    granted = 0
    for who in identities:
        with Client(hub.mqtt_port, who.name, who.login) as ear:
            for wanted in filters_to_try(dice):
                answer = ear.subscribe(wanted, dice.randint(0, 1))
                allowed = may_subscribe(who.subscribe, wanted)
                assert answer == allowed, (who.name, who.subscribe, wanted)
                granted += answer
    assert granted > 20


def test_a_last_will_is_bound_by_the_same_rights(hub: HubProcess) -> None:
    who = device(hub, "willing")
    with Client(hub.mqtt_port, "ear") as ear:
        assert ear.subscribe("sta/#")
        for topic, payload in (("sta/b", "forged"), ("sta/willing", "gone")):
            client = Client(hub.mqtt_port, "willing", who.login).will(topic, payload)
            with client:
                client.drop()
        ear.until(lambda: "gone" in ear.payloads())
        assert "forged" not in ear.payloads()
