"""``kernel``: what the kernel counted since boot."""

from __future__ import annotations

from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_text, read_text_or_none
from heliograph.model.point import FieldValue, Point

_FIELDS: Final = {
    "intr": "interrupts",
    "ctxt": "context_switches",
    "btime": "boot_time",
    "processes": "processes_forked",
}


class KernelInput:
    """One point of integers from ``/proc/stat`` and the entropy pool; ``boot_time`` is in Unix seconds."""

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._proc = roots.proc

    def gather(self) -> list[Point]:
        """Return one point without tags."""
        fields: dict[str, FieldValue] = {}
        for line in read_text(f"{self._proc}/stat").splitlines():
            name, _, rest = line.partition(" ")
            if name in _FIELDS:
                fields[_FIELDS[name]] = int(rest.partition(" ")[0])
            elif name == "page":  # only kernels before 2.6 have it; Telegraf still looks for it
                pages_in, pages_out = rest.split()
                fields |= {"disk_pages_in": int(pages_in), "disk_pages_out": int(pages_out)}
        entropy = read_text_or_none(f"{self._proc}/sys/kernel/random/entropy_avail")
        if entropy:
            fields["entropy_avail"] = int(entropy)
        return [Point("kernel", fields, {})]
