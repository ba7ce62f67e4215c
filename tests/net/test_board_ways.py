"""Ways to a board of the rig and back: shell, forward, desktop, shares, a cut cable, little memory."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.net.conftest import FULL
from tests.net.rig.board import RigBoard
from tests.net.rig.image import base_image
from tests.net.rig.lan import WITH_NAMES, Lan, wait_until
from tests.net.rig.laptop import Laptop
from tests.net.typing_person import Terminal

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("full")]
LARGE_BYTES = 200_000_000
COUNTS = """\
import os
import signal
import time

loads = 0


def load(*_):
    global loads
    loads += 1
    os.write(1, f"loaded {loads} {open('settings.txt').read()}\\n".encode())


signal.signal(signal.SIGHUP, load)
load()
while True:
    time.sleep(1)
"""


@contextmanager
def helio(laptop: Laptop, *words: str, where: Path | None = None, **answers: str) -> Iterator[Terminal]:
    """Run ``helio board …`` in a terminal of its own for as long as the block lasts."""
    command = [*WITH_NAMES, sys.executable, "-m", "heliograph", "board", *words]
    with Terminal(command, answers, env=laptop.environment, where=where or laptop.folder) as terminal:
        yield terminal


def received(board: RigBoard, name: str) -> int:
    """Return how much of a file has come that is not in place yet."""
    text = board.run(
        "sh", "-c", f"stat -c %s /home/pi/.heliograph/apps/{name}/incoming/* 2>/dev/null || true"
    )
    return max(map(int, text.split()), default=0)


def test_a_shell_in_a_terminal(board: RigBoard, laptop: Laptop) -> None:
    laptop.knows([board])
    with helio(laptop, "shell", "board1") as terminal:
        terminal.until(r"pi@board1:~\$ ")
        terminal.type("tty; echo $((6 * 7)); exit 5")
        assert terminal.ended() == 5
    assert "/dev/pts/" in terminal.shown
    assert "\n42\n" in terminal.shown


def test_saves_are_sent_or_signalled(board: RigBoard, laptop: Laptop, tmp_path: Path) -> None:
    laptop.knows([board])
    root = tmp_path / "counts"
    root.mkdir()
    (root / "main.py").write_text(COUNTS)
    (root / "settings.txt").write_text("one")
    (root / "board.toml").write_text('reload = "signal"\n')
    with helio(laptop, "sync", "board1", "--watch", where=root) as terminal:
        terminal.until("version 1")
        (root / "settings.txt").write_text("two")
        place = "/home/pi/.heliograph/apps/counts/src/settings.txt"
        wait_until(lambda: board.run("cat", place, check=False) == "two", "a save is there")

    with helio(laptop, "dev", "board1", where=root) as terminal:
        terminal.until("loaded 1 two")
        pid = board.run("pgrep", "-f", "main.py")
        (root / "settings.txt").write_text("three")
        terminal.until("loaded 2 three")
        assert board.run("pgrep", "-f", "main.py") == pid, "it was told, not started anew"


def test_a_cable_is_pulled_in_the_middle_of_a_large_file(
    board: RigBoard, laptop: Laptop, tmp_path: Path
) -> None:
    laptop.knows([board])
    root = tmp_path / "large"
    root.mkdir()
    (root / "board.toml").write_text("")
    (root / "large.bin").write_bytes(os.urandom(LARGE_BYTES))
    with helio(laptop, "sync", "board1", where=root) as terminal:
        wait_until(lambda: received(board, "large") > LARGE_BYTES // 10, "a tenth of it is there", within=120)
        board.cut()
        assert terminal.ended() == 3
    assert "the connection broke" in terminal.shown
    before = received(board, "large")
    assert LARGE_BYTES // 10 < before < LARGE_BYTES
    assert board.run("ls", "/home/pi/.heliograph/apps/large/src") == ""
    board.heal()
    said = laptop.helio("sync", "board1", where=root)
    sent = re.search(r"([\d,.]+) kB sent", said)
    assert sent is not None
    assert float(sent[1].replace(",", "")) * 1000 <= LARGE_BYTES - before + 100, "it went on where it was"
    digest = board.run("sha256sum", "/home/pi/.heliograph/apps/large/src/large.bin").split()[0]
    assert digest == hashlib.sha256((root / "large.bin").read_bytes()).hexdigest()


def test_a_desktop_through_a_forward(board: RigBoard, laptop: Laptop) -> None:
    laptop.knows([board])
    assert "helio board setup xrdp board1 brings one" in laptop.helio("desktop", "board1", status=1)
    laptop.helio("setup", "xrdp", "board1", "--yes")
    with helio(laptop, "desktop", "board1") as terminal:
        terminal.until("mstsc")
        wait_until(lambda: answers_rdp(port_of(terminal.shown)), "the desktop answers")
    with helio(laptop, "forward", "board1", "13389:3389") as terminal:
        terminal.until("127.0.0.1:13389 is 3389 of board1")
        wait_until(lambda: answers_rdp(13389), "it answers through a port that was named")
        os.killpg(terminal.process.pid, signal.SIGINT)
        assert terminal.ended() == 0
    assert not answers_rdp(3389, board.address), "open on the board's loopback only"


def port_of(shown: str) -> int:
    found = re.search(r"127\.0\.0\.1:(\d+)", shown)
    assert found is not None
    return int(found[1])


def answers_rdp(port: int, host: str = "127.0.0.1") -> bool:
    """Begin an RDP session, by hand, and return whether the server takes it. Source: MS-RDPBCGR 2.2.1."""
    negotiation = bytes([1, 0, 8, 0]) + (1).to_bytes(4, "little")  # TLS is asked for
    request = bytes([6 + len(negotiation), 0xE0, 0, 0, 0, 0, 0]) + negotiation  # X.224 connection request
    packet = bytes([3, 0]) + (4 + len(request)).to_bytes(2, "big") + request  # TPKT
    ask = f"import socket, sys; c = socket.create_connection(({host!r}, {port}), 5); c.sendall({packet!r});"
    ask += "sys.stdout.buffer.write(c.recv(100))"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=False, timeout=120).stdout
    # TPKT of version 3, then X.224 connection confirm with the protocol that was chosen.
    return answer[:2] == b"\x03\x00" and answer[5:6] == b"\xd0" and answer[11:12] == b"\x02"


def test_a_share_of_a_board(board: RigBoard, laptop: Laptop, tmp_path: Path) -> None:
    if shutil.which("smbclient") is None and not FULL:
        pytest.skip("smbclient is not installed (make test-boards does it)")
    laptop.knows([board])
    laptop.helio("setup", "samba", "board1", "--yes", stdin="geheim sicher\n")
    (tmp_path / "sent.txt").write_text("from the laptop")
    login = tmp_path / "login"
    login.write_text("username = pi\npassword = geheim sicher\n")
    login.chmod(0o600)
    client = ["smbclient", f"//{board.address}/pi", "-A", str(login), "-c"]
    done = subprocess.run(
        [*client, f"put {tmp_path}/sent.txt sent.txt; get sent.txt {tmp_path}/back.txt"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert board.run("stat", "-c", "%U %s", "/home/pi/sent.txt") == "pi 15\n"
    assert (tmp_path / "back.txt").read_text() == "from the laptop"
    login.write_text("username = pi\npassword = wrong\n")
    refused = subprocess.run([*client, "ls"], capture_output=True, text=True, check=False, timeout=120)
    assert "LOGON_FAILURE" in refused.stdout + refused.stderr


@pytest.fixture
def small(lan: Lan, tmp_path: Path) -> Iterator[RigBoard]:
    """A board with 128 MB."""
    with RigBoard(lan, base_image(), tmp_path, 1, card="disk", memory=128 * 2**20) as fresh, lan.inside():
        yield fresh


def test_a_board_with_128_megabytes(small: RigBoard, laptop: Laptop, tmp_path: Path) -> None:
    laptop.knows([small])
    eats = ("python3", "-c", "print(len(b'x' * 300_000_000))")
    assert "300000000" not in laptop.helio("exec", "board1", "--", *eats, status=137), "it has no more"
    laptop.helio("setup", "device", "board1", "--hub", "127.0.0.1", "--yes")
    assert "active running enabled" in laptop.helio("service", "status", "board1", "heliograph-agent")

    root = tmp_path / "demo"
    root.mkdir()
    (root / "board.toml").write_text("[health]\nup_seconds = 1\n")
    (root / "main.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(1000)\n")
    for number in range(1000):
        (root / f"file{number}.txt").write_text(f"{number}\n" * 50)
    assert "1002 written" in laptop.helio("sync", "board1", where=root)
    assert "runs and is well" in laptop.helio("rollout", "board1", where=root)
    laptop.helio("run", "board1", "--", "python", "-c", "print(1)", where=root)
