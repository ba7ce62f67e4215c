"""A share of the laptop on a board: SMB 3.11 with a user and a domain, as the course does.

Where the kernel has no CIFS, as in most machines that run tests, nothing can be mounted: then what a board
is told to run is looked at, to the letter, mount.cifs itself reads it, and smbclient goes the same way.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from tests.net.conftest import FULL
from tests.net.rig.board import RigBoard
from tests.net.rig.lan import LAPTOP
from tests.net.rig.laptop import Laptop
from tests.net.rig.samba import DOMAIN, USER, shared

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("full")]
PASSWORD = "geheim, auch hier"
KEPT = f"/home/pi/.heliograph/smb-{LAPTOP.replace('.', '-')}-course"
PLACE = "/home/pi/laptop/course"
OPTIONS = f"credentials={KEPT},domain={DOMAIN},vers=3.11,uid=pi,gid=pi,iocharset=utf8"
HAS_CIFS = "cifs" in Path("/proc/filesystems").read_text().split()


def test_a_share_of_the_laptop_on_a_board(board: RigBoard, laptop: Laptop, tmp_path: Path) -> None:
    if shutil.which("smbd") is None and not FULL:
        pytest.skip("samba is not installed (make test-boards does it)")
    laptop.knows([board])
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "lesson.txt").write_text("from the laptop")
    with shared(folder, PASSWORD) as share:
        words = ("mount", "board1", "--smb", share, "--user", USER, "--domain", DOMAIN)
        said = laptop.helio(*words, "--dry-run")
        assert said.splitlines()[-1] == f"sudo -n mount -t cifs {share} {PLACE} -o {OPTIONS}"
        said = laptop.helio(*words, stdin=f"{PASSWORD}\n", status=1)
        assert "there is no mount.cifs on it; helio board pkg install board1 cifs-utils" in said
        laptop.helio("pkg", "install", "board1", "cifs-utils", "smbclient", "--yes")

        reaches(board, share, folder)
        mounts(board, laptop, words)
        if HAS_CIFS:
            assert board.run("cat", f"{PLACE}/lesson.txt") == "from the laptop"
            assert board.run("stat", "-c", "%a %U", KEPT) == "600 pi\n"
            board.run("umount", PLACE)


def reaches(board: RigBoard, share: str, folder: Path) -> None:
    """Read and write the share from the board with the options that a mount has, without a mount."""
    board.run("mkdir", "-p", PLACE, KEPT.rpartition("/")[0])
    board.run("sh", "-c", f"umask 077; cat > {KEPT}", stdin=f"username={USER}\npassword={PASSWORD}\n")
    client = ["smbclient", share, "-A", KEPT, "-W", DOMAIN, "-m", "SMB3_11", "-c"]
    assert board.run(*client, "get lesson.txt /root/lesson.txt; put /etc/hostname answer.txt") is not None
    assert board.run("cat", "/root/lesson.txt") == "from the laptop"
    assert (folder / "answer.txt").read_text() == "board1\n"
    told = board.run("sh", "-c", f"mount.cifs {share} {PLACE} -f -v -o {OPTIONS} 2>&1")
    for option in (f"unc=\\\\{LAPTOP}\\course", "vers=3.11", f"user={USER}", f"domain={DOMAIN}", "uid=1000"):
        assert option in told, (option, told)
    assert PASSWORD not in told
    board.run("rm", "-rf", KEPT, "/home/pi/laptop")
    board.run("chown", "-R", "pi:pi", "/home/pi/.heliograph")


def mounts(board: RigBoard, laptop: Laptop, words: tuple[str, ...]) -> None:
    """Mount it where the kernel can; where it cannot, that is said, and the password is not left there."""
    said = laptop.helio(*words, stdin=f"{PASSWORD}\n", status=0 if HAS_CIFS else 1)
    shown = board.run("sh", "-c", "journalctl -q --no-pager; ps ax -o args")
    assert PASSWORD not in said + shown
    if not HAS_CIFS:
        assert shlex.join(["mount", "-t", "cifs"]) in said
        assert "cifs filesystem not supported by the system" in said
        assert board.run("sh", "-c", f"ls -d {KEPT} {PLACE} 2>/dev/null", check=False) == ""
