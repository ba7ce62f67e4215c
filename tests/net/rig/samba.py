"""A Samba on the laptop that shares one folder, for as long as a test wants it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.net.rig.lan import DIES_WITH_US, LAPTOP, wait_until

DOMAIN: Final = "SCHOOL"
USER: Final = "anna"
_SETTINGS: Final = """\
[global]
workgroup = {domain}
server role = standalone server
server min protocol = SMB3_11
interfaces = {address}/24
bind interfaces only = yes
smb ports = 445
disable netbios = yes
load printers = no
disable spoolss = yes
username map = {own}/users
log file = {own}/log
private dir = {own}
lock directory = {own}
state directory = {own}
cache directory = {own}
pid directory = {own}
ncalrpc dir = {own}/rpc
[course]
path = {folder}
read only = no
force user = root
"""


@contextmanager
def shared(folder: Path, password: str) -> Iterator[str]:
    """Share a folder as ``//laptop/course``; this thread must be inside the network of the rig."""
    with tempfile.TemporaryDirectory(prefix="smb", ignore_cleanup_errors=True) as made:
        own = Path(made)  # a short name: sockets are in it
        settings = own / "smb.conf"
        settings.write_text(_SETTINGS.format(domain=DOMAIN, address=LAPTOP, own=own, folder=folder))
        (own / "users").write_text(f"nobody = {USER}\n")  # who is known to this machine without being made
        subprocess.run(
            ["smbpasswd", "-c", str(settings), "-s", "-a", "nobody"],
            input=f"{password}\n{password}\n",
            text=True,
            check=True,
            capture_output=True,
        )
        command = [*DIES_WITH_US, "smbd", "--foreground", "-s", str(settings)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                wait_until(_answers, "the laptop's Samba answers")
                yield f"//{LAPTOP}/course"
            finally:
                server.terminate()


def _answers() -> bool:
    ask = f"exec 3<>/dev/tcp/{LAPTOP}/445"
    done = subprocess.run(["timeout", "2", "bash", "-c", ask], capture_output=True, check=False)
    return done.returncode == 0
