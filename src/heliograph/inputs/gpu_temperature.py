"""``gpu_temperature``: what the Raspberry Pi's firmware says of its temperature."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import Final

from heliograph.inputs.roots import REAL_ROOTS, Roots
from heliograph.model.point import Point

_OLD_FOLDER: Final = "/opt/vc/bin"  # where Raspberry Pi OS kept it until 2021


@dataclass(frozen=True, slots=True)
class GpuTemperatureConfig:
    """How ``gpu_temperature`` asks."""

    command: str = "vcgencmd"
    """The firmware's tool, looked for in ``PATH`` and in its old folder."""
    timeout: float = 1.0
    """Seconds to wait for it; it needs a few milliseconds."""


class GpuTemperatureInput:
    """One point with the float ``value`` in degrees Celsius, from ``vcgencmd measure_temp``.

    The only input that starts a process: the firmware has no file in ``/sys``. It is looked for once.
    """

    def __init__(
        self,
        config: GpuTemperatureConfig | None = None,
        *,
        roots: Roots = REAL_ROOTS,  # noqa: ARG002 - every input takes them
    ) -> None:
        self._config = config or GpuTemperatureConfig()
        self._found: str | None = None
        self._looked = False

    def gather(self) -> list[Point]:
        """Return one point without tags, none on a machine without the tool.

        Raises:
            OSError: the tool is there but does not answer (often: the user is not in the group video).
            ValueError: it answers something else than a temperature.
        """
        if not self._looked:
            self._found, self._looked = _find(self._config.command), True
        return [] if self._found is None else [self._ask(self._found)]

    def _ask(self, command: str) -> Point:
        try:
            answer = subprocess.run(  # noqa: S603 - a fixed command without a shell
                [command, "measure_temp"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._config.timeout,
                check=True,
            ).stdout
        except subprocess.SubprocessError as error:
            raise OSError(f"{command} measure_temp failed: {error}") from error
        return Point("gpu_temperature", {"value": _celsius(answer)}, {})


def _find(command: str) -> str | None:
    for folder in (*os.get_exec_path(), _OLD_FOLDER):
        path = os.path.join(folder, command)
        if os.access(path, os.X_OK):
            return path
    return None


def _celsius(answer: str) -> float:
    """Return the number in an answer such as ``temp=48.3'C``."""
    name, _, rest = answer.strip().partition("=")
    if name != "temp":
        raise ValueError(f"expected temp=48.3'C from vcgencmd measure_temp, got {answer!r}")
    return float(rest.partition("'")[0])
