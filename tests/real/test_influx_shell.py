"""The unmodified ``influx`` shell of InfluxDB 1.x prints for the hub what it prints for influxd."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.compatibility import covers
from tests.real.both_servers import Address, Pair, hub_and_influxd
from tests.real.test_influxd_oracle import INFLUXD

SHELL = shutil.which("influx")
ANSWER_TIMEOUT = 120.0
T = 1_790_000_000_000_000_000

pytestmark = [
    pytest.mark.skipif(
        INFLUXD is None or SHELL is None, reason="influxdb-client is not installed (make test installs it)"
    ),
]

LINES = "\n".join(
    f'cpu,host={host} usage={n}.5,cores={n}i,note="a ""b"", c",up={"ft"[n % 2]} {T + n * 10**9}'
    for host in ("a", "b c".replace(" ", "\\ "))
    for n in range(4)
).replace('""', '\\"')


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with hub_and_influxd(tmp_path_factory.mktemp("shell")) as pair:
        pair.fill("shell", LINES)
        pair.fill("many", "\n".join(f"m v={n}i {T + n}" for n in range(25_000)))
        yield pair


def command(server: Address, *arguments: str) -> list[str]:
    assert SHELL is not None
    login = ["-username", "any", "-password", server.token] if server.token else []
    return [SHELL, "-host", "127.0.0.1", "-port", str(server.port), *login, *arguments]


def environment(home: Path) -> dict[str, str]:
    """Without the caller's settings; the shell keeps a history in its home."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "LANG": "C.UTF-8"}


def printed(server: Address, home: Path, *arguments: str) -> tuple[int, str, str]:
    """Return exit status and both outputs of the shell for one command."""
    done = subprocess.run(
        command(server, *arguments),
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def assert_same(servers: Pair, home: Path, *arguments: str) -> str:
    """Return what the shell prints for both."""
    ours, theirs = (printed(server, home, *arguments) for server in servers)
    assert ours == theirs
    return ours[1] + ours[2]


QUESTIONS = (
    "SHOW DATABASES",
    "SELECT * FROM cpu",
    "SELECT mean(usage), max(cores) FROM cpu GROUP BY host",
    "SELECT count(*) FROM cpu WHERE time > 0 GROUP BY time(1s) fill(none) LIMIT 3",
    "SHOW FIELD KEYS; SHOW TAG VALUES WITH KEY = host",
    "SHOW RETENTION POLICIES",
    "SELECT nothing FROM cpu",
)


@covers("influx shell", "-execute with -format column, csv and json", "-pretty", "-database")
@pytest.mark.parametrize("form", [("column",), ("csv",), ("json",), ("json", "-pretty")])
@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_of_the_command_line(
    servers: Pair, tmp_path: Path, question: str, form: Sequence[str]
) -> None:
    assert assert_same(
        servers, tmp_path, "-database", "shell", "-execute", question, "-format", *form
    ) or question.startswith("SELECT nothing")


@covers("influx shell", "-precision rfc3339 and units")
@pytest.mark.parametrize("precision", ["rfc3339", "h", "m", "s", "ms", "u", "ns"])
def test_precisions(servers: Pair, tmp_path: Path, precision: str) -> None:
    arguments = ("-database", "shell", "-precision", precision, "-execute", "SELECT usage FROM cpu")
    told = assert_same(servers, tmp_path, *arguments)
    assert ("2026-09-21T14:13:21Z" in told) == (precision == "rfc3339")


@covers("influx shell", "error texts and the exit status")
@pytest.mark.parametrize(
    "question",
    [
        "SELECT",
        "SELECT v FROM nowhere..m",
        "SELECT foo(v) FROM cpu",
        "DROP SHARDS",
        "SELECT usage FROM cpu WHERE",
    ],
)
def test_errors(servers: Pair, tmp_path: Path, question: str) -> None:
    ours, theirs = (printed(s, tmp_path, "-database", "shell", "-execute", question) for s in servers)
    assert ours == theirs
    assert "ERR" in ours[1] + ours[2]


@covers("influx shell", "answers longer than a chunk")
def test_answers_of_several_chunks(servers: Pair, tmp_path: Path) -> None:
    arguments = ("-database", "many", "-format", "csv", "-execute", "SELECT v FROM m")
    told = assert_same(servers, tmp_path, *arguments).splitlines()
    values = [line.rpartition(",")[2] for line in told if line.startswith("m,")]
    assert values == [str(n) for n in range(25_000)]


@covers("influx shell", "-import of an exported file")
def test_an_exported_file_is_imported(servers: Pair, tmp_path: Path) -> None:
    file = tmp_path / "export.txt"
    lines = "\n".join(f"tank,site=a level={n} {n}" for n in range(1, 1_001))
    file.write_text(
        "# INFLUXDB EXPORT\n# DDL\nCREATE DATABASE imported WITH NAME autogen\n"
        f"# DML\n# CONTEXT-DATABASE: imported\n# CONTEXT-RETENTION-POLICY: autogen\n{lines}\n"
    )
    for server in servers:
        status, log, _ = printed(server, tmp_path, "-import", "-path", str(file), "-precision", "s")
        assert (status, "Failed 0 inserts" in log) == (0, True), log
    question = "SELECT count(level), sum(level) FROM tank"
    assert "500500" in assert_same(servers, tmp_path, "-database", "imported", "-execute", question)


class Terminal:
    """The shell in a pseudo-terminal."""

    def __init__(self, server: Address, home: Path) -> None:
        ours, theirs = pty.openpty()
        self._terminal = ours
        self._process = subprocess.Popen(
            command(server), env=environment(home), stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
        )
        os.close(theirs)

    def until_prompt(self) -> str:
        """Return what is printed up to the next prompt."""
        text, deadline = "", time.monotonic() + ANSWER_TIMEOUT
        while not re.search(r"(^|\n)> $", text):
            assert time.monotonic() < deadline, f"no prompt after {text!r}"
            if select.select([self._terminal], [], [], 0.2)[0]:
                text += os.read(self._terminal, 65_536).decode().replace("\r", "")
        return text.removesuffix("> ")

    def say(self, line: str) -> str:
        """Type a line and return what is printed for it, without the line itself."""
        os.write(self._terminal, f"{line}\n".encode())
        said = self.until_prompt().removeprefix(f"{line}\n")
        return said.replace("\n\n", "\n")  # influxd ends the errors of a write with an empty line

    def leave(self) -> int:
        """Type exit and return the status."""
        os.write(self._terminal, b"exit\n")
        try:
            return self._process.wait(ANSWER_TIMEOUT)
        finally:
            self._process.kill()
            os.close(self._terminal)


DIALOGUE = (
    "SHOW DATABASES",
    "INSERT lost v=1 1",
    "use nowhere",
    "use shell",
    "INSERT typed,by=hand v=1.5,n=2i 1790000000000000000",
    "INSERT typed",
    "INSERT INTO autogen typed,by=hand v=2.5 1790000001000000000",
    'INSERT typed,by=hand v="text" 1790000002000000000',
    "SELECT * FROM typed",
    "precision rfc3339",
    "SELECT * FROM typed",
    "format json",
    "SELECT v FROM typed",
    "pretty",
    "SELECT v FROM typed",
    "format csv",
    "chunk size 1",
    "SELECT usage FROM cpu GROUP BY host",
    "SELECT usage FROM",
    "DROP MEASUREMENT typed",
    "SHOW MEASUREMENTS",
)


@covers("influx shell", "interactively: use, INSERT, precision, format, pretty, chunk size")
def test_a_dialogue(servers: Pair, tmp_path: Path) -> None:
    dialogues = []
    for server in servers:
        terminal = Terminal(server, tmp_path)
        greeting = terminal.until_prompt()
        assert "Connected to" in greeting
        dialogues.append([(line, terminal.say(line)) for line in DIALOGUE])
        assert terminal.leave() == 0
    ours, theirs = dialogues
    assert [said for said in ours if said[0] != "INSERT typed"] == [
        said for said in theirs if said[0] != "INSERT typed"
    ]
    assert "missing fields: a tag or a space and a field were expected" in dict(ours)["INSERT typed"]
    told = dict(theirs)
    assert "typed" not in told["SHOW MEASUREMENTS"]
    assert "2026-09-21T14:13:21Z" in told["SELECT v FROM typed"]
