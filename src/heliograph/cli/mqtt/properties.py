"""``-D``: properties of MQTT 5 on the command line, in mosquitto's words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from heliograph.errors import ConfigError
from heliograph.transport.mqtt_client_message import MessageProperties

_COMMANDS: Final = ("connect", "publish", "will")
_FIELDS: Final = {
    "content-type": "content_type",
    "response-topic": "response_topic",
    "correlation-data": "correlation_data",
    "message-expiry-interval": "expiry_s",
    "payload-format-indicator": "is_text",
    "topic-alias": "topic_alias",
}
_USER: Final = "user-property"


def message_properties(given: list[list[str]], command: str) -> MessageProperties:
    """Return the properties that ``-D publish …`` or ``-D will …`` ask for.

    Raises:
        ConfigError: a command, a name or a value that this does not know.
    """
    found: dict[str, Any] = {}
    for name, values in _of(given, command):
        if name == _USER:
            continue
        if name not in _FIELDS:
            known = ", ".join([*_FIELDS, _USER])
            raise ConfigError(f"the properties of {command} are {known}; got {name!r}", key="-D")
        found[_FIELDS[name]] = _value(name, values)
    return replace(MessageProperties(**found), user=user_properties(given, command))


def user_properties(given: list[list[str]], command: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of ``-D COMMAND user-property NAME VALUE``; raises as :func:`message_properties`."""
    pairs = []
    for name, values in _of(given, command):
        if name == _USER:
            if len(values) != 2:
                raise ConfigError(f"{_USER} takes a name and a value, got {len(values)} words", key="-D")
            pairs.append((values[0], values[1]))
        elif command == "connect":
            raise ConfigError(f"of connect only {_USER} can be set here (session expiry: -x)", key="-D")
    return tuple(pairs)


def _of(given: list[list[str]], command: str) -> list[tuple[str, list[str]]]:
    for words in given:
        if len(words) < 3 or words[0].lower() not in _COMMANDS:
            said = " ".join(words)
            raise ConfigError(f"expected {'|'.join(_COMMANDS)} NAME VALUE, got {said!r}", key="-D")
    return [(words[1].lower(), words[2:]) for words in given if words[0].lower() == command]


def _value(name: str, values: list[str]) -> Any:
    if len(values) != 1:
        raise ConfigError(f"{name} takes one value, got {len(values)}", key="-D")
    value = values[0]
    if name == "correlation-data":
        return value.encode()
    if name in {"content-type", "response-topic"}:
        return value
    if not value.isdigit():
        raise ConfigError(f"{name} is a number, got {value!r}", key="-D")
    return value == "1" if name == "payload-format-indicator" else int(value)
