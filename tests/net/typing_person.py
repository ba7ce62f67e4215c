"""A person at a terminal: types what a command asks for, and reads what it shows."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self


class Terminal:
    """A command in a terminal of its own.

    Args:
        command: its words.
        answers: what is typed where the text so far ends in a pattern; Enter comes by itself.
        env: its variables.
        where: its folder.
    """

    def __init__(
        self, command: Sequence[str], answers: Mapping[str, str], *, env: Mapping[str, str], where: Path
    ) -> None:
        self.shown = ""
        self._answers = answers
        self._answered = 0
        self._ours, theirs = pty.openpty()
        # What a shell starts in the background ignores Ctrl-C, and so would all that it starts here.
        command = ["env", "--default-signal=INT", *command]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=where, start_new_session=True
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(120)
        os.close(self._ours)

    def until(self, text: str, within: float = 120.0) -> None:
        """Read, and answer, until this text is shown."""
        deadline = time.monotonic() + within
        while not re.search(text, self.shown):
            assert self._read(deadline), f"{text!r} was not shown:\n{self.shown}"

    def type(self, text: str) -> None:
        """Type it, with Enter."""
        os.write(self._ours, f"{text}\n".encode())

    def ended(self, within: float = 400.0) -> int:
        """Read, and answer, until the command has ended; returns its exit status."""
        deadline = time.monotonic() + within
        while self._read(deadline):
            continue
        return self.process.wait(120)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"it says nothing more:\n{self.shown}"
        try:
            data = os.read(self._ours, 4096)
        except OSError:  # what Linux says when nobody has the other end any more
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        for pattern, answer in self._answers.items():
            rest = self.shown[self._answered :]
            if re.search(f"{pattern}$", rest):
                self._answered = len(self.shown)
                self.type(answer)
        return bool(data)
