"""A program's secret variables on a board, in a file that only its user reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from heliograph.board.running.work import Work
from heliograph.errors import ConfigError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def checked_name(name: str) -> str:
    """Return the name of a variable.

    Raises:
        ConfigError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"a variable is letters, digits and _, no digit first; {name!r} came")
    return name


def line(name: str, value: str) -> str:
    """Return a variable as systemd's EnvironmentFile holds it. Source: systemd.exec(5), "EnvironmentFile=".

    Raises:
        ConfigError: the value has a line break or another control character in it.
    """
    if _FORBIDDEN.search(value):
        raise ConfigError(f"the value of {name} is to be one line of text; put others into a file")
    return f'{checked_name(name)}="{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'


def changed(text: str, values: Mapping[str, str | None]) -> str:
    """Return a file with these variables set, and those removed that have no value."""
    lines = [one for one in text.splitlines() if one.partition("=")[0] not in values]
    return "".join(f"{one}\n" for one in [*lines, *(line(n, v) for n, v in values.items() if v is not None)])


def names(text: str) -> list[str]:
    """Return the names of the variables of a file."""
    return [one.partition("=")[0] for one in text.splitlines() if "=" in one]


async def read(work: Work) -> str:
    """Return the file, empty where there is none."""
    done = await work.link.run(f"cat '{work.session.base}/secrets.env' 2>/dev/null")
    return done.stdout.decode()


async def write(work: Work, text: str) -> None:
    """Replace the file; it is its user's alone from its first byte on. The text is in no command line."""
    path = f"{work.session.base}/secrets.env"
    script = 'umask 077; cat > "$0.new" && mv "$0.new" "$0"'
    await work.link.check(f"sh -c '{script}' '{path}'", stdin=text.encode(), shown="writing the secrets")
