"""``helio board``'s sync beside rsync, over Debian's own SSH server on loopback.

``python -m bench.board_sync [--rounds 5] [--files 1000]``: makes a project of that many files, syncs it cold
and with one file changed, with each method, round by round in turn, and prints medians. What the board has is
compared with the project after each.
"""

from __future__ import annotations

import argparse
import asyncio
import filecmp
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from heliograph.board.code.ignore import Ignores
from heliograph.board.code.manifest import Scanner
from heliograph.board.ssh import connect
from heliograph.board.sync.session import open_session
from heliograph.board.sync.syncing import Syncing
from tests.net.sshd import Sshd, running_sshd

FOLDERS = 20


def make_project(root: Path, files: int) -> None:
    for number in range(files):
        path = root / f"folder{number % FOLDERS:02}" / f"file{number:04}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(10_000))


def change_one(root: Path) -> None:
    path = root / "folder07" / "file0007.bin"
    # A size of its own: two changes within a second are one for rsync, which looks at size and time.
    path.write_bytes(os.urandom(9_000 + (path.stat().st_size + 1) % 2_000))


def same(left: Path, right: Path) -> bool:
    compared = filecmp.dircmp(left, right, ignore=[])
    _, differ, odd = filecmp.cmpfiles(left, right, compared.common_files, shallow=False)
    alone = compared.left_only or compared.right_only
    below = (same(left / name, right / name) for name in compared.common_dirs)
    return not (differ or odd or alone) and all(below)


def must_be_same(left: Path, right: Path) -> None:
    if not same(left, right):
        sys.exit(f"{right} is not what {left} is")


def ssh_command(sshd: Sshd) -> list[str]:
    key = sshd.inventory.key_path(sshd.board)
    options = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    return ["ssh", "-q", "-p", str(sshd.port), "-i", str(key), *options]


def rsync(sshd: Sshd, root: Path, target: Path, *, control: Path | None = None) -> float:
    shared = ["-o", "ControlMaster=no", "-o", f"ControlPath={control}"] if control else []
    shell = " ".join([*ssh_command(sshd), *shared])
    began = time.perf_counter()
    subprocess.run(
        ["rsync", "-az", "--delete", "-e", shell, f"{root}/", f"{sshd.board.user}@127.0.0.1:{target}/"],
        check=True,
    )
    return time.perf_counter() - began


async def ours_new(sshd: Sshd, root: Path, app: str) -> float:
    """One sync as ``helio board sync`` does it, with a connection of its own, without Python's start."""
    began = time.perf_counter()
    async with connect(sshd.inventory, sshd.board) as link, open_session(link, app) as session:
        await Syncing(session, Scanner(root, Ignores.of_project())).all()
    return time.perf_counter() - began


async def measure(sshd: Sshd, root: Path, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = defaultdict(list)
    control = Path(tempfile.mkdtemp(prefix="hb-")) / "c"
    master = await asyncio.create_subprocess_exec(
        *ssh_command(sshd),
        *("-N", "-M", "-S", str(control), f"{sshd.board.user}@127.0.0.1"),
        stdin=subprocess.DEVNULL,
    )
    apps = sshd.home / ".heliograph" / "apps"
    try:
        async with asyncio.timeout(20):
            while not control.exists():  # noqa: ASYNC110 - ssh gives no other sign
                await asyncio.sleep(0.05)
        for number in range(rounds):
            target, kept = sshd.home / f"r{number}", f"kept{number}"
            times["cold   rsync, new connection"].append(rsync(sshd, root, target))
            shutil.rmtree(target)
            times["cold   rsync, open connection"].append(rsync(sshd, root, target, control=control))
            times["cold   helio, new connection"].append(await ours_new(sshd, root, f"new{number}"))
            async with connect(sshd.inventory, sshd.board) as link, open_session(link, kept) as session:
                syncing = Syncing(session, Scanner(root, Ignores.of_project()))
                began = time.perf_counter()
                await syncing.all()
                times["cold   helio, open connection"].append(time.perf_counter() - began)
                await asyncio.sleep(2.2)  # what is younger is read anew by both sides
                await syncing.all()
                for name, sync in (("whole", syncing.all), ("saved", syncing.changes)):
                    change_one(root)
                    began = time.perf_counter()
                    await sync()
                    times[f"warm   helio, open connection, {name}"].append(time.perf_counter() - began)
                    must_be_same(root, apps / kept / "src")
            change_one(root)
            times["warm   rsync, new connection"].append(rsync(sshd, root, target))
            change_one(root)
            times["warm   rsync, open connection"].append(rsync(sshd, root, target, control=control))
            must_be_same(root, target)
            times["warm   helio, new connection"].append(await ours_new(sshd, root, f"new{number}"))
            must_be_same(root, apps / f"new{number}" / "src")
    finally:
        master.terminate()
        await master.wait()
        shutil.rmtree(control.parent)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=1000)
    args = parser.parse_args()
    if shutil.which("rsync") is None:
        sys.exit("rsync is not installed: apt install rsync")
    with tempfile.TemporaryDirectory(prefix="helio-bench-") as folder:
        root = Path(folder) / "project"
        make_project(root, args.files)
        with running_sshd(Path(folder) / "sshd") as sshd:
            times = asyncio.run(measure(sshd, root, args.rounds))
    print("| method | median | fastest | slowest |\n|---|---|---|---|")
    for name in sorted(times):
        ran = times[name]
        print(f"| {name} | {statistics.median(ran):.3f} s | {min(ran):.3f} s | {max(ran):.3f} s |")
    ours, theirs = (
        statistics.median(times[f"warm   {name}"])
        for name in ("helio, open connection, whole", "rsync, open connection")
    )
    print(f"\nwarm, open connection: helio takes {ours / theirs:.2f} times as long as rsync")
    return 0


if __name__ == "__main__":
    sys.exit(main())
