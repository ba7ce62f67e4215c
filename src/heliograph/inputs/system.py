"""``system``: load, users, processors and uptime."""

from __future__ import annotations

import os
import struct
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, list_names, read_bytes, read_text, read_text_or_none
from heliograph.model.point import FieldValue, Point

_USER_PROCESS: Final = 7  # ut_type of a login, utmp(5)
_USER_OFFSET, _USER_BYTES = 44, 32


class SystemInput:
    """Three points of one time, as Telegraf sends them: load and counts, ``uptime``, ``uptime_format``."""

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._roots = roots

    def gather(self) -> list[Point]:
        """Return three points without tags; ``uptime`` is in seconds."""
        load1, load5, load15, *_ = read_text(f"{self._roots.proc}/loadavg").split()
        logical, physical = self._processors()
        fields: dict[str, FieldValue] = {
            "load1": float(load1),
            "load5": float(load5),
            "load15": float(load15),
            "n_cpus": logical,
            "n_physical_cpus": physical,
        }
        uptime = int(float(read_text(f"{self._roots.proc}/uptime").split()[0]))
        return [
            Point("system", fields | self._users(), {}),
            Point("system", {"uptime": uptime}, {}),
            Point("system", {"uptime_format": format_uptime(uptime)}, {}),
        ]

    def _processors(self) -> tuple[int, int]:
        folder = f"{self._roots.sys}/devices/system/cpu"
        cores = set()
        logical = 0
        for name in list_names(folder):
            if not (name.startswith("cpu") and name[3:].isdigit()):
                continue
            siblings = read_text_or_none(f"{folder}/{name}/topology/thread_siblings_list")
            if siblings is not None:  # absent while the processor is switched off
                logical += 1
                cores.add(siblings)
        if not logical:
            logical = os.cpu_count() or 1
        return logical, len(cores) or logical

    def _users(self) -> dict[str, FieldValue]:
        try:
            records = read_bytes(self._roots.utmp)
        except OSError:  # systems since Debian 13 have no utmp: the fields are left out, as in Telegraf
            return {}
        size = _utmp_record_bytes()
        logins = []
        for start in range(0, len(records) - size + 1, size):
            if struct.unpack_from("=h", records, start)[0] == _USER_PROCESS:
                name = records[start + _USER_OFFSET : start + _USER_OFFSET + _USER_BYTES]
                logins.append(name.rstrip(b"\0"))
        return {"n_users": len(logins), "n_unique_users": len(set(logins))}


def _utmp_record_bytes() -> int:
    # glibc keeps 32-bit times in utmp where 32-bit programs share the file; 64-bit ARM and RISC-V have
    # no such past. A 32-bit program on a 64-bit ARM kernel has its own C library's 32-bit layout.
    wide = struct.calcsize("P") == 8 and os.uname().machine in ("aarch64", "riscv64")
    return 400 if wide else 384


def format_uptime(seconds: int) -> str:
    """Return an uptime as Telegraf writes it: ``14 days, 11:07``, below ten hours `` 3:05``."""
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:2d}:{rest % 3600 // 60:02d}"
    if not days:
        return clock
    return f"{days} day{'s' if days > 1 else ''}, {clock}"
