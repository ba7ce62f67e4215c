"""The role ``device``: the agent as a service, which sends this board's figures to a hub."""

from __future__ import annotations

from typing import Final

from heliograph.board.setup.context import Context
from heliograph.board.setup.enrolling import DEVICE, enrolled
from heliograph.board.setup.python import ROOT, environment, no_environment
from heliograph.board.setup.steps import Step, file, no_file, no_service, service

UNIT: Final = "heliograph-agent.service"
_VARIABLES: Final = "/etc/heliograph/agent.env"
_ANNOUNCED: Final = "/etc/avahi/services/heliograph.service"
_SERVICE: Final = f"""\
# Written by helio board setup.
[Unit]
Description=Heliograph agent
After=network.target

[Service]
{{login}}
ExecStart={ROOT}/agent/bin/python -m heliograph agent{{options}}
DynamicUser=yes
StateDirectory=heliograph-agent
Restart=always
RestartSec=5
MemoryMax=64M

[Install]
WantedBy=multi-user.target
"""
# systemd hands the key, which root alone may read, to the service and nobody else.
_BY_KEY: Final = f"LoadCredential={DEVICE.file_name}:{DEVICE.file}\nEnvironment=HELIO_HOME=%d"
_BY_VARIABLES: Final = f"EnvironmentFile={_VARIABLES}"
_AVAHI: Final = """\
<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<!-- Written by helio board setup, so that helio board find hears of this board. -->
<service-group>
  <name replace-wildcards="yes">%h</name>
  <service><type>_heliograph._tcp</type><port>22</port></service>
</service-group>
"""


def steps(context: Context) -> list[Step]:
    """Return what makes a board a device."""
    if context.enrolment is None:
        variables = context.hub.variables()
        unit = _SERVICE.format(login=_BY_VARIABLES, options="")
        login = [
            no_file(DEVICE.file),
            file(_VARIABLES, variables, mode=0o600),
        ]
    else:
        variables = context.enrolment.device  # many boards are called raspberrypi by themselves
        unit = _SERVICE.format(login=_BY_KEY, options=f" --host-name {variables}")
        login = [
            no_file(_VARIABLES),
            enrolled(DEVICE, context.enrolment, f"{ROOT}/agent/bin/python -m heliograph", UNIT),
        ]
    return [
        *environment(context, "agent"),
        *login,
        file(f"/etc/systemd/system/{UNIT}", unit),
        service(UNIT, unit, variables, context.environment),
        *announced(),
    ]


def announced() -> list[Step]:
    """Return the step after which the board announces itself, where avahi is there to do it."""
    step = file(_ANNOUNCED, _AVAHI)
    without = "[ ! -d /etc/avahi/services ] && exit 0\n"
    return [Step("announced to helio board find", without + step.check, step.apply, "echo announce")]


def removal() -> list[Step]:
    """Return what takes all of it away again."""
    return [
        no_service(UNIT),
        no_file(
            "/var/lib/private/heliograph-agent"
        ),  # where systemd keeps the state of a user that comes and goes
        no_file("/var/lib/heliograph-agent"),
        *no_environment("agent"),
        no_file(_VARIABLES),
        no_file(DEVICE.file),
        no_file(_ANNOUNCED),
    ]
