"""Standard input while something else goes on: a pipe, a file or a terminal, on every system."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Final

_READ_BYTES: Final = 16 * 1024
_AHEAD: Final = 4


async def typed(read: Callable[[], bytes] | None = None) -> AsyncIterator[bytes]:
    """Yield what comes on standard input as it comes; at last, at its end, nothing.

    A thread reads it, since a console of Windows can be read in no other way. It is one that a program's end
    does not wait for.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue(maxsize=_AHEAD)
    places = threading.Semaphore(_AHEAD)
    source = read or _standard_input()

    def pump() -> None:
        while True:
            places.acquire()
            try:
                came = source()
            except OSError:  # a terminal that is gone
                came = b""
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(arrived.put_nowait, came)
            if not came:
                return

    threading.Thread(target=pump, name="standard-input", daemon=True).start()
    while True:
        came = await arrived.get()
        places.release()
        yield came
        if not came:
            return


def _standard_input() -> Callable[[], bytes]:
    if sys.stdin is None:
        return lambda: b""
    # Not its buffer: an interpreter that ends cannot take the lock of that from the thread.
    descriptor = sys.stdin.fileno()
    return lambda: os.read(descriptor, _READ_BYTES)


def console_keys() -> Callable[[], bytes]:
    """Return what reads single keys: from a console of Windows one by one, with Ctrl-C among them."""
    if sys.platform == "win32":
        import msvcrt

        return lambda: msvcrt.getwch().encode()
    return _standard_input()


@contextmanager
def raw_terminal() -> Iterator[None]:
    """Let every key through as it is, Ctrl-C too; put the terminal right at the end."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin.fileno())
    tty.setraw(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)
