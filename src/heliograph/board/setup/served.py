"""What hubs and gateways have in common on a board: the service, ``helio`` for its user, and their page."""

from __future__ import annotations

from typing import Final

from heliograph.board.setup.context import Context
from heliograph.board.setup.device import announced
from heliograph.board.setup.python import ROOT, environment, no_environment
from heliograph.board.setup.steps import Step, file, no_file, no_service, service

_COMMAND: Final = "/usr/local/bin/helio"
_SERVICE: Final = """\
# Written by helio board setup.
[Unit]
Description=Heliograph {title}
After=network.target

[Service]
Environment=HELIO_HOME={home}
{key}ExecStart={python} -m heliograph {command}{options}
DynamicUser=yes
StateDirectory={state}
Restart=always
RestartSec=5
TimeoutStopSec=30

[Install]
WantedBy=multi-user.target
"""
_WRAPPER: Final = """\
#!/bin/sh
# Written by helio board setup: helio with the data folder of this board's {title}; it needs sudo.
export HELIO_HOME="${{HELIO_HOME:-{home}}}"
exec {python} -m heliograph "$@"
"""


class Served:
    """A service that listens and has a page.

    Args:
        name: of its Python environment and its unit.
        title: what people call it.
        command: of helio.
        state: the name of its folder in ``/var/lib``.
    """

    def __init__(self, name: str, title: str, command: str, state: str) -> None:
        self.unit = f"heliograph-{name}.service"
        self.python = f"{ROOT}/{name}/bin/python"
        self._name, self._title, self._command, self._state = name, title, command, state
        self._home = f"/var/lib/{state}"

    def steps(
        self, context: Context, *, enrolled: tuple[Step, ...] = (), key: str = "", options: str = ""
    ) -> list[Step]:
        """Return what makes it run.

        Args:
            context: the board.
            enrolled: how it gets its key.
            key: the line of the unit that hands the key over.
            options: of its command, each after a space.
        """
        options += f" --listen {context.listen}" if context.listen else ""
        named = {"title": self._title, "home": self._home, "python": self.python}
        unit = _SERVICE.format(key=key, command=self._command, options=options, state=self._state, **named)
        return [
            *environment(context, self._name),
            *enrolled,
            file(_COMMAND, _WRAPPER.format(**named), mode=0o755),
            file(f"/etc/systemd/system/{self.unit}", unit),
            service(self.unit, unit, context.environment),
            self._ready(),
            *announced(),
        ]

    def removal(self) -> list[Step]:
        """Return what takes all of it away again, its data among it."""
        return [
            no_service(self.unit),
            *no_environment(self._name),
            no_file(_COMMAND),
            no_file("/etc/avahi/services/heliograph.service"),
            no_file(self._home),
            no_file(f"/var/lib/private/{self._state}"),
        ]

    def _ready(self) -> Step:
        """Return the step after which it answers."""
        ask = "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8086/ready\", timeout=2)'"
        active = f"systemctl -q is-active {self.unit}"
        # One that was started just now is waited for, too: that is no change.
        wait = f"for _ in $(seq 60); do {ask} && exit 0; {active} || break; sleep 0.5; done"
        said = f"journalctl -q -u {self.unit} -n 8 -o cat"
        return Step(
            f"the {self._title} answers",
            f"{wait}\nexit 1",
            f"{wait}\n{said}\nexit 1",
            "echo wait until it answers",
        )
