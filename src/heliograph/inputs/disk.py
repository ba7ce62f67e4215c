"""``disk``: how full the file systems are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from heliograph.inputs.roots import REAL_ROOTS, Roots, read_text
from heliograph.model.point import FieldValue, Point

IGNORED: Final = frozenset({"tmpfs", "devtmpfs", "devfs", "iso9660", "overlay", "aufs", "squashfs"})
"""Telegraf's own list: file systems in memory or without a size of their own."""

# Asking a file server that is away for its size blocks for minutes, and with it every other input.
_ON_ANOTHER_MACHINE: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "fuse.sshfs", "fuse.glusterfs", "davfs"}
)


@dataclass(frozen=True, slots=True)
class DiskConfig:
    """What ``disk`` gathers."""

    ignore_fs: frozenset[str] = IGNORED
    """File system types that are left out; the root ``/`` is kept even if it is an overlay or aufs, as
    in a container there is often nothing else."""
    mount_points: frozenset[str] = frozenset()
    """Only these mount points; all when empty."""


class _Mount(NamedTuple):
    device: str
    path: str
    fstype: str
    options: list[str]


class DiskInput:
    """One point per mounted file system of this machine: bytes and inodes."""

    def __init__(self, config: DiskConfig | None = None, *, roots: Roots = REAL_ROOTS) -> None:
        self._config = config or DiskConfig()
        self._path = f"{roots.proc}/mounts"

    def gather(self) -> list[Point]:
        """Return a point per file system with tags path, device, fstype and mode."""
        mounts = {mount.path: mount for mount in self._mounts()}  # a later mount hides the earlier one
        return [point for mount in mounts.values() if self._wanted(mount) for point in _point(mount)]

    def _mounts(self) -> Iterator[_Mount]:
        for line in read_text(self._path).splitlines():
            device, path, fstype, options, *_ = line.split(" ")
            yield _Mount(_unescape(device), _unescape(path), fstype, options.split(","))

    def _wanted(self, mount: _Mount) -> bool:
        if self._config.mount_points and mount.path not in self._config.mount_points:
            return False
        if mount.fstype in _ON_ANOTHER_MACHINE:
            return False
        container_root = mount.path == "/" and mount.fstype in ("overlay", "aufs")
        return container_root or mount.fstype not in self._config.ignore_fs


def _unescape(text: str) -> str:
    # The kernel writes blanks, tabs, newlines and backslashes as octal (fstab(5)).
    if "\\" not in text:
        return text
    for code in (" ", "\t", "\n", "\\"):
        text = text.replace(f"\\{ord(code):03o}", code)
    return text


def _point(mount: _Mount) -> Iterator[Point]:
    try:
        if not os.path.isdir(mount.path):  # containers mount single files such as /etc/hosts
            return
        size = os.statvfs(mount.path)
    except OSError:  # a mount of another user or name space: not ours to measure
        return
    if size.f_blocks == 0:  # proc, cgroup and the like
        return
    mode = next((option for option in mount.options if option in ("rw", "ro")), "unknown")
    device = mount.device.removeprefix("/dev/")
    yield Point(
        "disk", _fields(size), {"path": mount.path, "device": device, "fstype": mount.fstype, "mode": mode}
    )


def _fields(size: os.statvfs_result) -> dict[str, FieldValue]:
    used = (size.f_blocks - size.f_bfree) * size.f_frsize
    free = size.f_bavail * size.f_frsize  # what a normal user may still fill, as df shows it
    inodes_used = size.f_files - size.f_ffree
    return {
        "total": size.f_blocks * size.f_frsize,
        "free": free,
        "used": used,
        "used_percent": 100.0 * used / (used + free) if used + free else 0.0,
        "inodes_total": size.f_files,
        "inodes_free": size.f_ffree,
        "inodes_used": inodes_used,
        "inodes_used_percent": 100.0 * inodes_used / size.f_files if size.f_files else 0.0,
    }
