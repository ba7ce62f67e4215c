"""The roles ``samba`` and ``xrdp``: the board's home folder in the network, and its desktop through SSH."""

from __future__ import annotations

from typing import Final

from heliograph.board.setup.context import Context
from heliograph.board.setup.steps import KEPT, Step, file, no_file, no_packages, packages, service

_SHARE: Final = "/etc/samba/heliograph.conf"
_INCLUDE: Final = f"include = {_SHARE}"
_SMB: Final = "/etc/samba/smb.conf"
_XRDP: Final = "/etc/xrdp/xrdp.ini"
_XRDP_UNIT: Final = "xrdp.service"
_LOOPBACK: Final = "port=tcp://127.0.0.1:3389"


def samba_steps(context: Context) -> list[Step]:
    """Return what shares the user's home folder; whoever logs in needs the password that was asked for."""
    user = context.board.user
    share = (
        "# Written by helio board setup.\n"
        f"[{user}]\n   comment = the home folder of {user}\n   path = %H\n"
        f"   valid users = {user}\n   read only = no\n   create mask = 0644\n   directory mask = 0755\n"
    )
    password = context.secrets.get("password", "")
    # printf is the shell's own, so that no process list shows the password.
    lines = "'" + password.replace("'", "'\\''") + "'"
    return [
        packages("samba"),
        file(_SHARE, share),
        Step(
            "the share is part of Samba",
            f"grep -qxF '{_INCLUDE}' {_SMB}",
            f"printf '\\n%s\\n' '{_INCLUDE}' >> {_SMB}\ntestparm -s >/dev/null",
            f"echo 'add to {_SMB}: {_INCLUDE}'",
        ),
        Step(
            f"{user} may log in",
            f"pdbedit -L | grep -q '^{user}:'",
            f"printf '%s\\n%s\\n' {lines} {lines} | smbpasswd -s -a {user}",
            f"echo 'a password of Samba for {user}'",
        ),
        service("smbd.service", share),
    ]


def samba_removal() -> list[Step]:
    """Return what takes all of it away again."""
    gone = [
        no_packages("samba", "samba-common", "samba-common-bin"),
        no_file("/etc/samba"),
        no_file("/var/lib/samba"),
    ]
    return [*gone, no_file(f"{KEPT}/smbd.service.loaded")]


def xrdp_steps(context: Context) -> list[Step]:
    """Return what lets a remote desktop in, on the board's loopback only: it is reached by SSH."""
    del context
    # Debian starts it as soon as it is there, for the whole network: it may start once it is bound.
    closed = f"grep -qxF '{_LOOPBACK}' {_XRDP}"
    return [
        Step(
            "xrdp is started on loopback only",
            f'{closed} || [ "$(systemctl is-enabled {_XRDP_UNIT})" = masked ]',
            f"systemctl -q mask {_XRDP_UNIT}\nsystemctl -q stop {_XRDP_UNIT} || true",
            f"echo 'no start of {_XRDP_UNIT} before {_XRDP} says so'",
        ),
        packages("xrdp", "xorgxrdp"),
        Step(
            "xrdp listens on loopback only",
            closed,
            # The first line that begins so is the one of the server; sessions have others.
            f"sed -i '0,/^port=.*/s||{_LOOPBACK}|' {_XRDP}",
            f"echo '{_XRDP}: {_LOOPBACK}'",
        ),
        Step(
            "xrdp may read its certificate",
            "id -nG xrdp | grep -qw ssl-cert || ! getent group ssl-cert",
            "adduser --quiet xrdp ssl-cert",
            "echo 'the user xrdp joins ssl-cert'",
        ),
        Step(
            "xrdp may start",
            f'[ "$(systemctl is-enabled {_XRDP_UNIT})" != masked ]',
            f"systemctl -q unmask {_XRDP_UNIT}",
            f"echo unmask {_XRDP_UNIT}",
        ),
        service(_XRDP_UNIT, _LOOPBACK),
    ]


def xrdp_removal() -> list[Step]:
    """Return what takes all of it away again."""
    return [
        no_packages("xrdp", "xorgxrdp"),
        no_file("/etc/xrdp"),
        no_file(f"/etc/systemd/system/{_XRDP_UNIT}"),  # the mask that a run left which was cut off
        no_file(f"{KEPT}/{_XRDP_UNIT}.loaded"),
    ]
