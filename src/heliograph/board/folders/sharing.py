"""A folder of the laptop on a board: by SFTP through the open connection, or an SMB share of anybody's."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncssh

from heliograph.board.faults import told_of_link
from heliograph.board.running.runner import Output, Runner, open_runner
from heliograph.board.running.spec import shell_spec
from heliograph.board.ssh import LOOPBACK, Link
from heliograph.board.sync.session import Facts
from heliograph.errors import BoardUnfit, ConfigError, RemoteCommandFailed

_SHARE: Final = re.compile(r"//([^/\s,]+)/([^,\n]+)")

# $1 is the place to mount at, $2 the port; key and host key come on standard input, divided by an empty line.
# Both live in memory where there is such a place, and are gone when sshfs has read them.
_MOUNT: Final = """\
set -e
umask 077
command -v sshfs >/dev/null || exit 69
mkdir -p "$1"
kept=$(mktemp -d "${XDG_RUNTIME_DIR:-/dev/shm}/helio-XXXXXX" 2>/dev/null || mktemp -d)
trap 'rm -rf "$kept"' EXIT
while read -r line && [ -n "$line" ]; do printf '%s\\n' "$line"; done > "$kept/key"
read -r hostkey
printf '[127.0.0.1]:%s %s\\n' "$2" "$hostkey" > "$kept/known"
fusermount -uz "$1" 2>/dev/null || fusermount3 -uz "$1" 2>/dev/null || true
sshfs -f -p "$2" "laptop@127.0.0.1:/" "$1" -o "IdentityFile=$kept/key" -o "UserKnownHostsFile=$kept/known" \\
  -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o BatchMode=yes -o ServerAliveInterval=5 </dev/null &
child=$!
trap 'kill $child 2>/dev/null; wait $child; rm -rf "$kept"; rmdir "$1" 2>/dev/null; exit 0' TERM INT HUP
for _try in $(seq 100); do
  if grep -qsF " $1 fuse.sshfs " /proc/mounts; then echo mounted; break; fi
  kill -0 $child 2>/dev/null || break
  sleep 0.1
done
wait $child
"""


class SharedFolder(asyncssh.SFTPServer):
    """Serves one folder, and nothing that a link in it leads to elsewhere."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path) -> None:
        self._root = os.fsencode(os.path.realpath(root))
        super().__init__(channel, chroot=self._root)

    def map_path(self, path: bytes) -> bytes:
        """Return where a path is here. What is a link may be named, and not followed out of the folder."""
        mapped: bytes = super().map_path(path)
        self._check(os.path.realpath(os.path.dirname(mapped)) if mapped != self._root else mapped)
        return mapped

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        """Open a file inside."""
        self._check(os.path.realpath(self.map_path(path)))
        return super().open(path, pflags, attrs)

    def stat(self, path: bytes) -> Any:
        """Return what is known of a file inside."""
        self._check(os.path.realpath(self.map_path(path)))
        return super().stat(path)

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> Any:
        """Change what is known of a file inside."""
        self._check(os.path.realpath(self.map_path(path)))
        return super().setstat(path, attrs)

    def _check(self, real: bytes) -> None:
        if real != self._root and not real.startswith(os.path.join(self._root, b"")):
            raise asyncssh.SFTPPermissionDenied("outside of the shared folder")


class _Guest(asyncssh.SSHServer):
    """Lets in who has the key that was made for this mount, and gives files only."""

    def begin_auth(self, username: str) -> bool:
        del username
        return True


@asynccontextmanager
async def mounted(link: Link, folder: Path, place: str, output: Output) -> AsyncIterator[Runner]:
    """Mount a folder of the laptop on the board with sshfs; it is unmounted with the block, or with the link.

    Nothing listens on the laptop, and on the board only loopback does, for a key made for this once.

    Raises:
        BoardUnfit: there is no sshfs on the board.
    """
    if (await link.run("command -v sshfs")).exit_status:
        advice = f"helio board pkg install {link.board.name} sshfs, or helio board sync instead"
        raise BoardUnfit(link.board.name, "there is no sshfs on it", advice)
    key, host_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    with told_of_link(link.board):
        acceptor = await link.connection.listen_ssh(
            LOOPBACK,
            0,
            server_factory=_Guest,
            server_host_keys=[host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(key.export_public_key().decode()),
            sftp_factory=lambda channel: SharedFolder(channel, folder),
            allow_scp=False,
            encoding=None,
        )
    try:
        port = str(acceptor.get_port())
        async with open_runner(link, output) as runner:
            await runner.start(shell_spec(_MOUNT, place, port), stdin=True)
            public = host_key.export_public_key().decode().strip()
            await runner.type(key.export_private_key().strip() + b"\n\n" + public.encode() + b"\n")
            yield runner
    finally:
        acceptor.close()


def cifs_command(share: str, place: str, facts: Facts, *, domain: str | None, credentials: str) -> str:
    """Return the command that mounts an SMB share on a board, for who logged in there.

    Raises:
        ConfigError: the share is not written as ``//laptop/folder``.
    """
    if not _SHARE.fullmatch(share):
        raise ConfigError(f"a share is written as //laptop/folder, {share!r} came")
    options = [
        f"credentials={credentials}",
        *([f"domain={domain}"] if domain else []),
        "vers=3.11",
        f"uid={facts.user}",
        f"gid={facts.user}",
        "iocharset=utf8",
    ]
    return shlex.join([*facts.sudo, "mount", "-t", "cifs", share, place, "-o", ",".join(options)])


async def mount_share(
    link: Link, command: str, place: str, credentials: str, *, user: str, password: str
) -> None:
    """Write the credentials into a file of mode 0600 on the board, and run what mounts the share.

    Where that fails the file is removed again.

    Raises:
        BoardUnfit: there is no mount.cifs on the board.
        RemoteCommandFailed: the share cannot be mounted.
    """
    if (await link.run("PATH=$PATH:/sbin:/usr/sbin command -v mount.cifs")).exit_status:
        advice = f"helio board pkg install {link.board.name} cifs-utils; it would run: {command}"
        raise BoardUnfit(link.board.name, "there is no mount.cifs on it", advice)
    if "\n" in user + password:
        raise ConfigError("user and password of a share have no line breaks")
    script = 'umask 077; mkdir -p "$1" "${0%/*}"; cat > "$0"'
    text = f"username={user}\npassword={password}\n"
    prepare = f"sh -c {shlex.quote(script)} {shlex.quote(credentials)} {shlex.quote(place)}"
    await link.check(prepare, stdin=text.encode(), shown="writing the credentials")
    try:
        await link.check(command, shown=command)
    except RemoteCommandFailed:
        await link.run(f"rm -f {shlex.quote(credentials)}; rmdir {shlex.quote(place)}")
        raise
