"""Payloads of the forms that devices send: found, decoded, and told where they are not what they claim."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.codec.payload.decode import FORMS, decode
from heliograph.codec.payload.decoded import leaves
from heliograph.codec.payload.sparkplug import type_name
from heliograph.codec.payload.sparkplug_schema import payload_class
from heliograph.errors import PayloadError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("payload", "form", "value"),
    [
        (b"", "empty", ""),
        (b"21.5", "json", 21.5),
        (b"-3", "json", -3),
        (b"true", "json", True),
        (b' {"t": 21}', "json", {"t": 21}),
        (b'{"n": NaN, "i": -Infinity}', "json", {"n": "nan", "i": "-inf"}),
        (b"ON", "text", "ON"),
        (b"{broken", "text", "{broken"),
        ("22 °C".encode(), "text", "22 °C"),
        (b"hello world=a b", "text", "hello world=a b"),
        (b"cpu v=1", "lp", [{"measurement": "cpu", "tags": {}, "fields": {"v": 1.0}}]),
        (b"\x00\xff", "hex", "00 ff"),
        (b"\xa1\x61t\xf9\x4d\x60", "cbor", {"t": 21.5}),
        (b"\x18\x2a", "hex", "18 2a"),
        (b'[{"n":"urn:x","v":1}]', "senml", [{"n": "urn:x", "v": 1}]),
        (b'[{"n":"x","other":1}]', "json", [{"n": "x", "other": 1}]),
    ],
)
def test_the_form_is_found(payload: bytes, form: str, value: Any) -> None:
    found = decode(payload)
    assert (found.form, found.value) == (form, value)


def test_points_of_line_protocol() -> None:
    lines = b'#c\ncpu,host=a,core=0 v=1.5,n=2i,u=3u,b=t,s="x" 10\ncpu v=2 11\nmem used=1i\n'
    assert decode(lines).value == [
        {
            "measurement": "cpu",
            "tags": {"core": "0", "host": "a"},
            "fields": {"v": 1.5, "n": 2, "u": 3, "b": True, "s": "x"},
            "time_ns": 10,
        },
        {"measurement": "cpu", "tags": {}, "fields": {"v": 2.0}, "time_ns": 11},
        {"measurement": "mem", "tags": {}, "fields": {"used": 1}},
    ]


def test_cbor_becomes_plain() -> None:
    item = {
        1: b"ok",
        "b": b"\xff",
        "when": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
        "inf": float("inf"),
        "list": (1, None, {2}),
        "tag": cbor2.CBORTag(4000, [1]),
        "undefined": cbor2.undefined,
    }
    value = decode(cbor2.dumps(item), "cbor").value
    assert value["1"] == "ok"
    assert value["b"] == "0xff"
    assert value["when"] == "2026-11-23T00:00:00+00:00"
    assert value["inf"] == "inf"
    assert value["list"] == [1, None, [2]]
    json.dumps(value)


RFC_8428_PACK = [  # of §5.1.3
    {
        "bn": "urn:dev:ow:10e2073a0108006:",
        "bt": 1.276020076001e9,
        "bu": "A",
        "bver": 5,
        "n": "voltage",
        "u": "V",
    },
    {"n": "current", "t": -5, "v": 1.2},
    {"n": "current", "t": -4, "v": 1.3},
]


def test_senml_is_resolved_from_json_and_from_cbor_alike() -> None:
    RFC_8428_PACK[0]["v"] = 120.1
    numbers = {"bver": -1, "bn": -2, "bt": -3, "bu": -4, "n": 0, "u": 1, "v": 2, "t": 6}
    short = [{numbers[key]: value for key, value in record.items()} for record in RFC_8428_PACK]
    device = "urn:dev:ow:10e2073a0108006:"
    wanted = [
        {"n": f"{device}voltage", "t": 1276020076.001, "u": "V", "v": 120.1},
        {"n": f"{device}current", "t": 1276020071.001, "u": "A", "v": 1.2},
        {"n": f"{device}current", "t": 1276020072.001, "u": "A", "v": 1.3},
    ]
    assert decode(json.dumps(RFC_8428_PACK).encode()).value == wanted
    assert decode(cbor2.dumps(short)).value == wanted
    assert decode(cbor2.dumps(short), "senml").form == "senml"


def test_senml_times_before_1978_are_relative_to_now_and_bases_are_added() -> None:
    pack = b'[{"bn":"a/","bv":10,"bs":5,"n":"x","v":1,"t":-2},{"n":"y","s":1,"vs":"on"},{"n":"z","vb":false}]'
    assert decode(pack, now_s=1_800_000_000.0).value == [
        {"n": "a/x", "t": 1_799_999_998.0, "v": 11},
        {"n": "a/y", "s": 6, "vs": "on"},
        {"n": "a/z", "vb": False},
    ]


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        (b'{"n":"x"}', "a list of records"),
        (b'[{"v":1}]', "record 1 has no name"),
        (b'[{"n":"x","v":"1"}]', "a number belongs"),
        (b'[{"bver":11,"n":"x","v":1}]', "version 11"),
        (b'[{"n":"x","v":1,"q_":2}]', "'q_'"),
    ],
)
def test_what_is_no_senml(pack: bytes, reason: str) -> None:
    with pytest.raises(PayloadError, match=reason):
        decode(pack, "senml")


def sparkplug() -> bytes:
    payload = payload_class()(timestamp=1_700_000_000_000, seq=3)
    metrics = payload.metrics
    metrics.add(name="small", datatype=1).int_value = 2**32 - 5
    metrics.add(name="large", datatype=4).long_value = 2**64 - 7
    metrics.add(alias=9, datatype=9).float_value = 0.5
    metrics.add(name="on", datatype=11).boolean_value = True
    metrics.add(name="gone", datatype=12, is_null=True)
    metrics.add(name="raw", datatype=17).bytes_value = b"\xff\x00"
    table = metrics.add(name="table", datatype=16).dataset_value
    table.columns.extend(["a", "b"])
    table.types.extend([3, 12])
    row = table.rows.add()
    row.elements.add().int_value = 2**32 - 1
    row.elements.add().string_value = "x"
    with_unit = metrics.add(name="unit", datatype=10)
    with_unit.double_value = 1.5
    with_unit.properties.keys.append("engUnit")
    with_unit.properties.values.add(type=12).string_value = "°C"
    template = metrics.add(name="motor", datatype=19).template_value
    template.template_ref = "Motor"
    template.metrics.add(name="rpm", datatype=7).int_value = 900
    raw: bytes = payload.SerializeToString()
    return raw


def test_sparkplug_metrics_have_names_types_and_values() -> None:
    value = decode(sparkplug(), topic="spBv1.0/plant/NDATA/edge").value
    assert (value["timestamp"], value["seq"]) == (1_700_000_000_000, 3)
    by_name = {metric.get("name", metric.get("alias")): metric for metric in value["metrics"]}
    assert {name: metric["value"] for name, metric in by_name.items()} == {
        "small": -5,
        "large": -7,
        9: 0.5,
        "on": True,
        "gone": None,
        "raw": "0xff00",
        "table": {"columns": ["a", "b"], "types": ["Int32", "String"], "rows": [[-1, "x"]]},
        "unit": 1.5,
        "motor": {"metrics": [{"name": "rpm", "type": "UInt32", "value": 900}], "template_ref": "Motor"},
    }
    assert by_name["unit"]["properties"] == {"engUnit": "°C"}
    assert type_name(34) == "DateTimeArray"


def test_sparkplug_on_the_wire_is_as_the_standard_numbers_it() -> None:
    # By hand: timestamp (1) 1, metrics (2) { name (1) "t", datatype (4) 9, float (12) 1.0 }, seq (3) 2.
    raw = bytes.fromhex("0801120a0a01742009650000803f1802")
    assert decode(raw, "sparkplug").value == {
        "timestamp": 1,
        "seq": 2,
        "metrics": [{"name": "t", "type": "Float", "value": 1.0}],
    }


def test_states_of_sparkplug_hosts_are_json_or_a_word() -> None:
    assert decode(b'{"online": true}', topic="spBv1.0/STATE/host").value == {"online": True}
    assert decode(b"OFFLINE", "sparkplug", topic="STATE/host").value == "OFFLINE"


@pytest.mark.parametrize("form", ["json", "lp", "cbor", "sparkplug", "senml"])
@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"\x81", b"{", b"[{]", b"cpu", b"[" * 100_000])
def test_what_is_not_of_a_form_is_told(form: str, payload: bytes) -> None:
    if form == "sparkplug" and payload == b"":
        assert decode(payload, form).value == {"metrics": []}
        return
    with pytest.raises(PayloadError) as told:
        decode(payload, form)
    assert told.value.exit_code == 65
    assert "\n" not in str(told.value)


def test_where_json_breaks_is_told() -> None:
    with pytest.raises(PayloadError, match="line 2, column 6") as told:
        decode(b'{"a": 1,\n "b" 2}', "json")
    assert (told.value.line, told.value.column, told.value.excerpt) == (2, 6, ' "b" 2}')


@given(st.binary(max_size=200), st.sampled_from(["a/b", "spBv1.0/g/NDATA/e", "spBv1.0/STATE/h"]))
def test_auto_takes_everything_and_gives_what_json_can_say(payload: bytes, topic: str) -> None:
    found = decode(payload, "auto", topic=topic)
    json.dumps(found.value, allow_nan=False)
    assert found.form in {*FORMS, "empty"}
    assert isinstance(found.text(), str)


@given(JSON)
def test_json_and_cbor_round_trips(value: Any) -> None:
    assert decode(json.dumps(value).encode(), "json").value == value
    assert decode(cbor2.dumps(value), "cbor").text() == decode(json.dumps(value).encode(), "json").text()


def test_a_dump_has_addresses_and_letters() -> None:
    assert decode(bytes(range(30, 50)), "hex").value.splitlines() == [
        "000000  1e 1f 20 21 22 23 24 25  26 27 28 29 2a 2b 2c 2d  |.. !\"#$%&'()*+,-|",
        "000010  2e 2f 30 31                                       |./01|",
    ]


def test_leaves_have_paths() -> None:
    assert dict(leaves({"a": [1, {"b": None}], "c": {}})) == {"a[0]": 1, "a[1].b": None, "c": {}}
    assert list(leaves(5)) == [("", 5)]
