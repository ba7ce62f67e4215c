"""The role ``edge``: a gateway as a service, which keeps what devices around it send until the hub has it.

::

    devices, apps ──▶ helio edge on the board: broker, stream on disk, page ──its own key──▶ hub
"""

from __future__ import annotations

from typing import Final

from heliograph.board.setup.context import Context
from heliograph.board.setup.enrolling import GATEWAY, enrolled
from heliograph.board.setup.served import Served
from heliograph.board.setup.steps import Step, no_file
from heliograph.errors import ConfigError

_GATEWAY: Final = Served("edge", "gateway", "edge", "heliograph-edge")
# systemd hands the key, which root alone may read, to the service and nobody else.
_BY_KEY: Final = f"LoadCredential={GATEWAY.file_name}:{GATEWAY.file}\n"


def steps(context: Context) -> list[Step]:
    """Return what makes a board a gateway.

    Raises:
        ConfigError: a broker is named instead of a hub that gives it a key.
    """
    if context.enrolment is None:
        raise ConfigError("a gateway is enrolled at a hub of ours: leave --hub out")
    name = context.enrolment.device  # many boards are called raspberrypi by themselves
    key = enrolled(GATEWAY, context.enrolment, f"{_GATEWAY.python} -m heliograph", _GATEWAY.unit)
    return _GATEWAY.steps(context, enrolled=(key,), key=_BY_KEY, options=f" --set agent.host_name={name}")


def removal() -> list[Step]:
    """Return what takes all of it away again, with what the hub does not have yet."""
    return [*_GATEWAY.removal(), no_file(GATEWAY.file)]
