"""Steps, and the one script for a board that all of them become: look, show the difference, change.

::

    role ──steps──▶ script of sh ──one round trip, as root──▶ @1 same
                    (on the input, so that secrets               @2 changed
                     stand in no command line)                  @3 failed, with the last words
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

KEPT: Final = "/var/lib/heliograph-setup"
"""On the board: which configuration each service was started with, and what the roles brought."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is to be so, in three pieces of shell that run as root."""

    title: str
    """What is so afterwards, in a few words."""
    check: str
    """Exits with 0 when it is so already; changes nothing."""
    apply: str
    """Makes it so; stops at the first command that fails."""
    diff: str = ""
    """Prints what would change."""


class State(Enum):
    """What became of a step."""

    SAME = "same"
    WOULD = "would"
    CHANGED = "changed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Done:
    """A step, and what became of it."""

    step: Step
    state: State
    lines: tuple[str, ...] = ()
    """The difference, or the last words of what failed."""


def script(steps: Sequence[Step], *, apply: bool) -> str:
    """Return the script that does the steps in their order, and stops at the first that fails."""
    parts = [_BEGIN]
    for number, step in enumerate(steps):
        parts.append(f"check() (\n{step.check}\n)\ndiffer() (\n{step.diff or ':'}\n)")
        parts.append(f"change() (\nset -e\n{step.apply}\n)\nstep {number} {'apply' if apply else 'plan'}")
    # The shell reads to the closing brace before it begins, so nothing in it can eat the rest of the script.
    return "{\n" + "\n".join(parts) + "\nexit 0\n}\n"


_BEGIN: Final = r"""
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
export DEBIAN_FRONTEND=noninteractive
umask 022
log=$(mktemp) || { echo '| nothing can be written: is the disk full?'; echo '@0 failed'; exit 0; }
trap 'rm -f "$log"' EXIT
# Others use apt as well: a board's own updates in its first minutes, or a run before this that was cut off.
apt_get() {
  for _ in $(seq 60); do
    if said=$(apt-get -q "$@" 2>&1); then echo "$said"; return; fi
    case $said in
      *'Could not get lock'*) sleep 5 ;;
      *'dpkg was interrupted'*) dpkg --configure -a || break ;;
      *) break ;;
    esac
  done
  echo "$said"
  return 1
}
step() {
  if check </dev/null >/dev/null 2>&1; then echo "@$1 same"; return; fi
  differ </dev/null 2>/dev/null | head -n 60 | sed 's/^/| /'
  if [ "$2" = plan ]; then echo "@$1 would"; return; fi
  change </dev/null >"$log" 2>&1
  status=$?
  if [ $status = 0 ]; then echo "@$1 changed"; return; fi
  tail -n 12 "$log" | sed 's/^/| /'
  echo "@$1 failed"
  exit 0
}
"""


class Answers:
    """Reads what the script prints, line by line."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._lines: list[str] = []
        self.done: list[Done] = []

    def take(self, line: str) -> Done | None:
        """Take a line, and return the step that it ends."""
        if line.startswith("| "):
            self._lines.append(line[2:])
            return None
        number, _, state = line.removeprefix("@").partition(" ")
        if not line.startswith("@") or not number.isdigit():
            return None
        done = Done(self._steps[int(number)], State(state), tuple(self._lines))
        self._lines = []
        self.done.append(done)
        return done


def file(path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root:root") -> Step:
    """Return the step after which a file has this content, mode and owner.

    Args:
        path: on the board.
        content: what is to be in it.
        mode: who may read and write it; the plan shows nothing of a file that is for its owner only.
        owner: as chown takes it.
    """
    blob = content.encode() if isinstance(content, str) else content
    digest, place = hashlib.sha256(blob).hexdigest(), shlex.quote(path)
    encoded = base64.encodebytes(blob).decode()
    stat = f"{mode:o}:{owner}"
    given = f"<<'END_OF_FILE'\n{encoded}END_OF_FILE\n"
    diff = (
        f'old={place}; [ -e "$old" ] || old=/dev/null\n'
        f'diff -u "$old" - <<END | tail -n +3\n$(base64 -d {given})\nEND'
    )
    return Step(
        f"file {path}",
        f'[ "$(sha256sum < {place} | cut -c1-64)" = {digest} ] && [ "$(stat -c %a:%U:%G {place})" = {stat} ]',
        # Nobody else may read it before it is whole; what a run that was cut off left is written over.
        f'new={place}.new\nmkdir -p "$(dirname {place})"\nrm -f "$new"\n'
        f'( umask 077\nbase64 -d > "$new" {given})\n'
        f'chown {owner} "$new"\nchmod {mode:o} "$new"\nmv -f "$new" {place}',
        # Also of what was there before: it may have held a password that this one does not.
        diff if mode & 0o077 else "echo '(its content is not shown)'",
    )


def no_file(path: str) -> Step:
    """Return the step after which there is no such file or folder."""
    place = shlex.quote(path)
    return Step(
        f"no {path}", f"[ ! -e {place} ] && [ ! -L {place} ]", f"rm -rf {place}", f"echo remove {place}"
    )


def packages(*names: str) -> Step:
    """Return the step after which these Debian packages are installed."""
    words = shlex.join(names)
    installed = f"dpkg-query -W -f '${{db:Status-Status}}\\n' {words} | grep -cx installed"
    return Step(
        f"packages {', '.join(names)}",
        f'[ "$({installed})" = {len(names)} ]',
        # The lists may be as old as the card's image, or there may be none yet.
        f"find /var/lib/apt/lists -name '*_Packages*' -mtime -1 | grep -q . || apt_get update\n"
        f"apt_get install -y --no-install-recommends {words} || "
        f"{{ apt_get update && apt_get install -y --no-install-recommends {words}; }}",
        # Without lists, as on a card's first day, apt cannot say what else will come along.
        f"plan=$(apt-get install -s --no-install-recommends {words} | sed -n 's/^Inst /install /p')\n"
        f"printf '%s\\n' \"${{plan:-install {words}}}\"",
    )


def no_packages(*names: str) -> Step:
    """Return the step after which none of these Debian packages is installed, nor what only they needed."""
    query = "dpkg-query -W -f '${db:Status-Status} ${binary:Package}\\n'"
    # Only what is there is named: apt fails at names that it does not know.
    there = f"{query} {shlex.join(names)} 2>/dev/null | sed -n 's/^installed //p'"
    return Step(
        f"no packages {', '.join(names)}",
        f'[ -z "$({there})" ]',
        f"apt_get purge -y --auto-remove $({there})",
        f"apt-get purge -s --auto-remove $({there}) | sed -n 's/^Purg /remove /p; s/^Remv /remove /p'",
    )


def service(unit: str, *loaded: str | bytes) -> Step:
    """Return the step after which a service is enabled and runs with the configuration ``loaded``."""
    digest = hashlib.sha256(
        b"\0".join(part.encode() if isinstance(part, str) else part for part in loaded)
    ).hexdigest()
    mark = f"{KEPT}/{unit}.loaded"
    return Step(
        f"service {unit}",
        f'[ "$(cat {mark})" = {digest} ] && systemctl -q is-enabled {unit} && systemctl -q is-active {unit}',
        f"systemctl daemon-reload\nsystemctl -q enable {unit}\nsystemctl reset-failed {unit} || true\n"
        f"systemctl restart {unit}\nsleep 1\nsystemctl -q is-active {unit} || "
        f"{{ journalctl -q -u {unit} -n 8 --no-pager -o cat; exit 1; }}\n"
        f"mkdir -p {KEPT}\necho {digest} > {mark}",
        f"systemctl -q is-active {unit} && echo restart {unit} || echo start {unit}",
    )


def no_service(unit: str) -> Step:
    """Return the step after which a service of ours is stopped and gone."""
    path = f"/etc/systemd/system/{unit}"
    mark = f"{KEPT}/{unit}.loaded"
    return Step(
        f"no service {unit}",
        f"[ ! -e {path} ] && [ ! -e {mark} ]",
        f"systemctl -q disable --now {unit} || true\nrm -f {path} {mark}\nsystemctl daemon-reload\n"
        f"systemctl reset-failed {unit} || true",
        f"echo stop and remove {unit}",
    )
