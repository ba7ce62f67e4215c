"""The first publisher: ten invented temperatures, one each second.

Everything that one may want to change stands in capital letters below. In practical 2 it moves to the
command line.
"""

from __future__ import annotations

import random
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

HOST = "127.0.0.1"  # the machine with the broker; on the board: the name or address of the laptop
PORT = 1883
TOPIC = "course/greenhouse/temperature"
COUNT = 10
PAUSE_S = 1.0


def main() -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    try:
        client.connect(HOST, PORT)
    except OSError as error:
        sys.exit(f"no broker answers at {HOST}:{PORT} ({error}); is it started, are HOST and PORT right?")
    client.loop_start()  # a thread that sends and receives while this one measures
    for number in range(1, COUNT + 1):
        celsius = round(random.uniform(20.0, 25.0), 2)
        sent = client.publish(TOPIC, celsius, qos=1)
        try:
            sent.wait_for_publish(timeout=10)  # QoS 1: the broker says that it has it
        except RuntimeError as error:  # paho has lost the connection
            sys.exit(f"number {number} was not sent to {HOST}:{PORT}: {error}")
        if not sent.is_published():
            sys.exit(f"the broker at {HOST}:{PORT} has not acknowledged number {number} in 10 seconds")
        print(f"{number}: {TOPIC} {celsius}", flush=True)
        if number < COUNT:
            time.sleep(PAUSE_S)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
