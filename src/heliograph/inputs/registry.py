"""Which inputs there are, by name; a module is imported when its input is first asked for.

Adding one of our own is a module and a line in ``BUILT_IN``. A package of somebody else's adds one by
an entry point of the group ``heliograph.inputs`` that names its class.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Final, cast

from heliograph.errors import ConfigError
from heliograph.inputs.plugin import Input, InputFactory
from heliograph.inputs.roots import REAL_ROOTS, Roots

ENTRY_POINT_GROUP: Final = "heliograph.inputs"

BUILT_IN: Final[dict[str, str]] = {
    "cpu": "heliograph.inputs.cpu:CpuInput",
    "mem": "heliograph.inputs.mem:MemInput",
    "swap": "heliograph.inputs.swap:SwapInput",
    "disk": "heliograph.inputs.disk:DiskInput",
    "diskio": "heliograph.inputs.diskio:DiskIoInput",
    "kernel": "heliograph.inputs.kernel:KernelInput",
    "processes": "heliograph.inputs.processes:ProcessesInput",
    "system": "heliograph.inputs.system:SystemInput",
    "net": "heliograph.inputs.net:NetInput",
    "netstat": "heliograph.inputs.netstat:NetstatInput",
    "temp": "heliograph.inputs.temp:TempInput",
    "cpu_temperature": "heliograph.inputs.cpu_temperature:CpuTemperatureInput",
    "gpu_temperature": "heliograph.inputs.gpu_temperature:GpuTemperatureInput",
    "board": "heliograph.inputs.board:BoardInput",
    "software": "heliograph.inputs.software:SoftwareInput",
}
"""Name to "module:class", in the order in which a round gathers them."""


def make_inputs(names: Iterable[str], roots: Roots = REAL_ROOTS) -> dict[str, Input]:
    """Return the inputs of these names, ready to gather, in the order given.

    Raises:
        ConfigError: a name that no input has, or an input that cannot be imported.
    """
    return {name: _factory(name)(roots=roots) for name in names}


def _factory(name: str) -> InputFactory:
    target = BUILT_IN.get(name)
    if target is None:
        return _third_party(name)
    module, _, class_name = target.partition(":")
    return cast(InputFactory, getattr(importlib.import_module(module), class_name))


def _third_party(name: str) -> InputFactory:
    # Only here: reading the metadata of all installed packages costs a small board half a second.
    from importlib.metadata import entry_points

    found = list(entry_points(group=ENTRY_POINT_GROUP, name=name))
    if not found:
        raise ConfigError(f"there is no input {name!r}; there are {', '.join(BUILT_IN)}", key="agent.inputs")
    try:
        return cast(InputFactory, found[0].load())
    except (ImportError, AttributeError) as error:
        package = found[0].dist.name if found[0].dist else "an unknown package"
        raise ConfigError(
            f"the input {name!r} of {package} cannot be imported: {error}", key="agent.inputs"
        ) from error
