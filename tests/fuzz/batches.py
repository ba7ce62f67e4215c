"""Batches of line protocol for comparing parsers: ordinary ones, and what becomes of them by mutation."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from heliograph.codec.lineprotocol import FieldTypes
from heliograph.model.point import FieldType

MEASUREMENTS = ["cpu", "mem", "m", "disk io", "a,b", "größe", "m\\", "#no", "x=y"]
TAGS = ["host", "cpu", "path", "t g", "ä", "a=b"]
TAG_VALUES = ["node-1", "cpu0", "/", "C:\\Program Files", "a,b", "x y", "日本", '"', "=", "very" * 20]
FIELDS = ["value", "usage_user", "n", "up", "state", "time", "f g", "ü", "a,b", "load1", "n2", "s2"]
TEXTS = [
    "",
    "up 3 days,  2:01",
    'say \\"x\\"',
    "a\\\\b",
    "\\n\\t\\x",
    "ä日本",
    "two\nlines",
    "\r",
    "#",
    "\x00\x7f",
]
TOKENS = [
    *(b" ", b",", b"=", b"\\", b'"', b"\n", b"\r\n", b"\r", b"#", b"#helio boot=1 seq=2\n", b"\x00", b"\t"),
    *(b"\xff", b"\xc3", b"\xa4", b"\xed\xa0\x80", b"\x7f", b"i", b"u", b"e", b".", b"-", b"+", b"_", b"0"),
    *(b"inf", b"nan", b"true", b"False", b"tRUE", b"1e400", b"1e-400", b"0x1", b"1_0", b"9" * 19, b"9" * 20),
    *(b"9223372036854775807i", b"9223372036854775808i", b"-9223372036854775808i", b"-9223372036854775809i"),
    *(b"18446744073709551615u", b"18446744073709551616u", b"-1u", b"0" * 30 + b"1i", b"1" * 400),
    *(b"9007199254740993", b"0.1e-22", b"179769313486231580793728971405301e276", b"4.9406564584124654e-324"),
    *(
        b" 9223372036854775807",
        b" -9223372036854775807",
        b" 9223372036854775806",
        b"m v=1",
        b"m,t=a v=1i,v=2i",
        b",time=",
        b"time=1,",
    ),
]


def escaped(name: str, separators: str) -> str:
    return "".join("\\" + c if c in separators else c for c in name)


class Batches:
    """Makes batches that are ordinary in the main: few series and fields, again and again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._values: list[Callable[[], str]] = [
            lambda: repr(self.random.uniform(-1e3, 1e3)),
            lambda: f"{self.random.getrandbits(64)}e{self.random.randint(-340, 310)}",
            lambda: repr(struct.unpack("d", self.random.randbytes(8))[0]),
            lambda: f"{self.random.random():.{self.random.randint(0, 30)}f}",
            lambda: f"{self.random.randint(-(2**66), 2**66) >> self.random.randint(0, 64)}i",
            lambda: f"{self.random.getrandbits(66) >> self.random.randint(0, 64)}u",
            lambda: self.random.choice(
                ["t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"]
            ),
            lambda: '"' + self.random.choice(TEXTS) + '"',
        ]

    def batch(self) -> bytes:
        """Return one line to some dozens."""
        shapes = [self._shape() for _ in range(self.random.randint(1, 6))]
        end = self.random.choice(["\n", "\n", "\n", "\r\n", "\n\n"])
        # Rarely more than the native parser keeps in records.
        count = self.random.choice([1, 3, 10, 60]) if self.random.random() < 0.998 else 9000
        lines = [self._line(*self.random.choice(shapes)) for _ in range(count)]
        return end.join(lines).encode() + self.random.choice([b"\n", b""])

    def mutated(self, body: bytes) -> bytes:
        """Return the body with some damage."""
        changed = bytearray(body)
        for _ in range(self.random.choice([0, 1, 1, 2, 5, 20])):
            at = self.random.randint(0, len(changed))
            until = min(len(changed), at + self.random.choice([0, 0, 1, 3, 30]))
            match self.random.randrange(4):
                case 0:
                    changed[at:until] = self.random.choice(TOKENS)
                case 1:
                    changed[at:until] = b""
                case 2:
                    changed[at:at] = changed[at:until] * self.random.choice([1, 2, 50])
                case _:
                    changed[at:until] = self.random.randbytes(until - at)
        return bytes(
            changed[: self.random.randint(0, len(changed))] if self.random.random() < 0.1 else changed
        )

    def types(self) -> FieldTypes:
        """Return a catalogue that knows some fields."""
        known = {
            (measurement, field): self.random.choice(list(FieldType))
            for measurement in MEASUREMENTS
            for field in FIELDS
            if self.random.random() < 0.05
        }
        return lambda measurement, field: known.get((measurement, field))

    def _shape(self) -> tuple[list[str], list[tuple[str, Callable[[], str]]]]:
        pick = self.random
        measurement = escaped(pick.choice(MEASUREMENTS), ", ")
        keys = []
        for _ in range(pick.randint(1, 4)):
            tags = [
                f",{escaped(tag, ',= ')}={escaped(pick.choice(TAG_VALUES), ',= ')}"
                for tag in pick.sample(TAGS, pick.choice([0, 1, 2, 2, 3]))
            ]
            keys.append(measurement + "".join(tags))
        names = [pick.choice(FIELDS) for _ in range(pick.choice([1, 2, 5, 10]))]
        return keys, [(escaped(name, ",= "), pick.choice(self._values)) for name in names]

    def _line(self, keys: list[str], fields: list[tuple[str, Callable[[], str]]]) -> str:
        pick = self.random
        if pick.random() < 0.2:
            fields = pick.sample(fields, pick.randint(1, len(fields)))
        if pick.random() < 0.02:
            fields = [(name, pick.choice(self._values)) for name, _ in fields]
        time = pick.choice(["", " 1700000000000", f" {pick.randint(-9, 9)}", f" {pick.getrandbits(50)}"])
        if pick.random() < 0.01:
            time = f" {pick.randint(-(2**63), 2**63)}"
        return f"{pick.choice(keys)} {','.join(f'{name}={value()}' for name, value in fields)}{time}"
