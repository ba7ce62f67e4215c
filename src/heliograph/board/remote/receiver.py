"""The board's end of a sync: lines of JSON come in, each is answered by one, ``blob`` aside."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from typing import BinaryIO, List, Tuple

from heliograph.board.remote.contents import Answer, Files, Problem
from heliograph.board.remote.place import App


class Receiver:
    """Answers the laptop until it goes."""

    def __init__(self, stdin: BinaryIO, stdout: BinaryIO) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.app: App = None  # type: ignore[assignment]  # the first request is always open
        self.problem: Exception | None = None
        self.compared: Tuple[str, Files, Answer] = ("", {}, {})

    def serve(self) -> None:
        while True:
            line = self.stdin.readline()
            if not line.endswith(b"\n"):
                return
            request = json.loads(line.decode())
            try:
                answer = getattr(self, "do_" + request.pop("do"))(**request)
            except Problem as problem:
                answer = problem.facts
            except OSError as error:
                full = error.errno in (errno.ENOSPC, errno.EDQUOT)
                answer = {"error": "full" if full else "write", "text": str(error)}
            if answer is not None:
                self.stdout.write(json.dumps(answer).encode() + b"\n")
                self.stdout.flush()

    def do_open(self, app: str, folder: str | None) -> Answer:
        base = os.path.join(os.path.expanduser("~"), ".heliograph", "apps", app)
        root = os.path.expanduser(folder) if folder else os.path.join(base, "src")
        self.app = App(base, root)
        state = self.app.state
        return {"base": base, "root": root, "token": state["token"], "version": state["version"]}

    def do_facts(self, python: str) -> Answer:
        """What a run needs to know of the board."""
        systemd = os.path.isdir("/run/systemd/system")
        sudo: List[str] = [] if os.geteuid() == 0 else ["sudo", "-n"]
        if systemd and sudo:
            null = subprocess.DEVNULL
            try:
                systemd = subprocess.call([*sudo, "true"], stdin=null, stdout=null, stderr=null) == 0
            except OSError:
                systemd = False
        return {
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "systemd": systemd,
            "sudo": sudo,
            "python": shutil.which(python) or "",
            "version": list(sys.version_info[:2]),
            "machine": os.uname().machine,
            "environment": os.path.exists(os.path.join(self.app.base, "venv", "bin", "python")),
        }

    def do_compare(self, files: Files, checksum: bool) -> Answer:
        answer = self.app.compare(files, checksum)
        self.compared = (self.app.state["token"], files, answer)
        return dict(answer, send=self.app.missing())

    def do_blob(self, digest: str, offset: int) -> None:
        try:
            self.app.receive(digest, offset, self.stdin)
        except (Problem, OSError) as problem:
            self.problem = self.problem or problem

    def do_commit(self, keep: bool) -> Answer:
        """Put in place what was compared last, as it was compared unless somebody else was there since."""

        def commit() -> Answer:
            token, files, answer = self.compared
            same = token and token == self.app.state["token"]
            return self.app.commit(files, keep, compared=answer if same else None)

        return self.locked(commit)

    def do_patch(self, base: str, changed: Files, gone: list[str]) -> Answer:
        def patch() -> Answer:
            files = {name: entry[:4] for name, entry in self.app.state["files"].items()}
            if base != self.app.state["token"] or not base:
                raise Problem("base", "something else was put there since")
            for name in gone:
                files.pop(name, None)
            files.update(changed)
            return self.app.commit(files, False, only={*changed, *gone})

        return self.locked(patch)

    def do_releases(self) -> Answer:
        return self.app.listed()

    def do_rollback(self, version: int | None) -> Answer:
        return self.locked(lambda: self.app.rollback(version))

    def locked(self, work: Callable[[], Answer]) -> Answer:
        """One commit at a time; another laptop's is waited for, and then seen."""
        problem, self.problem = self.problem, None
        if problem is not None:
            raise problem
        with open(os.path.join(self.app.base, "lock"), "w") as lock:
            for _attempt in range(100):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                raise Problem("busy", "another sync has been at work for ten seconds")
            self.app.load()
            return work()


if __name__ == "__main__":
    try:
        Receiver(sys.stdin.buffer, sys.stdout.buffer).serve()
    except (EOFError, BrokenPipeError):  # the link is gone; what has come stays for the next time
        pass
