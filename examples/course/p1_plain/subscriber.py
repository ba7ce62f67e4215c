"""The first subscriber: prints what others publish, until Ctrl-C.

Observer, as the design patterns call it: we tell paho once which functions want to know, and it calls them
when something happens. The publisher knows nothing of us.
"""

from __future__ import annotations

import sys
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

HOST = "127.0.0.1"  # the machine with the broker
PORT = 1883
TOPIC = "course/#"  # everything below course/


def on_connect(client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
    """Subscribe here, not in main: paho connects again by itself, and then comes here again."""
    if reason.is_failure:
        print(f"the broker refuses us: {reason}", file=sys.stderr, flush=True)
    else:
        client.subscribe(TOPIC, qos=1)


def on_subscribe(_client: mqtt.Client, _data: Any, _id: int, reasons: Any, _properties: Any) -> None:
    """The broker has answered: granted, or why not."""
    print(f"{TOPIC}: {reasons[0]}", file=sys.stderr, flush=True)


def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
    """A payload is bytes; what they mean is an affair of publisher and subscriber."""
    print(f"{message.topic} {message.payload.decode(errors='replace')}", flush=True)


def main() -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    try:
        client.connect(HOST, PORT)
    except OSError as error:
        sys.exit(f"no broker answers at {HOST}:{PORT} ({error}); is it started, are HOST and PORT right?")
    try:
        client.loop_forever()
    except KeyboardInterrupt:
        client.disconnect()


if __name__ == "__main__":
    main()
