"""One of several boards: publishes its temperature, and tells whether it is there."""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

ANSWER_TIMEOUT_S = 10.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where the broker is (default: %(default)s)")
    parser.add_argument("--port", type=int, default=1883, help="its port (default: %(default)s)")
    parser.add_argument("--name", default="pi1", help="of this board (default: %(default)s)")
    parser.add_argument(
        "--middle", type=float, default=22.0, help="of its temperatures (default: %(default)s)"
    )
    parser.add_argument(
        "--interval", type=float, default=1.0, help="seconds between two (default: %(default)s)"
    )
    parser.add_argument("--count", type=int, default=0, help="stop after so many (default: never)")
    return parser.parse_args()


def connect(options: argparse.Namespace, status: str) -> mqtt.Client:
    """Return a client whose last will says that this board has vanished."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    # The broker publishes this when the connection ends without goodbye: power cut, crash, cable.
    client.will_set(status, "offline", qos=1, retain=True)
    # Again after each time that the connection was lost: the will has said offline by then.
    client.on_connect = lambda client, *_: client.publish(status, "online", qos=1, retain=True)
    client.connect(options.host, options.port)
    client.loop_start()
    return client


def send(options: argparse.Namespace) -> None:
    """Publish until there is enough, then say goodbye."""
    base = f"course/boards/{options.name}"
    client = connect(options, f"{base}/status")
    try:
        for number in itertools.count(1):
            celsius = round(random.gauss(options.middle, 2.0), 1)
            client.publish(f"{base}/temperature", celsius, qos=1).wait_for_publish(ANSWER_TIMEOUT_S)
            if number == options.count:
                break
            time.sleep(options.interval)
    finally:
        # A proper goodbye sends no will, so we say it ourselves.
        client.publish(f"{base}/status", "offline", qos=1, retain=True).wait_for_publish(ANSWER_TIMEOUT_S)
        client.disconnect()
        client.loop_stop()


def main() -> None:
    options = arguments()
    try:
        send(options)
    except (OSError, ValueError, RuntimeError) as error:
        sys.exit(f"sender {options.name}: {error} (broker {options.host}:{options.port})")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
