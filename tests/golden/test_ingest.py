"""Runs the cases of ingest/*.json: messages of one conversation, each with the lines that come out of it.

``text`` or ``hex`` is the payload, ``bad`` a part of the reason where it cannot be used, ``rule`` null where
no rule takes it. A case without a rule of its own is read by the shipped ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from heliograph.codec.ingest.convert import convert, lines_of
from heliograph.codec.ingest.facts import MemoryFacts
from heliograph.codec.ingest.message import Incoming
from heliograph.codec.ingest.rule import Rule, make_rule
from heliograph.codec.ingest.shipped import SHIPPED
from heliograph.errors import DecodeError

T = 1_790_000_000_000_000_000
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['title']}")
    for path in sorted((Path(__file__).parent / "ingest").glob("*.json"))
    for case in json.loads(path.read_text())
]


def rule_for(topic: str, rules: tuple[Rule, ...], facts: MemoryFacts) -> Rule | None:
    found = next((rule for rule in rules if rule.takes(topic)), None)
    if found is None and facts.get("homeassistant", topic, T):
        return next(rule for rule in rules if rule.parser == "homeassistant")
    return found


@pytest.mark.parametrize("case", CASES)
def test_messages_become_points(case: dict[str, Any]) -> None:
    rules = (make_rule({"name": "case"} | case["rule"]),) if "rule" in case else SHIPPED
    facts = MemoryFacts()
    for message in case["messages"]:
        payload = bytes.fromhex(message["hex"]) if "hex" in message else message["text"].encode()
        rule = rule_for(message["topic"], rules, facts)
        if "rule" in message:
            assert rule is None
            continue
        assert rule is not None, message["topic"]
        retained = message.get("retained", False)
        incoming = Incoming(rule, message["topic"], payload, T, facts, retained)
        if "bad" in message:
            with pytest.raises(DecodeError) as raised:
                lines_of(convert(incoming))
            assert message["bad"] in str(raised.value)
        else:
            assert lines_of(convert(incoming)).decode().splitlines() == message["lines"]
