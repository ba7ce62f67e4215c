"""The data folder: who owns it, what stands where, and its secrets."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from heliograph.errors import HomeLocked


class Home:
    """The paths below one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalog = folder / "catalog.db"
        self.token = folder / "operator.token"
        self.nats = folder / "nats"
        self.mosquitto = folder / "mosquitto"
        self.segments = folder / "segments"
        self.rollups = folder / "rollups"
        self.scratch = folder / "tmp"
        self.dashboards = folder / "dashboards"
        self.tls = folder / "tls"
        self.rules = folder / "rules"
        self.spool = folder / "spool" / "hub"
        """Of this machine's own agent."""
        self.run_file = folder / "run.json"
        self._lock_file = folder / "hub.lock"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Own the folder for the block; the operating system gives it back even after kill -9.

        Raises:
            HomeLocked: another hub has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.nats, self.segments, self.rollups, self.scratch):
            folder.mkdir(exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = file.read().strip()
                raise HomeLocked(self.folder, int(holder) if holder.isdigit() else None) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def clear_scratch(self) -> None:
        """Remove what an interrupted query left."""
        for left_over in self.scratch.iterdir():
            shutil.rmtree(left_over, ignore_errors=True)

    def password(self, name: str) -> str:
        """Return a generated password, the same one at each start, readable by its owner only."""
        path = self.nats / f"{name}.password"
        with contextlib.suppress(FileNotFoundError):
            known = path.read_text()
            if known:
                return known
            path.unlink()  # a crash came between making the file and writing it
        password = secrets.token_urlsafe(24)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)
        return password

    def announce(self, facts: Mapping[str, Any]) -> None:
        """Write ``run.json`` anew."""
        temporary = self.run_file.with_suffix(".tmp")
        temporary.write_text(json.dumps(facts))
        temporary.replace(self.run_file)

    @contextlib.contextmanager
    def announced(self, facts: Mapping[str, Any]) -> Iterator[None]:
        """Say in ``run.json`` where the running hub is reached, for as long as the block lasts."""
        self.announce(facts)
        try:
            yield
        finally:
            self.run_file.unlink(missing_ok=True)
