"""What can go wrong on the way to a board, in sentences that say what to do next."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import asyncssh

from heliograph.board.inventory import Board
from heliograph.errors import BoardError, BoardUnreachable, LoginRefused

_NOBODY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.ETIMEDOUT)
_LOST = "the connection broke"


@contextmanager
def told_of_connecting(board: Board, *, by_password: bool, seconds: float) -> Iterator[None]:
    """Turn what the SSH library and the sockets raise while connecting into our own errors.

    Raises:
        BoardUnreachable: nobody answers there, or not with SSH.
        LoginRefused: the login is wrong.
    """
    place = f"{board.host}:{board.port}"
    try:
        yield
    except TimeoutError as error:
        raise _unreachable(board, f"no answer from {place} within {seconds:g} s") from error
    except socket.gaierror as error:
        reason = f"no address is known for {board.host!r}"
        raise _unreachable(board, reason) from error
    except ConnectionRefusedError as error:
        reason = (
            f"{place} answers, but SSH is not on there; helio board prepare switches it on on a card,"
            " sudo systemctl enable --now ssh on the board itself"
        )
        raise BoardUnreachable(board.name, reason) from error
    except asyncssh.PermissionDenied as error:
        raise LoginRefused(board.name, _refusal(board, by_password=by_password)) from error
    except asyncssh.PasswordChangeRequired as error:
        reason = f"the password of {board.user} has expired; log in once with ssh and choose another"
        raise LoginRefused(board.name, reason) from error
    except (asyncssh.ConnectionLost, ConnectionError) as error:
        reason = f"{place} closed the connection before the login; too many logins at once, or no SSH server"
        raise BoardUnreachable(board.name, reason) from error
    except asyncssh.Error as error:
        raise BoardUnreachable(board.name, f"{place} does not speak SSH as we do: {error}") from error
    except OSError as error:
        if error.errno in _NOBODY:
            raise _unreachable(board, f"nobody answers at {place}") from error
        raise BoardUnreachable(board.name, f"{place}: {error.strerror or error}") from error


@contextmanager
def told_of_link(board: Board) -> Iterator[None]:
    """Turn what the SSH library raises on a connection that had been open into our own errors.

    Raises:
        BoardUnreachable: the connection is gone.
        BoardError: the board does not do what was asked.
    """
    try:
        yield
    except (asyncssh.ConnectionLost, asyncssh.DisconnectError, ConnectionError) as error:
        raise BoardUnreachable(board.name, f"{_LOST}: {error}" if str(error) else _LOST) from error
    except asyncssh.ChannelOpenError as error:
        if "closed" in str(error).lower():
            raise BoardUnreachable(board.name, _LOST) from error
        raise BoardError(board.name, f"the board refuses a channel: {error}") from error
    except asyncssh.ChannelListenError as error:
        raise BoardError(board.name, f"the board does not let us listen there: {error}") from error
    except asyncssh.SFTPError as error:
        raise BoardError(board.name, f"SFTP: {error}") from error


def _unreachable(board: Board, reason: str) -> BoardUnreachable:
    advice = "is it on, and in this network? helio board find looks for it"
    return BoardUnreachable(board.name, f"{reason}; {advice}")


def _refusal(board: Board, *, by_password: bool) -> str:
    if by_password:
        return f"it refuses this password for {board.user}; ask again, or name another user with --user"
    return (
        f"it refuses our key for {board.user}; the board does not know it (any more):"
        f" helio board trust {board.name} installs it anew"
    )
