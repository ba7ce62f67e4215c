"""Reading ``/proc/meminfo``, which two inputs need."""

from __future__ import annotations

from heliograph.inputs.roots import read_text


def read_meminfo(proc: str) -> dict[str, int]:
    """Return the lines of ``/proc/meminfo`` by name: bytes, or a count where the line has no unit."""
    values = {}
    for line in read_text(f"{proc}/meminfo").splitlines():
        name, _, rest = line.partition(":")
        number, _, unit = rest.strip().partition(" ")
        values[name] = int(number) * 1024 if unit == "kB" else int(number)
    return values
