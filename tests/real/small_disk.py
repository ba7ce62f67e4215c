"""File systems of a test's own: small enough to be full, or broken on command. Mounting them needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[Path]:
    """A mounted file system.

    Mounting needs root, and a kernel that lets root do it, which containers often have not. Without it there
    is no disk that could be full or break, so the test is skipped and says why; as root it always runs.
    """
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *arguments, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def in_memory(folder: Path, size: str) -> AbstractContextManager[Path]:
    """A file system of a size."""
    return mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "none")


@contextmanager
def on_image(folder: Path, image: Path) -> Iterator[Path]:
    """An ext4 in a file, which is made if it is not there, and repaired if it is, as at a boot.

    What is repaired is a copy: a network namespace that another test made at that moment holds the old file
    system still mounted, and mounting the same file again would give that one, broken as it is.
    """
    if image.exists():
        image = Path(shutil.copyfile(image, image.with_suffix(".repaired")))
        subprocess.run(["e2fsck", "-fy", str(image)], check=False, capture_output=True)
    else:
        with image.open("wb") as file:
            file.truncate(64 * 2**20)
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    with mounted(folder, "-o", "loop", str(image)):
        yield folder


def break_down(folder: Path) -> None:
    """Let ext4 stop writing at once, as it does when it meets an error."""
    subprocess.run(["mount", "-o", "remount,abort", str(folder)], check=True, capture_output=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """A file that takes all the room there is, for as long as the block lasts."""
    filler = folder / "filler"
    descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
    try:
        for size in (65_536, 4_096):
            try:
                while True:
                    os.write(descriptor, bytes(size))
            except OSError:
                pass  # full
        yield
    finally:
        os.close(descriptor)
        filler.unlink()
