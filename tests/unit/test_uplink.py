"""What a gateway makes of messages: times, windows, dead bands; and how it knows where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.codec.stamp import is_timed, with_times
from heliograph.errors import ConfigError, TopicError
from heliograph.hub.uplink import lane as lane_module
from heliograph.hub.uplink import uplink as uplink_module
from heliograph.hub.uplink.fitting import fitting
from heliograph.hub.uplink.hub_rules import HubRules
from heliograph.hub.uplink.lane import Lane
from heliograph.hub.uplink.place import Place, PlaceFile
from heliograph.hub.uplink.thin_rules import ThinRule, make_rule, read_rules
from heliograph.hub.uplink.thinning import GRACE_NS, Outgoing, Thinner
from heliograph.hub.uplink.uplink import Uplink
from heliograph.model.time import SECOND_NS, Precision
from heliograph.stream.log import Message, StreamState
from heliograph.testing import JumpingLoop
from heliograph.transport.mqtt_client_message import Publication
from heliograph.transport.mqtt_client_settings import MqttSettings

MINUTE = 60 * SECOND_NS
TOPIC = "tel/pi/lp"


# --- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "timed"),
    [
        (b"m v=1 5", True),
        (b"#helio boot=a seq=1\nm v=1 5\r\n\n", True),
        (b"m v=1", False),
        (b"m v=1 5\nm v=2", False),
        (b'm v="a 5"', False),
        (b'm v="a\nb 5"', False),
        (b"m,t=a\\ 5 v=1", False),
    ],
    ids=range(7),
)
def test_a_line_without_a_time_is_seen(lines: bytes, timed: bool) -> None:  # noqa: FBT001
    assert is_timed(lines) is timed


def test_missing_times_are_filled_in_and_others_stay() -> None:
    assert with_times(b"#helio boot=a seq=1\nm v=1\nm v=2 7\n", 99) == (
        b"#helio boot=a seq=1\nm v=1.0 99\nm v=2.0 7\n"
    )
    assert with_times(b"m v=1i 3", 99, Precision.S) == b"m v=1i 3000000000\n"
    assert with_times(b"no line protocol", 99) == b"no line protocol"


def test_a_bad_line_changes_no_time_of_the_others() -> None:
    mixed = b'#helio boot=a seq=1\nm v=1\nbad\nm v=2 7\nm v="a\nb"\n'
    assert with_times(mixed, 99) == (b'#helio boot=a seq=1\nm v=1.0 99\nm v=2.0 7\nbad\nm v="a\nb"\n')
    # of seconds: the second one is none, and would be a time in nanoseconds
    assert with_times(b"m v=1 3\nm v=2 99999999999", 99, Precision.S) == b"m v=1.0 3000000000\n"
    assert with_times(b"m v=2 99999999999", 99, Precision.S) == b""


# --- sizes -----------------------------------------------------------------------------------------


def test_what_is_too_large_goes_in_pieces_that_hold_all_points() -> None:
    lines = [b'm,r=r%d text="a\nb" %d' % (n, n) for n in range(100)]
    mark = b"#helio boot=a seq=1"
    payload = b"\n".join([mark, *lines, b'm,r=long text="' + b"x" * 500 + b'" 1', b"m v= 3"])
    pieces = fitting(Outgoing(TOPIC, payload), 300)
    assert all(len(piece.payload) <= 300 and piece.topic == TOPIC for piece in pieces)
    assert b"".join(piece.payload for piece in pieces) == b"\n".join([mark, *lines, b""])
    assert fitting(Outgoing(TOPIC, payload), len(payload)) == [Outgoing(TOPIC, payload)]
    assert fitting(Outgoing("log/pi", payload), 300) == []


# --- rules -----------------------------------------------------------------------------------------


def test_rules_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    assert read_rules(path) == []
    path.write_text('[[thin]]\nmeasurement = "cpu*"\nwindow = "1m"\nsend = ["mean", "max"]\n')
    assert read_rules(path) == [ThinRule("cpu*", window_ns=MINUTE, send=("mean", "max"))]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "one of window, dead_band and drop"),
        ({"window": "1m", "drop": True}, "one of window"),
        ({"window": "1ms"}, "1s to 1h"),
        ({"window": 60}, "a duration"),
        ({"window": "1m", "send": ["median"]}, "mean, min, max, last, count"),
        ({"dead_band": -1}, "0 or more"),
        ({"drop": True, "fields": "x"}, "a list of names"),
        ({"drop": True, "send": ["mean"]}, "with window only"),
        ({"window": "1m", "at_least_every": "1h"}, "with dead_band only"),
        ({"drop": True, "wndow": "1m"}, "wndow is not known"),
    ],
    ids=range(10),
)
def test_a_rule_that_makes_no_sense_says_why(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        make_rule(asked)


def test_a_file_with_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text("[[thinn]]\n")
    with pytest.raises(ConfigError, match="thinn came"):
        read_rules(path)


# --- thinning --------------------------------------------------------------------------------------


def sent_by(thinner: Thinner, *messages: tuple[int, bytes]) -> list[bytes]:
    """Return the lines that are sent for messages (time in seconds, payload), marks without."""
    payloads = []
    for seq, (second, payload) in enumerate(messages, 1):
        thinner.clock_ns = second * SECOND_NS
        payloads += thinner.close()
        payloads += thinner.take(TOPIC, payload, seq)
    lines = [line for each in payloads for line in each.payload.split(b"\n")]
    return [line for line in lines if line and not line.startswith(b"#")]


def test_without_rules_messages_go_on_as_they_are() -> None:
    assert Thinner([]).take(TOPIC, b"anything", 1) == [Outgoing(TOPIC, b"anything")]


def test_a_window_is_sent_when_it_is_over_and_the_rest_at_once() -> None:
    thinner = Thinner(
        [make_rule({"fields": ["t"], "window": "1m", "send": ["mean", "min", "max", "last", "count"]})]
    )
    lines = sent_by(
        thinner,
        (60, b"m,r=a t=1,h=5 60000000000\n"),
        (70, b"m,r=a t=4 70000000000\n"),
        (80, b"m,r=a t=1 80000000000\n"),
        (125, b"other v=1 125000000000\n"),
    )
    assert lines[0] == b"m,r=a h=5.0 60000000000"
    assert lines[1] == b"m,r=a t_mean=2.0,t_min=1.0,t_max=4.0,t_last=1.0,t_count=3i 60000000000"
    assert lines[2] == b"other v=1 125000000000"
    assert thinner.open_seq is None


def test_one_function_keeps_the_name_of_the_field() -> None:
    thinner = Thinner([make_rule({"window": "1m"})])
    lines = sent_by(thinner, (1, b"m t=1 1000000000\n"), (2, b"m t=2 2000000000\n"), (65, b"x y=t 1\n"))
    assert lines[0] == b"m t=1.5 0"


def test_a_point_that_comes_too_late_or_of_the_future_goes_on_as_it_is() -> None:
    thinner = Thinner([make_rule({"window": "1m"})])
    late, future = b"m t=1 1000000000", b"m t=2 900000000000"
    assert sent_by(thinner, (300, late + b"\n"), (301, future + b"\n")) == [late, future]
    assert thinner.open_seq is None


def test_text_and_truth_have_no_mean() -> None:
    thinner = Thinner([make_rule({"window": "1m"})])
    assert sent_by(thinner, (1, b'm a="x",b=true 1000000000\n')) == [b'm a="x",b=true 1000000000']


def test_a_dead_band_lets_through_what_has_moved_or_is_due() -> None:
    thinner = Thinner([make_rule({"dead_band": 0.5, "at_least_every": "1m"})])
    values = [(0, 1.0), (1, 1.4), (2, 1.6), (3, 1.7), (70, 1.7)]
    lines = sent_by(thinner, *((s, f"m t={v} {s * SECOND_NS}\n".encode()) for s, v in values))
    assert [float(line.split(b"=")[1].split(b" ")[0]) for line in lines] == [1.0, 1.6, 1.7]
    assert lines[-1].endswith(b" 70000000000")


def test_a_dropped_field_is_not_sent_and_the_mark_is() -> None:
    thinner = Thinner([make_rule({"measurement": "m", "drop": True})])
    [sent] = thinner.take(TOPIC, b"#helio boot=a seq=7\nm t=1 5\n", 1)
    assert sent.payload == b"#helio boot=a seq=7\n", "the hub counts by it"


def test_what_is_no_line_protocol_goes_on_for_the_hub_to_say_so() -> None:
    thinner = Thinner([make_rule({"drop": True})])
    assert thinner.take(TOPIC, b"rubbish", 1) == [Outgoing(TOPIC, b"rubbish")]


# --- where it was ----------------------------------------------------------------------------------


def test_a_place_is_what_it_was(tmp_path: Path) -> None:
    file = PlaceFile(tmp_path / "places")
    assert file.read() == {}
    places = {"LP": Place("now", 5, 9, {MINUTE: 7}, 2), "$MQTT_msgs": Place()}
    file.write(places)
    assert file.read() == places


def test_a_file_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "places").write_text('{"LP": {}}')
    with pytest.raises(ConfigError, match="remove the file"):
        PlaceFile(tmp_path / "places").read()


class Written:
    """A stream that holds what a test wrote: nats-server would take seconds for each of many cases."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.all_read = asyncio.Event()

    async def state(self, name: str) -> StreamState:
        return StreamState(name, "made", 1, len(self.messages), 0, 0)

    async def read(self, _name: str, first_seq: int) -> AsyncIterator[list[Message]]:
        for message in self.messages[first_seq - 1 :]:
            yield [message]
        self.all_read.set()
        await asyncio.Event().wait()


class Hub:
    """Takes messages until a link breaks, and acknowledges some of them."""

    def __init__(self, until: int, acknowledged: int) -> None:
        self.taken: list[Outgoing] = []
        self._until, self._acknowledged = until, acknowledged
        self.is_cut = asyncio.Event()

    async def send(self, outgoing: Outgoing) -> asyncio.Future[None]:
        if len(self.taken) >= self._until:
            self.is_cut.set()
            await asyncio.Event().wait()
        self.taken.append(outgoing)
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if len(self.taken) <= self._acknowledged:
            receipt.set_result(None)
        return receipt


def lines_of(taken: Sequence[Outgoing]) -> set[bytes]:
    return {line for each in taken for line in each.payload.split(b"\n") if line}


async def run_lane(stream: Written, rules: Sequence[ThinRule], place: Place, hub: Hub) -> Place:
    lane = Lane("s", stream, rules, lambda m: [Outgoing(TOPIC, m.data)], hub.send, most_bytes=10_000)  # type: ignore[arg-type]
    lane.place = place
    await run_until_read(lane, stream, hub)
    return lane.place


async def run_until_read(lane: Lane, stream: Written, hub: Hub) -> None:
    """Run a lane until all is read, or the link to the hub is cut."""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(lane.run())
        ends = [group.create_task(stream.all_read.wait()), group.create_task(hub.is_cut.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0)
        for task in (running, *ends):
            task.cancel()
    stream.all_read.clear()


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_after_any_interruption_the_hub_has_what_it_would_have_without(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    seconds = sorted(data.draw(st.lists(st.integers(0, 400), min_size=count, max_size=count)))
    late = data.draw(st.lists(st.integers(0, 90), min_size=count, max_size=count))
    messages = [
        Message(
            n + 1,
            "s",
            b"m,d=%d t=%d,raw=%d %d\n" % (n % 2, n, n, max(0, s - back) * SECOND_NS),
            {},
            (s + 1) * SECOND_NS,
        )
        for n, (s, back) in enumerate(zip(seconds, late, strict=True))
    ]
    end = Message(count + 1, "s", b"end v=1 0\n", {}, 10_000 * SECOND_NS + GRACE_NS)
    rules = [make_rule({"fields": ["t"], "window": "1m", "send": ["count", "max"]})]

    async def interrupted() -> tuple[set[bytes], set[bytes]]:
        whole, got = Hub(10_000, 10_000), set()
        await run_lane(Written([*messages, end]), rules, Place(), whole)
        place = Place()
        for _ in range(data.draw(st.integers(0, 4))):
            until = data.draw(st.integers(0, 15))
            hub = Hub(until, data.draw(st.integers(0, until)))
            place = await run_lane(Written([*messages, end]), rules, place, hub)
            got |= lines_of(hub.taken)
        hub = Hub(10_000, 10_000)
        place = await run_lane(Written([*messages, end]), rules, replace(place), hub)
        assert place.read_to == place.seq == count + 1
        return lines_of(whole.taken), got | lines_of(hub.taken)

    wanted, got = asyncio.run(interrupted())
    assert got == wanted


def test_what_the_hub_never_takes_holds_up_nothing() -> None:
    payloads = [b"m v=1 1", b"m v=2 2", b"x" * 301, b"m v=4 4"]
    messages = [Message(n, "s", payload, {}, n) for n, payload in enumerate(payloads, 1)]

    class Choosy(Hub):
        async def send(self, outgoing: Outgoing) -> asyncio.Future[None]:
            if outgoing.payload == payloads[1]:
                raise TopicError("a topic has no wildcards")
            return await super().send(outgoing)

    async def sent() -> None:
        stream, hub = Written(messages), Choosy(100, 100)
        lane = Lane("s", stream, [], lambda m: [Outgoing("log/pi", m.data)], hub.send, most_bytes=300)  # type: ignore[arg-type]
        await run_until_read(lane, stream, hub)
        assert [each.payload for each in hub.taken] == [payloads[0], payloads[3]]
        assert (lane.place.seq, lane.refused, lane.under_way) == (4, 2, 0)

    asyncio.run(sent())


def test_what_is_under_way_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "BYTES_UNDER_WAY", 250)
    messages = [Message(n, "s", b"x" * (300 if n == 1 else 100), {}, n) for n in range(1, 8)]
    receipts: list[asyncio.Future[None]] = []

    async def send(_outgoing: Outgoing) -> asyncio.Future[None]:
        receipts.append(asyncio.get_running_loop().create_future())
        return receipts[-1]

    async def sent() -> None:
        stream = Written(messages)
        lane = Lane("s", stream, [], lambda m: [Outgoing("log/pi", m.data)], send, most_bytes=300)  # type: ignore[arg-type]
        counts = []
        async with asyncio.TaskGroup() as group:
            running = group.create_task(lane.run())
            for _ in range(8):
                for _ in range(20):
                    await asyncio.sleep(0)
                counts.append(sum(not receipt.done() for receipt in receipts))
                for receipt in receipts:
                    if not receipt.done():
                        receipt.set_result(None)
                        break
            running.cancel()
        assert counts == [1, 2, 2, 2, 2, 2, 1, 0], "a large one by itself, then two at a time"
        assert lane.place.seq == len(messages)

    asyncio.run(sent())


def uplink(tmp_path: Path, stream: Any = None) -> Uplink:
    return Uplink(
        MqttSettings(user="barn"),
        MqttSettings,
        stream,
        ingest=None,  # type: ignore[arg-type]  # not for QoS 0 and commands
        rules=HubRules(tmp_path / "rules", []),
        places=tmp_path / "places",
        payload_bytes=1_000,
        devices=list,
    )


def test_a_command_that_is_too_large_here_does_not_hold_up_the_next(tmp_path: Path) -> None:
    here: list[str] = []
    acknowledged: list[str] = []
    all_done = asyncio.Event()
    waiting = [Publication(f"cmd/lamp/{n}", b"x" * size, 1) for n, size in enumerate((1, 1_001, 2))]

    class TheHub:
        """What the connection to a hub would bring down."""

        async def next_message(self) -> Publication:
            if not waiting:
                all_done.set()
                await asyncio.Event().wait()
            return waiting.pop(0)

        def acknowledge(self, message: Publication) -> None:
            acknowledged.append(message.topic)

    class Local:
        """This gateway's broker, which would end the connection at a message that is too large."""

        async def publish(self, publication: Publication) -> None:
            here.append(publication.topic)

    gateway = uplink(tmp_path)

    async def brought() -> None:
        async with asyncio.TaskGroup() as group:
            bringing = group.create_task(gateway._bring_down(TheHub(), Local()))  # type: ignore[arg-type]
            await all_done.wait()
            bringing.cancel()

    asyncio.run(brought())
    assert here == ["cmd/lamp/0", "cmd/lamp/2"]
    assert acknowledged == ["cmd/lamp/0", "cmd/lamp/1", "cmd/lamp/2"]
    assert (gateway.statistics.commands, gateway.statistics.commands_refused) == (2, 1)


def test_names_of_devices_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uplink_module, "MOST_DEVICES", 3)
    gateway = uplink(tmp_path)
    for name in ("a", "b", "c", "a", "d"):
        gateway._note(name)
    assert gateway._devices == {"barn", "a", "b"}
    assert gateway.statistics.unheard == 2


def test_a_new_run_closes_no_window_before_its_messages_were_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    messages = [Message(n, "s", b"m t=%d %d" % (n, n * SECOND_NS), {}, n * SECOND_NS) for n in (1, 2)]
    end = Message(3, "s", b"end v=1 0", {}, 10_000 * SECOND_NS)

    class Slow(Written):
        async def read(self, name: str, first_seq: int) -> AsyncIterator[list[Message]]:
            await asyncio.sleep(5)  # nats-server is busy
            async for group in super().read(name, first_seq):
                yield group

    async def twice() -> None:
        loop_clock = SimpleNamespace(monotonic=asyncio.get_running_loop().time)
        monkeypatch.setattr(lane_module, "time", loop_clock)  # the clock that jumps
        hub, rules = Hub(100, 100), [make_rule({"window": "1m", "send": ["count"]})]
        stream = Slow(messages)
        lane = Lane("s", stream, rules, lambda m: [Outgoing(TOPIC, m.data)], hub.send, most_bytes=999)  # type: ignore[arg-type]
        await run_until_read(lane, stream, hub)
        await asyncio.sleep(3_600)  # the hub is away
        stream.messages = [*messages, end]
        await run_until_read(lane, stream, hub)
        assert b"m t=2i 0" in lines_of(hub.taken)

    JumpingLoop.run(twice())


def test_commands_are_asked_for_what_may_be_a_device_only(tmp_path: Path) -> None:
    topics: list[str] = []
    all_sent = asyncio.Event()

    class Hearing:
        """Hands out at once what passes by at nats-server whenever it likes."""

        @asynccontextmanager
        async def passing(self, put: Callable[[str, bytes], None]) -> AsyncIterator[None]:
            for subject in ("tel.a//b.lp", "tel./.lp", "tel.lamp.lp"):
                put(subject, b"m v=1")
            yield

    class Taking:
        is_connected = True

        async def send(self, publication: Publication) -> None:
            topics.append(publication.topic)
            if len(topics) == 3:
                all_sent.set()

    gateway = uplink(tmp_path, Hearing())

    async def heard() -> None:
        async with asyncio.TaskGroup() as group:
            passing = group.create_task(gateway._pass_on(Taking()))  # type: ignore[arg-type]
            await all_sent.wait()
            await asyncio.sleep(0)
            passing.cancel()

    asyncio.run(heard())
    assert topics == ["tel/a.b/lp", "tel//lp", "tel/lamp/lp"]
    assert gateway._devices == {"barn", "lamp"}
