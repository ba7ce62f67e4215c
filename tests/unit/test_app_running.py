"""An app from start to stop, on a broker in memory and a clock that jumps."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from heliograph import App, Fields, Message, Point, duration
from heliograph.errors import ConfigError, HubError
from heliograph.testing import AppTest
from heliograph.testing.clock import START_NS

SECOND = 1_000_000_000


def make_app() -> App:
    return App("lab", device="pi")


def counting(app: App, period: str = "1s") -> None:
    count = 0

    @app.every(period)
    def n() -> int:
        nonlocal count
        count += 1
        return count


def test_points_have_the_times_at_which_they_were_taken() -> None:
    app = make_app()

    @app.every("10s", tags={"room": "a"})
    async def temperature() -> float:
        await asyncio.sleep(1)
        return 21.5

    with AppTest(app) as test:
        test.advance("30s")
        expected = [
            Point("lab", {"temperature": 21.5}, {"host": "pi", "room": "a"}, START_NS + n * 10 * SECOND)
            for n in range(3)
        ]
        assert test.points == expected
        first = next(each for each in test.broker.published if each.topic == "tel/pi/lab")
        assert first.payload.startswith(b"#helio boot=")
        assert b" seq=1\n" in first.payload
        assert first.qos == 1


def test_a_result_may_go_to_a_topic_instead() -> None:
    app = make_app()

    @app.every("1s", topic="room/{device}/climate", retain=True, qos=0)
    def climate() -> Fields:
        return {"t": 21}

    with AppTest(app) as test:
        assert test.messages("room/pi/climate") == [b'{"t": 21}']
        assert test.broker.retained["room/pi/climate"].qos == 0
        assert not test.points


def test_plain_functions_run_in_threads_of_their_own_and_shared_ones_one_at_a_time() -> None:
    app = make_app()
    threads: dict[str, set[int]] = {"a": set(), "b": set(), "c": set()}

    def note(name: str) -> None:
        threads[name].add(threading.get_ident())

    @app.every("1s", thread="bus")
    def a() -> None:
        note("a")

    @app.every("1s", thread="bus")
    def b() -> None:
        note("b")

    @app.every("1s")
    def c() -> None:
        note("c")

    with AppTest(app) as test:
        test.advance("3s")
    assert threads["a"] == threads["b"] != threads["c"]
    assert len(threads["a"]) == len(threads["c"]) == 1
    assert threading.get_ident() not in threads["a"] | threads["c"]


def test_the_clock_stands_still_while_a_thread_works() -> None:
    app = make_app()

    @app.every("1s")
    def slow() -> float:
        threading.Event().wait(0.02)
        return time.monotonic()

    with AppTest(app) as test:
        test.advance("5s")
        assert [(point.time_ns or 0) - START_NS for point in test.points] == [n * SECOND for n in range(6)]


def test_a_call_that_takes_too_long_leaves_times_out_and_counts_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()

    @app.every("1s")
    async def slow() -> int:
        await asyncio.sleep(2.5)
        return 1

    with AppTest(app) as test:
        test.advance("9s")
        assert [((point.time_ns or 0) - START_NS) // SECOND for point in test.points] == [0, 3, 6]
        [ticks] = test.running.ticks.values()
        assert ticks.statistics.missed == 6
    assert sum("takes longer" in record.message for record in caplog.records) == 1


def test_an_error_is_told_once_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()
    calls = 0

    @app.every("1s")
    def flaky() -> int:
        nonlocal calls
        calls += 1
        if calls in (2, 3, 4):
            raise OSError("the sensor is gone")
        return calls

    with AppTest(app) as test, caplog.at_level(logging.INFO):
        test.advance("5s")
        assert len(test.points) == 3
    told = [record.getMessage() for record in caplog.records if "flaky" in record.getMessage()]
    assert len(told) == 2
    assert "OSError: the sensor is gone" in told[0]
    assert "test_app_running.py:" in told[0]
    assert "works again" in told[1]
    assert app.statistics.failures == 3


def test_a_handler_gets_parts_and_payload_in_its_types() -> None:
    app = make_app()
    seen: list[Any] = []

    @dataclass
    class Reading:
        value: float

    @app.on("room/{floor}/{name...}")
    def plain(floor: int, name: str, reading: Reading) -> None:
        seen.append((floor, name, reading))

    @app.on("+/+/x", qos=0)
    async def message(message: Message) -> None:
        seen.append((message.topic, message.text, message.qos))

    with AppTest(app) as test:
        test.publish("room/2/a/b", {"value": 3})
        test.publish("room/2/x", {"value": 4})
        test.publish("room/cellar/x", {"value": 5})
        test.publish("other", "x")
    assert (2, "a/b", Reading(3.0)) in seen
    assert (2, "x", Reading(4.0)) in seen
    assert ("room/2/x", '{"value": 4}', 1) in seen, "the broker sends it once, with the higher QoS of both"
    assert len(seen) == 4, "a floor that is no number goes to nobody, and the log tells"


def test_what_a_handler_returns_becomes_points() -> None:
    app = make_app()

    @app.on("sensor/{name}", measurement="sensor")
    def value(name: str, value: float) -> Point:
        return Point("sensor", {"value": value}, {"name": name})

    with AppTest(app) as test:
        test.publish("sensor/a", 5)
        [point] = test.points
        assert (point.fields, point.tags) == ({"value": 5.0}, {"name": "a", "host": "pi"})


def test_a_command_is_done_and_answered() -> None:
    app = make_app()

    @app.command("fan")
    def fan(speed: float) -> Fields:
        if speed > 1:
            raise ValueError("too fast")
        return {"speed": speed}

    with AppTest(app) as test:
        assert test.command("fan", 0.5) == {"speed": 0.5}
        with pytest.raises(HubError, match="ValueError: too fast"):
            test.command("fan", 2)
        with pytest.raises(HubError, match='a number was expected, "fast" came'):
            test.command("fan", "fast")


def test_a_command_with_a_plain_payload_needs_no_answer() -> None:
    app, seen = make_app(), []

    @app.on("cmd/{device}/led")
    async def led(on: bool) -> None:  # noqa: FBT001 - a payload
        seen.append(on)

    with AppTest(app) as test:
        test.publish("cmd/pi/led", "on")
        test.publish("cmd/pi/led", {"id": "x", "value": False})
        test.publish("cmd/pi/led", {"id": "x", "value": False})
    assert seen == [True, False], "the same id is the same command"


def test_a_command_is_done_once_over_a_restart(tmp_path: Path) -> None:
    app, seen = make_app(), []

    @app.command("open")
    def open_door(door: str) -> str:
        seen.append(door)
        return f"{door} is open"

    with AppTest(app, folder=tmp_path) as test:
        assert test.command("open", "front", id="42") == "front is open"
    with AppTest(app, folder=tmp_path) as test:
        assert test.command("open", "front", id="42") == "front is open"
        assert test.command("open", "front", id="43") == "front is open"
    assert seen == ["front", "front"]


def test_a_command_that_was_interrupted_is_not_done_again(tmp_path: Path) -> None:
    app, began = make_app(), []

    @app.command("long")
    async def long() -> None:
        began.append(1)
        await asyncio.sleep(3600)

    with AppTest(app, folder=tmp_path) as test:
        test.publish("cmd/pi/lab/long", {"id": "1", "reply_to": "a"})
        assert began == [1]
    with AppTest(app, folder=tmp_path) as test, pytest.raises(HubError, match="stopped or killed"):
        test.command("long", id="1")
    assert began == [1]


def test_options_are_changed_by_the_hub_and_stay_changed(tmp_path: Path) -> None:
    app, changes = make_app(), []
    app.option("--interval", type=duration, default="1s")
    app.option("--gain", type=float, default=1.0, max=10)
    app.option("--bus", type=int, default=1, remote=False)

    @app.every("{interval}")
    def value(gain: float) -> float:
        return gain

    @app.changed
    def told(gain: float) -> None:
        changes.append(gain)

    with AppTest(app, folder=tmp_path, gain=2.0) as test:
        assert test.configure(interval="10s", gain=3)["gain"] == 3.0
        before = len(test.points)
        test.advance("1m")
        assert len(test.points) - before == 6
        for wrong, why in (
            ({"gain": 11}, "at most 10"),
            ({"gian": 1}, "did you mean"),
            ({"bus": 2}, "cannot be set"),
        ):
            with pytest.raises(HubError, match=why):
                test.configure(**wrong)
        assert app.options.gain == 3.0
        shown = json.loads(test.broker.retained["sta/pi/lab/options"].payload)
        assert shown["options"] == {"interval": 10.0, "gain": 3.0, "bus": 1}
    with AppTest(app, folder=tmp_path, gain=2.0) as test:
        assert app.options.gain == 3.0, "without a word from the hub, as it may be away"
        test.configure()
        assert app.options.gain == 2.0
    assert changes == [3.0, 2.0]


def test_presence_is_kept_by_the_broker() -> None:
    app = make_app()
    counting(app)
    with AppTest(app) as test:
        presence = "sta/pi/lab"
        assert test.broker.retained[presence].payload == b"online"
        test.cut()
        test.advance("1s")
        assert test.messages(presence)[:3] == [b"online", b"offline", b"online"]
        test.publish(presence, "offline", retain=True)
        assert test.broker.retained[presence].payload == b"online", "a will that came late is put right"
        test.stop()
        assert test.broker.retained[presence].payload == b"offline"


def test_what_is_measured_without_a_broker_comes_later_with_its_own_times(tmp_path: Path) -> None:
    app = make_app()
    counting(app)
    with AppTest(app, folder=tmp_path) as test:
        test.advance("5s")
        test.disconnect()
        test.advance("1h")
        assert len(test.points) <= 7
        assert app.waiting > 3_000
        test.connect()
        test.advance("1s")
        taken = sorted((point.time_ns or 0, point.fields["n"]) for point in test.points)
        assert taken == [(START_NS + n * SECOND, n + 1) for n in range(3_607)]
        assert app.waiting == 0


def test_what_waits_outlasts_a_restart(tmp_path: Path) -> None:
    app = make_app()
    counting(app)
    with AppTest(app, folder=tmp_path) as test:
        test.disconnect()
        test.advance("10s")
    with AppTest(app, folder=tmp_path) as test:
        test.advance("1s")
        assert sorted(int(point.fields["n"]) for point in test.points) == list(range(2, 14))


def test_without_a_folder_what_cannot_be_sent_is_counted() -> None:
    app = make_app()
    counting(app)
    with AppTest(app) as test:
        test.disconnect()
        test.advance("10s")
        assert test.running.outbox.statistics.lost > 5


def test_messages_for_an_app_that_is_away_wait() -> None:
    app, seen = make_app(), []

    @app.on("news")
    async def news(text: str) -> None:
        seen.append(text)

    with AppTest(app) as test:
        test.cut()
        test.publish("news", "while away")
        test.advance("1s")
    assert seen == ["while away"]


@pytest.mark.parametrize(
    ("full", "kept"), [("drop_oldest", ["0", "8", "9"]), ("drop_newest", ["0", "1", "2"])]
)
def test_a_full_queue_drops_by_its_policy_and_counts(full: Any, kept: list[str]) -> None:
    app, seen = make_app(), []

    @app.on("flood", queue=2, full=full)
    async def flood(text: str) -> None:
        seen.append(text)
        await asyncio.sleep(10)

    with AppTest(app) as test:
        test.publish("flood", "0")
        for number in range(1, 10):
            test.publish("flood", str(number))
        test.advance("1m")
        assert test.running.handlers[0].statistics.dropped == 7
        assert test.running.handlers[0].statistics.handled == 3
    assert seen == kept


def test_a_handler_that_waits_drops_nothing() -> None:
    app, seen = make_app(), []

    @app.on("flood", queue=1)
    async def flood(text: str) -> None:
        seen.append(int(text))
        await asyncio.sleep(1)

    with AppTest(app) as test:
        for number in range(50):
            test.publish("flood", str(number))
        test.advance("1m")
    assert seen == list(range(50))


def test_start_comes_first_and_stop_last() -> None:
    app, order = make_app(), []

    @app.start
    def open_sensor(itself: App) -> None:
        assert itself is app
        order.append("start")

    @app.every("1h")
    async def measure() -> int:
        order.append("every")
        return 1

    @app.stop
    async def close_sensor() -> None:
        order.append("stop")
        app.emit("last", {"words": "goodbye"})

    with AppTest(app) as test:
        test.stop()
        assert test.points[-1].fields == {"words": "goodbye"}, "what stop functions send goes out"
    assert order == ["start", "every", "stop"]


def test_an_app_whose_start_fails_does_not_start() -> None:
    app = make_app()
    counting(app)

    @app.start
    def open_sensor() -> None:
        raise RuntimeError("no sensor at 0x76")

    with pytest.raises(RuntimeError, match="no sensor at 0x76"), AppTest(app):
        pass


def test_a_task_yields_points_and_is_begun_again_when_it_fails() -> None:
    app = make_app()
    starts = 0

    @app.task
    async def stream() -> AsyncIterator[Fields]:
        nonlocal starts
        starts += 1
        for number in range(3):
            yield {"number": number}
        if starts == 1:
            raise OSError("gone")

    with AppTest(app) as test:
        test.advance("1m")
        assert [point.fields["number"] for point in test.points] == [0, 1, 2, 0, 1, 2]
        assert test.ended, "nothing is left to do"


def test_publish_send_and_emit_from_functions_of_any_kind() -> None:
    app = make_app()

    @app.every("1h")
    def plain() -> None:
        app.send("from/plain", {"a": 1})
        app.emit(Point("made", {"v": 1}, {}))

    @app.every("1h")
    async def asynchronous() -> None:
        app.log.info("delivery", extra={"delivery": (await app.publish("from/async", b"\x00")).value})
        await app.publish("from/{device}", "x", qos=0)

    with AppTest(app) as test:
        assert test.messages("from/plain") == [b'{"a": 1}']
        assert test.messages("from/async") == [b"\x00"]
        assert test.messages("from/pi") == [b"x"]
        assert [point.measurement for point in test.points] == ["made"]


@pytest.mark.parametrize(
    ("topic", "qos", "why"),
    [("a/+", 1, "wildcard"), ("", 1, "empty"), ("a b", 1, "has a blank"), ("a", 3, "QoS is 0, 1 or 2")],
)
def test_what_cannot_be_published_is_refused_at_once(topic: str, qos: int, why: str) -> None:
    app = make_app()
    counting(app)
    with AppTest(app), pytest.raises(ConfigError, match=why):
        app.send(topic, "x", qos=qos)


def test_log_lines_go_to_the_hub_on_request() -> None:
    app = make_app()

    @app.every("1h")
    async def talk() -> None:
        app.log.debug("not this one")
        app.log.warning("it is %s", "warm", extra={"celsius": 30})

    with AppTest(app, log_to_hub="info") as test:
        test.advance("1s")
        [line] = [json.loads(each) for each in test.messages("log/pi/lab") if b"warm" in each]
    assert {key: line[key] for key in ("level", "logger", "message", "celsius")} == {
        "level": "warning",
        "logger": "app.lab",
        "message": "it is warm",
        "celsius": 30,
    }
