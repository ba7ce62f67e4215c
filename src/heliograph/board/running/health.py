"""Whether a service that was just started is well: it stays up, and does what ``[health]`` asks of it."""

from __future__ import annotations

import shlex
from typing import Final

from heliograph.board.code.project import Health
from heliograph.board.running.service import unit_name
from heliograph.board.running.work import Work
from heliograph.errors import BoardError

# $1 is the unit, $2 for how many seconds it must stay up. Each start of a unit has an id of its own.
_STAYS_UP: Final = """\
was=$(systemctl show --property=InvocationID --value "$1")
left=$2
while :; do
  state=$(systemctl show --property=ActiveState --value "$1")
  now=$(systemctl show --property=InvocationID --value "$1")
  if [ "$state" != active ] || [ "$now" != "$was" ]; then
    systemctl show --property=Result --value "$1"
    exit 1
  fi
  [ "$left" -gt 0 ] || exit 0
  left=$((left - 1))
  sleep 1
done
"""
# $1 is for how many seconds to try, $2 the command, which is the user's own; the last words stay.
_SUCCEEDS: Final = """\
left=$1
while :; do
  said=$(timeout 10 sh -c "$2" 2>&1 </dev/null) && exit 0
  [ "$left" -gt 0 ] || break
  left=$((left - 1))
  sleep 1
done
printf '%s\\n' "$said" | tail -n 3
exit 1
"""
_ASK: Final = (
    "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=5)"
)


async def must_be_healthy(work: Work, health: Health) -> None:
    """Wait until the project's service has shown that it is well.

    Raises:
        BoardError: it is not; the message says what it did instead.
        BoardUnreachable: the connection broke.
    """
    unit = unit_name(work.project.name)
    seconds = f"{health.up_seconds:.0f}"
    ended = await work.link.run(_sh(_STAYS_UP, unit, seconds))
    if ended.exit_status:
        raise BoardError(
            work.board.name,
            f"it did not stay up for {seconds} s ({ended.text or 'it ended'}){await _log(work)}",
        )
    within = f"{health.within_seconds:.0f}"
    if health.http:
        command = shlex.join(["python3", "-c", _ASK, health.http])
        await _must_succeed(work, within, command, f"{health.http} did not answer as it should")
    if health.command:
        command = f"cd {shlex.quote(work.session.root)} && {health.command}"
        await _must_succeed(work, within, command, f"{health.command!r} did not succeed")


async def _must_succeed(work: Work, within: str, command: str, failure: str) -> None:
    done = await work.link.run(_sh(_SUCCEEDS, within, command))
    if done.exit_status:
        said = f": {done.text.splitlines()[-1]}" if done.text.strip() else ""
        raise BoardError(work.board.name, f"{failure} within {within} s{said}{await _log(work)}")


async def _log(work: Work) -> str:
    """Return the last words of the service, where they may be read."""
    sudo = "" if work.board.user == "root" else "sudo -n "
    unit = unit_name(work.project.name)
    done = await work.link.run(f"{sudo}journalctl -q --no-pager -o cat -n 3 _SYSTEMD_UNIT={unit}")
    return "".join(f"\n  {line}" for line in done.text.splitlines())


def _sh(script: str, *arguments: str) -> str:
    return f"sh -c {shlex.quote(script)} sh {shlex.join(arguments)}"
