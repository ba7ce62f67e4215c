"""A project's program as a service of systemd: started at boot, again after a crash, within its limits."""

from __future__ import annotations

import re
import shlex
from typing import Final

from heliograph.board.running.spec import Spec
from heliograph.board.running.work import Work
from heliograph.board.ssh import Link
from heliograph.errors import BoardUnfit

FOLDER: Final = "/etc/systemd/system"
"""Where our units are."""

_UNIT: Final = """\
# Written by helio board run --service; the next one writes it anew.
[Unit]
Description={app}, put here by helio board
Wants=network-online.target
After=network-online.target
# Quick saves would count as a crash loop.
StartLimitIntervalSec=0

[Service]
User={user}
WorkingDirectory={cwd}
{environment}
EnvironmentFile=-{secrets}
ExecStart={command}
Restart={restart}
RestartSec={restart_seconds:g}
TimeoutStopSec={stop_seconds:g}
{limits}
[Install]
WantedBy=multi-user.target
"""

# $1 is the unit's path, $2 its name; the text comes on standard input. Nothing happens where nothing changed.
_INSTALL: Final = """\
set -e
umask 022
cat > "$1.new"
if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; systemctl daemon-reload; fi
systemctl --quiet enable "$2"
systemctl restart "$2"
"""
# $3 is the version that is in place now.
_ANEW: Final = """\
set -e
sed -i "s/^Environment=\\"HELIO_APP_VERSION=.*/Environment=\\"HELIO_APP_VERSION=$3\\"/" "$1"
systemctl daemon-reload
systemctl restart "$2"
"""
_REMOVE: Final = """\
set -e
test -e "$1" || exit 0
systemctl --quiet disable --now "$2" 2>&1
rm -f "$1"
rm -rf "/run/systemd/system/$2.d"
systemctl daemon-reload
"""
# $1 is the unit, $2 what turns it into one under the debugger. That stands in /run, gone at the next
# boot; before that it is gone when the input ends, whatever the laptop had to say about it.
GUARD: Final = """\
set -e
mkdir -p "/run/systemd/system/$1.d"
printf %s "$2" > "/run/systemd/system/$1.d/debug.conf"
systemctl daemon-reload
systemctl restart "$1"
echo guarded
cat > /dev/null || true
rm -rf "/run/systemd/system/$1.d"
systemctl daemon-reload
systemctl restart "$1"
"""


def unit_name(app: str) -> str:
    """Return the name of an app's unit."""
    return f"heliograph-app-{app}.service"


def quoted(word: str) -> str:
    """Return a word as a unit's command line holds it. Source: systemd.service(5), "COMMAND LINES"."""
    word = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[A-Za-z0-9_@%+=:,./$-]+", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unit_text(spec: Spec) -> str:
    """Return the unit of a program."""
    service = spec.service
    limits = {"MemoryMax": service.memory_bytes, "CPUQuota": service.cpu}
    pairs = (f"{name}={value}" for name, value in spec.env.items())
    return _UNIT.format(
        app=spec.app,
        user=spec.facts.user,
        cwd=spec.cwd.replace("%", "%%"),
        environment="\n".join(f"Environment={_environment(pair)}" for pair in pairs),
        secrets=spec.secrets.replace("%", "%%"),
        command=" ".join(map(quoted, spec.argv)),
        restart=service.restart,
        restart_seconds=service.restart_seconds,
        stop_seconds=service.stop_seconds,
        limits="".join(f"{name}={value}\n" for name, value in limits.items() if value is not None),
    )


def _environment(pair: str) -> str:
    return '"' + pair.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"') + '"'


def debug_text(spec: Spec) -> str:
    """Return what turns a unit into the same under a debugger, until the next boot at most."""
    lines = [f"Environment={_environment(f'{name}={value}')}" for name, value in spec.env.items()]
    command = f"ExecStart=\nExecStart={' '.join(map(quoted, spec.argv))}"
    return "\n".join(["[Service]", *lines, command, ""])


async def install(work: Work, spec: Spec) -> str:
    """Make the program a service that runs now and after each boot, and return its unit's name.

    Raises:
        BoardUnfit: the board has no systemd, or does not let us become root.
    """
    await must_have_systemd(work.link, spec)
    await put(work.link, spec.app, unit_text(spec))
    return unit_name(spec.app)


async def put(link: Link, app: str, text: str) -> None:
    """Make this the unit of an app, and start it anew, now and after each boot."""
    name = unit_name(app)
    await _root(link, _INSTALL, f"{FOLDER}/{name}", name, stdin=text, shown=f"starting {name}")


async def remove(link: Link, app: str) -> None:
    """Stop the service and remove its unit; the files and the secrets stay."""
    name = unit_name(app)
    await _root(link, _REMOVE, f"{FOLDER}/{name}", name, shown=f"removing {name}")


async def is_installed(link: Link, app: str) -> bool:
    """Whether the project is a service on the board."""
    return not (await link.run(f"test -e {FOLDER}/{unit_name(app)}")).exit_status


async def restart_if_installed(work: Work) -> bool:
    """Start the project's service anew where it is one, and return whether it is."""
    if not await is_installed(work.link, work.project.name):
        return False
    name, version = unit_name(work.project.name), str(work.session.version)
    await _root(work.link, _ANEW, f"{FOLDER}/{name}", name, version, shown="starting it anew")
    return True


async def must_have_systemd(link: Link, spec: Spec) -> None:
    """Raise what says why a board can have no services of ours.

    Raises:
        BoardUnfit: no systemd, or no sudo.
    """
    if spec.facts.systemd:
        return
    name = link.board.name
    if (await link.run("test -d /run/systemd/system")).exit_status:
        raise BoardUnfit(name, "a service needs systemd, which does not run there", "helio board run runs it")
    advice = f"helio board doctor {name} tells how to allow it"
    raise BoardUnfit(name, "a service needs sudo without a password", advice)


async def _root(link: Link, script: str, *arguments: str, stdin: str = "", shown: str) -> None:
    sudo = "" if link.board.user == "root" else "sudo -n "
    command = f"{sudo}sh -c {shlex.quote(script)} sh {shlex.join(arguments)}"
    await link.check(command, stdin=stdin.encode(), shown=shown)
