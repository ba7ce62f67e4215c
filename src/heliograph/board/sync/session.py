"""A conversation with the receiver on a board: compare, send what is missing, commit."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncssh

from heliograph.board.code.manifest import Manifest, Scan
from heliograph.board.faults import told_of_link
from heliograph.board.remote.sources import BOOT, sent, source
from heliograph.board.ssh import Link
from heliograph.errors import BoardError, BoardUnfit, BoardUnreachable

ANSWER_SECONDS: Final = 60.0
"""How long the board may think about one question: it reads files to know what is in them."""
_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sync would do on a board, by path."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    edited: tuple[str, ...]
    """Of those: what somebody changed or put there on the board. A sync sets them aside."""
    same: int
    send: tuple[tuple[str, int, int], ...]
    """Contents to send: digest, how many bytes are there already, size."""

    @property
    def send_bytes(self) -> int:
        """How much would be sent."""
        return sum(size - have for _digest, have, size in self.send)

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return bool(self.new or self.changed or self.gone)


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did."""

    written: int
    deleted: int
    sent_bytes: int
    version: int
    aside: tuple[str, ...] = ()
    """Where on the board lies what somebody had changed there."""

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.written or self.deleted)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run needs to know of a board."""

    user: str
    systemd: bool
    """Whether units can be started there by us."""
    sudo: tuple[str, ...]
    """What stands before a command for root; nothing if that is who we are."""
    python: str
    """The board's own interpreter."""
    environment: str | None
    """The interpreter of the app's environment, where there is one."""
    version: tuple[int, int]
    machine: str


class Torn(BoardError):
    """A file went on changing while it was sent."""

    retry = True


class Moved(BoardError):
    """Somebody else has synced to the same place since; compare again."""

    retry = True


class Session:
    """The receiver of one app on one board. Made by :func:`open_session`."""

    def __init__(
        self, link: Link, process: asyncssh.SSHClientProcess[bytes], python: str, program: bytes
    ) -> None:
        self.link = link
        self.base = ""
        """The app's folder on the board: environment, releases, what was set aside."""
        self.root = ""
        """Where the project's files are on the board."""
        self.version = 0
        self._python = python
        self._process = process
        self._token = ""
        self._waiting = bytearray(program)

    async def open(self, app: str, folder: str | None) -> None:
        """Say which app; its folders are made where they are not there."""
        opened = await self._ask({"do": "open", "app": app, "folder": folder})
        self.base, self.root, self.version = opened["base"], opened["root"], opened["version"]

    async def facts(self, python: str) -> Facts:
        """Return what a run needs to know of the board.

        Raises:
            BoardUnfit: it has not the interpreter that the project wants.
        """
        answer = await self._ask({"do": "facts", "python": python})
        if not answer["python"]:
            advice = f"install it there, or name another one in board.toml: python = {self._python!r}"
            raise BoardUnfit(self.link.board.name, f"there is no {python} on it", advice)
        return Facts(
            user=answer["user"],
            systemd=answer["systemd"],
            sudo=tuple(answer["sudo"]),
            python=answer["python"],
            environment=f"{self.base}/venv/bin/python" if answer["environment"] else None,
            version=(answer["version"][0], answer["version"][1]),
            machine=answer["machine"],
        )

    async def compare(self, files: Manifest, *, checksum: bool = False) -> Preview:
        """Return what a commit of these files would do. Nothing changes.

        Raises:
            BoardUnfit: the board has not the space for it.
        """
        answer = await self._ask({"do": "compare", "files": _wire(files), "checksum": checksum})
        return Preview(
            tuple(answer["new"]),
            tuple(answer["changed"]),
            tuple(answer["gone"]),
            tuple(answer["edited"]),
            answer["same"],
            tuple((digest, have, size) for digest, have, size in answer["send"]),
        )

    async def send(
        self, scan: Scan, contents: Iterable[tuple[str, int]], told: Callable[[int], None] = lambda _: None
    ) -> int:
        """Send contents, each from where the board has it, and return how many bytes that were.

        On cancellation or a cut link what has come stays on the board, unseen, for the next time.
        """
        names = scan.by_digest()
        total = 0
        for digest, offset in contents:
            self._write({"do": "blob", "digest": digest, "offset": offset})
            total += await self._send_file(scan.path(names[digest]), offset, told)
        return total

    async def commit(self, *, keep: bool) -> Synced:
        """Make the board's folder hold the files compared last, all at once after all have come.

        ``keep`` makes it a version of its own, to which ``rollback`` can return.
        """
        return self._synced(await self._ask({"do": "commit", "keep": keep}), 0)

    async def patch(self, scan: Scan, changed: Manifest, gone: Iterable[str]) -> Synced:
        """Do the same for what has changed since the last commit of this session, in one round trip.

        Raises:
            Moved: another session has committed since.
        """
        contents = {entry.content: 0 for entry in changed.values() if entry.kind == "f"}
        sent_bytes = await self.send(scan, contents.items())
        request = {"do": "patch", "base": self._token, "changed": _wire(changed), "gone": list(gone)}
        return self._synced(await self._ask(request), sent_bytes)

    async def releases(self) -> tuple[int, list[tuple[int, float, int]]]:
        """Return the version in place, and of each kept one its number, its time and its count of files."""
        answer = await self._ask({"do": "releases"})
        return answer["version"], [(number, at, count) for number, at, count in answer["releases"]]

    async def rollback(self, version: int | None) -> Synced:
        """Put the version before, or a named one, in place again. What is there now is kept.

        Raises:
            BoardUnfit: there is none.
        """
        return self._synced(await self._ask({"do": "rollback", "version": version}), 0)

    def _synced(self, answer: dict[str, Any], sent_bytes: int) -> Synced:
        self._token = answer["token"]
        self.version = answer["version"]
        written = len(answer["new"]) + len(answer["changed"])
        return Synced(written, len(answer["gone"]), sent_bytes, self.version, tuple(answer.get("aside", ())))

    async def _send_file(self, path: Path, offset: int, told: Callable[[int], None]) -> int:
        total = 0
        try:
            with path.open("rb") as file:
                file.seek(offset)
                while chunk := file.read(_CHUNK_BYTES):
                    self._waiting += b"%d\n" % len(chunk) + chunk
                    if len(self._waiting) >= _CHUNK_BYTES:
                        await self._flush()
                    total += len(chunk)
                    told(len(chunk))
        except FileNotFoundError:  # gone since the scan: the board will find the digest wrong, and say so
            pass
        self._waiting += b"0\n"
        return total

    def _write(self, request: dict[str, Any]) -> None:
        self._waiting += json.dumps(request).encode() + b"\n"

    async def _flush(self) -> None:
        """Hand on what waits: many small files in few packets."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        with told_of_link(self.link.board):
            try:
                self._process.stdin.write(waiting)
                await self._process.stdin.drain()
            except BrokenPipeError as error:  # the program is gone, and maybe not the connection
                raise await self._ended() from error

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with told_of_link(self.link.board):
                self._write(request)
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._flush()
                    line = await self._process.stdout.readline()
        except TimeoutError as error:
            reason = f"no answer within {ANSWER_SECONDS:g} s"
            raise BoardUnreachable(self.link.board.name, reason) from error
        if not line.endswith(b"\n"):
            raise await self._ended()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise _refusal(self.link.board.name, answer)
        return answer

    async def _ended(self) -> BoardError:
        """Return why the receiver is gone."""
        name = self.link.board.name
        if self.link.is_closed:
            return BoardUnreachable(name, "the connection broke; what has come waits on the board")
        async with asyncio.timeout(ANSWER_SECONDS):
            said = (await self._process.stderr.read()).decode(errors="replace").strip()
            await self._process.wait_closed()
        if self._process.exit_status in (126, 127):
            advice = f"helio board pkg install {name} python3"
            return BoardUnfit(name, f"there is no {self._python} on it", advice)
        if not said and self._process.exit_status is None:
            return BoardUnreachable(name, "the connection broke; what has come waits on the board")
        last = said.splitlines()[-1] if said else f"exit status {self._process.exit_status}"
        return BoardError(name, f"its end of the sync stopped: {last}")


def _wire(files: Manifest) -> dict[str, list[str | int]]:
    return {name: entry.wire() for name, entry in files.items()}


def _refusal(board: str, answer: dict[str, Any]) -> BoardError:
    kind, text = answer["error"], answer["text"]
    if kind == "space":
        needed, free = answer["needed"] / 1e6, answer["free"] / 1e6
        reason = f"{needed:.1f} MB are needed and {free:.1f} MB free, nothing was changed"
        return BoardUnfit(board, reason, "make room, or let large files stay here: .boardignore")
    if kind == "full":
        return BoardUnfit(board, f"its disk is full ({text})", "make room, then the same again")
    if kind in ("torn", "missing"):
        return Torn(
            board, "files changed while they were sent; nothing was changed there, the same again helps"
        )
    if kind == "base":
        return Moved(board, text)
    if kind == "version":
        kept = ", ".join(str(one) for one in answer["kept"]) or "none"
        return BoardUnfit(board, text, f"kept are {kept}")
    return BoardError(board, text)


@asynccontextmanager
async def open_session(
    link: Link, app: str, *, folder: str | None = None, python: str = "python3"
) -> AsyncIterator[Session]:
    """Start the receiver on a board and speak with it; it ends with the block.

    Raises:
        BoardUnfit: there is no Python on the board, or one that is too old.
        BoardUnreachable: the connection broke.
    """
    async with link.process(f"{python} -I -S -X utf8 -c {shlex.quote(BOOT)}") as process:
        session = Session(link, process, python, sent(source("contents", "place", "receiver")))
        await session.open(app, folder)
        yield session
