"""Single keys from the terminal while something else goes on, on Linux, macOS and Windows."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

_LOOK_SECONDS: Final = 0.05
_WAITING: Final = 64
_END: Final = "\x04"
"""Ctrl-D, which ends input."""


async def keys(stdin: Any = None) -> AsyncIterator[str]:
    """Yield each key as it is pressed; end where input ends. Without a terminal none ever comes."""
    source = sys.stdin if stdin is None else stdin
    if not source.isatty():
        await asyncio.Event().wait()
    if sys.platform == "win32":
        import msvcrt

        async for key in windows_keys(msvcrt.kbhit, msvcrt.getwch):
            yield key
    else:
        async for key in _posix_keys(source.fileno()):
            yield key


async def windows_keys(pressed: Callable[[], int | bool], read: Callable[[], str]) -> AsyncIterator[str]:
    """Yield the keys of a Windows console, which must be asked again and again."""
    while True:
        while pressed():
            key = read()
            if key in ("\x00", "\xe0"):  # a function key: its code follows
                read()
                continue
            if key == "\x03":
                raise KeyboardInterrupt
            yield key
        await asyncio.sleep(_LOOK_SECONDS)


async def _posix_keys(descriptor: int) -> AsyncIterator[str]:
    import os

    loop = asyncio.get_running_loop()
    pressed: asyncio.Queue[str] = asyncio.Queue(maxsize=_WAITING)

    def take() -> None:
        came = os.read(descriptor, 64).decode(errors="replace")
        for key in came or _END:
            with suppress(asyncio.QueueFull):  # nobody means so many keys at once
                pressed.put_nowait(key)
        if not came:
            loop.remove_reader(descriptor)

    with _without_line_mode(descriptor):
        loop.add_reader(descriptor, take)
        try:
            while (key := await pressed.get()) != _END:
                yield key
        finally:
            loop.remove_reader(descriptor)


@contextmanager
def _without_line_mode(descriptor: int) -> Iterator[None]:
    if sys.platform != "win32":
        import termios
        import tty

        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor)
        try:
            yield
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
