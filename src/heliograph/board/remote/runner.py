"""The board's end of a run: starts a program, ends it when the laptop goes, and starts it anew when told.

Frames come on standard input, one line of JSON each. The program's output goes straight to the SSH channel;
what this program itself has to say is put on standard error behind a mark that the laptop chose.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, Optional

from heliograph.board.remote.ports import LOOKS_SECONDS, free_port, listens

PORT = "{port}"
"""Stands in a command for a free port of loopback."""
_SET_SUBREAPER = 36

Spec = Dict[str, Any]


def read_secrets(path: str) -> Dict[str, str]:
    """The variables of a file for systemd's EnvironmentFile, in the form that we write it."""
    found = {}
    try:
        with open(path) as file:
            for line in file:
                name, equals, value = line.rstrip("\n").partition("=")
                if equals and not name.startswith("#"):
                    found[name] = "".join(shlex.split(value))
    except OSError:
        pass
    return found


def children() -> List[int]:
    """Those whose parent we are, or have become because their own ended."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            if parent == os.getpid():
                found.append(int(name))
    return found


class Program:
    """One start of the program."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.port = free_port() if any(PORT in word for word in spec["argv"]) else 0
        argv = [word.replace(PORT, str(self.port)) for word in spec["argv"]]
        env = dict(os.environ)
        env.update(spec["env"])
        if spec["secrets"] and not spec["unit"]:
            env.update(read_secrets(spec["secrets"]))
        if spec["unit"]:
            argv = self.in_unit(argv)
        self.process = subprocess.Popen(
            argv,
            cwd=spec["cwd"],
            env=env,
            stdin=subprocess.PIPE if spec["stdin"] else subprocess.DEVNULL,
            start_new_session=True,
            close_fds=True,
        )

    def in_unit(self, argv: List[str]) -> List[str]:
        """The command that runs it in a transient unit of systemd: nothing of it outlives the unit."""
        spec = self.spec
        asked = ["--quiet", "--pipe", "--wait", "--collect", "--unit=" + spec["unit"]]
        asked += ["--property=" + one for one in spec["properties"]]
        asked += ["--setenv=%s=%s" % pair for pair in spec["env"].items()]
        return [*spec["sudo"], "systemd-run", *asked, "--", *argv]

    def signal(self, name: str) -> None:
        number = getattr(signal, "SIG" + name)
        if self.spec["unit"]:
            self.systemctl("kill", "--signal=" + name)
        else:
            try:
                os.killpg(self.process.pid, number)
            except (ProcessLookupError, PermissionError):
                pass

    def systemctl(self, *words: str) -> None:
        command = [*self.spec["sudo"], "systemctl", *words, self.spec["unit"]]
        subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        """End it with all that it started: asked first, after some seconds made to."""
        if self.spec["unit"]:
            if self.process.poll() is None:
                self.systemctl("stop")
        else:
            if spec_closes(self.spec) and self.process.stdin:
                self.process.stdin.close()
            else:
                self.signal("TERM")
            self.wait(self.spec["grace"])
            self.signal("KILL")
            self.process.wait()
            end_children()
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except OSError:
                pass
        self.process.wait()

    def wait(self, seconds: float) -> None:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass


def spec_closes(spec: Spec) -> bool:
    """Whether the program is asked to end by the end of its input, for one that runs as root."""
    return bool(spec.get("closes"))


def end_children() -> None:
    """End what the program left behind, also what left its session: as their reaper we inherit them all."""
    for _generation in range(20):
        alive = children()
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ChildProcessError, ProcessLookupError, PermissionError):
                pass
        if not alive:
            return


class Runner:
    """Does what the frames say until the laptop is gone."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.program: Optional[Program] = None
        self.buffer = b""
        self.heard = time.monotonic()
        self.silence = 20.0
        self.listening = True
        self.status = 0
        self.ended = False

    def tell(self, **event: Any) -> None:
        os.write(2, ("\x1e%s %s\n" % (self.mark, json.dumps(event))).encode())

    def serve(self) -> int:
        while not self.ended:
            wait = 1.0 if self.program is None or self.listening else LOOKS_SECONDS
            if self.program is not None:
                wait = min(wait, LOOKS_SECONDS)
            readable = select.select([0], [], [], wait)[0]
            if readable:
                came = os.read(0, 65536)
                if not came:
                    break
                self.heard = time.monotonic()
                self.take(came)
            elif time.monotonic() - self.heard > self.silence:
                break
            self.look()
        if self.program is not None:
            self.program.stop()
        return self.status

    def take(self, came: bytes) -> None:
        *lines, self.buffer = (self.buffer + came).split(b"\n")
        for line in lines:
            frame = json.loads(line.decode())
            getattr(self, "do_" + frame.pop("do"))(**frame)

    def look(self) -> None:
        """Say what has become of the program."""
        program = self.program
        if program is None:
            return
        if not self.listening and listens(program.port):
            self.listening = True
            self.tell(listening=program.port)
        status = program.process.poll()
        if status is not None:
            program.stop()  # what it left behind
            self.program = None
            self.status = status if status >= 0 else 128 - status
            self.tell(ended=self.status)

    def do_start(self, **spec: Any) -> None:
        """Start, or start anew."""
        if self.program is not None:
            self.program.stop()
            self.program = None
        self.silence = spec["silence"]
        try:
            self.program = Program(spec)
        except OSError as error:
            self.status = 127
            self.tell(failed="%s: %s" % (spec["argv"][0], error.strerror))
            return
        self.listening = not self.program.port
        self.tell(started=self.program.process.pid, port=self.program.port)

    def do_stop(self) -> None:
        if self.program is not None:
            self.program.stop()
            self.program = None
        self.tell(ended=0)

    def do_signal(self, name: str) -> None:
        if self.program is not None:
            self.program.signal(name)

    def do_input(self, data: str) -> None:
        """Hand on what was typed; the laptop sends the next piece when this one is taken."""
        stdin = None if self.program is None else self.program.process.stdin
        if stdin is not None:
            try:
                if data:
                    stdin.write(base64.b64decode(data))
                    stdin.flush()
                else:
                    stdin.close()
            except OSError:
                pass
        self.tell(took=1)

    def do_beat(self) -> None:
        """Nothing but a sign of life."""

    def do_end(self) -> None:
        self.ended = True


if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    sys.exit(Runner(MARK).serve())  # type: ignore[name-defined]  # noqa: F821 - set by who sends this program
