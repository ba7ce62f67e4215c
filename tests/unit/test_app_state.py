"""What an app remembers, and what it counts as done."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.aio.workers import Workers
from heliograph.app.incoming.answers import MAX_REMEMBERED, Answer, Remembered
from heliograph.app.incoming.commands import Repeats, read_message, write_answer
from heliograph.app.message import Message
from heliograph.app.state import State
from heliograph.errors import DecodeError, SpoolError
from heliograph.transport.mqtt_client_message import MessageProperties, MqttMessage


def test_state_is_on_disk_with_each_change(tmp_path: Path) -> None:
    path = tmp_path / "app" / "state.json"
    state = State(path)
    state["a"] = 1
    state["b"] = {"c": [1, 2]}
    assert dict(State(path)) == {"a": 1, "b": {"c": [1, 2]}}
    del state["a"]
    state["b"]["c"].append(3)
    state.save()
    assert dict(State(path)) == {"b": {"c": [1, 2, 3]}}
    assert len(State(path)) == 1


def test_a_value_that_json_cannot_hold_changes_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json")
    state["a"] = 1
    for wrong in (object(), float("nan"), "x" * 2_000_000):
        with pytest.raises((TypeError, ValueError)):
            state["a"] = wrong
    assert state["a"] == State(tmp_path / "state.json")["a"] == 1


def test_a_damaged_state_is_put_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"a": 1')
    assert dict(State(path)) == {}
    assert (tmp_path / "state.damaged").read_text() == '{"a": 1'
    assert "put aside" in caplog.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SpoolError, match="cannot be written"):
        State(tmp_path / "state.json")["a"] = 1


def command(id_: str, topic: str = "cmd/pi/app/fan") -> Message:
    return Message(topic, b"", id=id_)


def test_commands_and_answers_are_remembered_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "commands.jsonl"
    remembered = Remembered(path)
    remembered.begin(command("1"))
    remembered.end(command("1"), Answer(ok=True, result={"speed": 1}))
    remembered.begin(command("2"))
    remembered.close()
    path.write_bytes(path.read_bytes() + b'["cmd/pi/app/fan 3", nu')  # as a power cut leaves it
    again = Remembered(path)
    assert again.answer(command("1")) == Answer(ok=True, result={"speed": 1})
    assert "stopped or killed" in str(again.answer(command("2")).error)
    assert command("3") not in again
    assert command("1", "cmd/pi/app/other") not in again
    again.close()


def test_the_memory_of_commands_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "commands.jsonl"
    remembered = Remembered(path)
    for number in range(3 * MAX_REMEMBERED):
        remembered.end(
            command(str(number)), Answer(ok=True, result="x" * (5_000 if number % 100 == 0 else 5))
        )
    assert command("0") not in remembered
    assert command(str(3 * MAX_REMEMBERED - 1)) in remembered
    assert path.stat().st_size < 1_000_000
    remembered.close()


def arrived(payload: bytes, topic: str = "cmd/pi/fan", **about: object) -> MqttMessage:
    return MqttMessage(topic, payload, 1, retained=False, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payload", "inner", "reply_to", "id_"),
    [
        (b"0.5", b"0.5", None, None),
        (b'{"reply_to": "a", "id": 7, "value": 0.5}', b"0.5", "a", "7"),
        (b'{"reply_to": "a", "value": "on"}', b"on", "a", None),
        (b'{"reply_to": "a", "speed": 1}', b'{"speed": 1}', "a", None),
        (b'{"reply_to": "a"}', b"", "a", None),
        (b'{"id": "x", "value": null}', b"", None, "x"),
        (b'{"id": "x", "speed": 1}', b'{"id": "x", "speed": 1}', None, None),
        (b"{broken", b"{broken", None, None),
        (b'{"reply_to": 5, "value": 1}', b"1", None, None),
    ],
)
def test_commands_come_out_of_their_envelopes(
    payload: bytes, inner: bytes, reply_to: str | None, id_: str | None
) -> None:
    message = read_message(arrived(payload))
    assert (message.payload, message.reply_to, message.id) == (inner, reply_to, id_)


def test_other_messages_have_no_envelope() -> None:
    message = read_message(arrived(b'{"reply_to": "a", "value": 1}', "room/temp"))
    assert message.payload.startswith(b"{")
    assert message.reply_to is None


def test_mqtt_5_has_its_own_words_for_it() -> None:
    properties = MessageProperties(response_topic="back", correlation_data=b"\xff7")
    message = read_message(arrived(b'{"reply_to": "a"}', properties=properties))
    assert (message.payload, message.reply_to, message.id) == (b'{"reply_to": "a"}', "back", "\\xff7")
    answer = write_answer(message, Answer(ok=True, result=1), b"\xff7")
    assert answer is not None
    assert (answer.topic, answer.properties.correlation_data) == ("back", b"\xff7")


def test_a_result_that_cannot_be_sent_is_answered_with_that() -> None:
    message = read_message(arrived(b'{"reply_to": "a", "id": "1"}'))
    answer = write_answer(message, Answer(ok=True, result=object()), None)
    assert answer is not None
    assert b'"ok": false' in answer.payload


def test_repeats_are_told_by_topic_payload_and_packet_id() -> None:
    repeats = Repeats(most=3)
    first = arrived(b"x", packet_id=1)
    assert not repeats.is_repeat(first)
    again = arrived(b"x", packet_id=1, is_duplicate=True)
    assert repeats.is_repeat(again)
    assert repeats.first_copy(again) is first
    assert repeats.done(first, now=5.0) == [first, again]
    assert not repeats.is_repeat(arrived(b"x", packet_id=1)), "a new message, the number is used again"
    assert not repeats.is_repeat(arrived(b"y", packet_id=2, is_duplicate=True)), "the first copy never came"
    for number in range(3, 8):
        repeats.is_repeat(arrived(b"x", packet_id=number))
    assert not repeats.is_repeat(arrived(b"x", packet_id=1, is_duplicate=True)), "it is long ago"


def test_a_packet_id_is_used_again_when_its_acknowledgement_has_arrived() -> None:
    repeats = Repeats()
    long_ago, just_now, unfinished = (arrived(b"x", packet_id=number) for number in (1, 2, 3))
    for message, now in ((long_ago, 1.0), (just_now, 95.0), (unfinished, None)):
        repeats.is_repeat(message)
        if now is not None:
            repeats.done(message, now)
    repeats.connection_lost(100.0)
    again = [arrived(b"x", packet_id=number, is_duplicate=True) for number in (1, 2, 3)]
    assert [repeats.is_repeat(each) for each in again] == [False, True, True]


def test_a_kept_command_is_done_once_though_it_comes_with_each_connection() -> None:
    repeats = Repeats()
    kept = MqttMessage("cmd/pi/mode", b"auto", 0, retained=True)
    assert [repeats.is_repeat(kept) for _ in range(3)] == [False, True, True]
    assert not repeats.is_repeat(MqttMessage("cmd/pi/mode", b"off", 0, retained=True))
    assert not repeats.is_repeat(MqttMessage("room/temp", b"1", 0, retained=True))
    assert not repeats.is_repeat(MqttMessage("room/temp", b"1", 0, retained=True)), "values are no commands"
    live = MqttMessage("cmd/pi/door", b"open", 1, retained=False)
    assert not repeats.is_repeat(live)
    assert not repeats.is_repeat(live), "asked for twice"
    assert repeats.is_repeat(replace(live, retained=True)), "kept when it was published: done already"


@pytest.mark.parametrize(
    ("read", "why"), [("json", "JSON was expected on t"), ("number", "a number was expected on t")]
)
def test_a_message_says_what_it_is_not(read: str, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        getattr(Message("t", b"warm"), read)()
    with pytest.raises(DecodeError, match="UTF-8"):
        getattr(Message("t", b"\xff"), read)()
    assert Message("t", b"21.5").json() == Message("t", b"21.5").number() == 21.5


async def test_workers_call_in_order_and_hand_errors_on() -> None:
    workers, threads = Workers(), []

    def note(number: int) -> int:
        threads.append(threading.get_ident())
        return 10 // number

    assert [await workers.call("a", note, number) for number in (1, 2, 5)] == [10, 5, 2]
    with pytest.raises(ZeroDivisionError):
        await workers.call("a", note, 0)
    await workers.call("b", note, 1)
    assert len(set(threads[:4])) == 1
    assert threads[4] != threads[0]
    workers.close()
