"""Makes an app's environment on a board; its arguments are those of :func:`make`, in their order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

KEPT = 3


def installed(place: str, python: str, requirements: str, wheels: str) -> int:
    """Make a virtual environment with what the requirements say; uv does it where it is."""
    source = ["--no-index", "--find-links", wheels] if wheels else []
    uv = shutil.which("uv") or os.path.expanduser("~/.heliograph/bin/uv")
    own = os.path.join(place, "bin", "python")
    if os.path.exists(uv):
        steps = [
            [uv, "venv", "--quiet", "--python", python, place],
            [uv, "pip", "install", "--quiet", "--python", own, "-r", requirements, *source],
        ]
    else:
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        steps = [
            [python, "-m", "venv", place],
            [own, "-m", "pip", "install", *quiet, "-r", requirements, *source],
        ]
    for step in steps:
        status = subprocess.call(step, stdin=subprocess.DEVNULL, stdout=2)
        if status:
            return status
    return 0


def turn(link: str, place: str) -> bool:
    """Let a link lead to a place, at once; say whether it did not."""
    if os.path.islink(link) and os.readlink(link) == place:
        return False
    fresh = link + ".new"
    if os.path.lexists(fresh):
        os.unlink(fresh)
    os.symlink(place, fresh)
    os.replace(fresh, link)
    return True


def forget_old(folder: str) -> None:
    """Remove all environments but the ones used last."""

    def used(name: str) -> float:
        try:
            return os.path.getmtime(os.path.join(folder, name, ".complete"))
        except OSError:
            return 0.0

    for name in sorted(os.listdir(folder), key=used)[:-KEPT]:
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def make(base: str, digest: str, python: str, requirements: str, wheels: str) -> int:
    """Make the environment of this digest unless it is there, and turn the app to it.

    Without ``requirements`` it only looks, and prints ``missing`` where there is none.
    """
    place = os.path.join(base, "venvs", digest)
    complete = os.path.join(place, ".complete")
    if not os.path.exists(complete):
        if not requirements:
            print("missing")
            return 0
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        status = installed(place, python, requirements, wheels)
        if status:
            shutil.rmtree(place, ignore_errors=True)
            return status
        open(complete, "w").close()
    os.utime(complete)
    print("made" if turn(os.path.join(base, "venv"), place) else "same")
    forget_old(os.path.join(base, "venvs"))
    return 0


if __name__ == "__main__":
    sys.exit(make(*sys.argv[1:]))
