"""``board``: what makes a small board fail: too little voltage, heat, a worn or read-only card."""

from __future__ import annotations

import re
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots, list_names, read_text_or_none
from heliograph.model.point import FieldValue, Point

_BITS: Final = {"under_voltage": 0, "frequency_capped": 1, "throttled": 2, "hot": 3}
"""Of the firmware's number; those of what has been since the start are 16 further up.
Source: Raspberry Pi documentation, vcgencmd, get_throttled."""
_SINCE_START: Final = 16


class BoardInput:
    """One point of ones and zeros, with the tag ``model``; none on what is no board.

    ``under_voltage``, ``frequency_capped``, ``throttled`` and ``hot`` hold now, the same with ``_seen`` since
    the start. ``root_read_only`` is 1 when the kernel has given the card up. ``wear_percent`` is how much of
    an eMMC is used up, in steps of ten; SD cards do not tell.
    """

    def __init__(self, *, roots: Roots = REAL_ROOTS) -> None:
        self._roots = roots
        self._firmware: str | None = None
        self._looked = False

    def gather(self) -> list[Point]:
        """Return one point, none on a machine without a device tree."""
        model = read_text_or_none(f"{self._roots.sys}/firmware/devicetree/base/model")
        if not model:
            return []
        fields: dict[str, FieldValue] = {"root_read_only": int(self._root_is_read_only())}
        fields |= self._throttling() | self._wear()
        return [Point("board", fields, {"model": model.rstrip("\0")})]

    def _throttling(self) -> dict[str, FieldValue]:
        if not self._looked:
            self._firmware, self._looked = self._find_firmware(), True
        text = read_text_or_none(self._firmware) if self._firmware else None
        if text is None:
            return self._voltage()
        bits = int(text, 16)
        now: dict[str, FieldValue] = {name: bits >> bit & 1 for name, bit in _BITS.items()}
        return now | {f"{name}_seen": bits >> bit + _SINCE_START & 1 for name, bit in _BITS.items()}

    def _find_firmware(self) -> str | None:
        """Return the firmware's file, below the chip that has another name on each kind of board."""
        platform = f"{self._roots.sys}/devices/platform"
        chips = [platform, *(f"{platform}/{name}" for name in list_names(platform) if name.startswith("soc"))]
        for chip in chips:
            for name in list_names(chip):
                path = f"{chip}/{name}/get_throttled"
                if name.endswith("firmware") and read_text_or_none(path) is not None:
                    return path
        return None

    def _voltage(self) -> dict[str, FieldValue]:
        """Return the alarm of the kernel's own driver, which newer kernels have instead."""
        folder = f"{self._roots.sys}/class/hwmon"
        for name in list_names(folder):
            if read_text_or_none(f"{folder}/{name}/name") == "rpi_volt":
                alarm = read_text_or_none(f"{folder}/{name}/in0_lcrit_alarm")
                return {"under_voltage": int(alarm)} if alarm else {}
        return {}

    def _wear(self) -> dict[str, FieldValue]:
        folder = f"{self._roots.sys}/block"
        told = [
            read_text_or_none(f"{folder}/{name}/device/life_time") or ""
            for name in list_names(folder)
            if re.fullmatch(r"mmcblk\d+", name)
        ]
        steps = [int(word, 16) for text in told for word in text.split()]
        worst = max(steps, default=0)
        return {"wear_percent": worst * 10} if worst else {}

    def _root_is_read_only(self) -> bool:
        mounts = read_text_or_none(f"{self._roots.proc}/mounts") or ""
        options = [words[3] for line in mounts.splitlines() if (words := line.split())[1] == "/"]
        return bool(options) and "ro" in options[-1].split(",")
