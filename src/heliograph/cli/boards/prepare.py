"""``helio board prepare``: write onto a flashed card what its system reads at the first boot."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from pathlib import Path

from heliograph.errors import ConfigError

_EPILOG = """\
FOLDER is where the card's boot partition is mounted; without it the one that is plugged in is taken. The
password is hashed, the Wi-Fi passphrase becomes a key of its network: neither is on the card as it is. Both
are asked for; where nobody types, they are the first and second line of the input.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EPILOG
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="the card's boot partition")
    parser.add_argument(
        "--name", metavar="NAME", required=True, help="the board's name, here and in the network"
    )
    parser.add_argument("--user", metavar="USER", help="the user that is made (default: pi)")
    parser.add_argument("--no-password", action="store_true", help="let our key in and no password")
    parser.add_argument("--wifi", metavar="SSID", default="", help="the Wi-Fi network; none with a cable")
    parser.add_argument("--open-wifi", action="store_true", help="the Wi-Fi has no passphrase")
    parser.add_argument(
        "--country", metavar="XX", default="", help="where its radio is used, such as DE or GB"
    )


def run(args: argparse.Namespace) -> int:
    """Look what card it is, ask for the secrets, and write."""
    from heliograph.board.card.layouts import FirstBoot, Layout, files, layout, write
    from heliograph.board.inventory import Board
    from heliograph.board.keys import ensure_key
    from heliograph.cli.boards.asking import read_inventory

    inventory = read_inventory()
    name = _host_name(args.name)
    folder = args.folder or _plugged_in()
    kind = layout(folder)
    _check_wifi(args)
    if kind is Layout.USERCONF and args.no_password:
        raise ConfigError(f"{kind.value} needs a password for its user", path=folder)
    user = args.user or inventory.user
    password = "" if args.no_password else _secret(f"A password for {user} on the board: ")
    passphrase = _secret(f"The passphrase of {args.wifi}: ") if args.wifi and not args.open_wifi else ""
    key = ensure_key(inventory.key_path(Board(name, "")), f"heliograph {name}")
    wanted = FirstBoot(name, user, key, password, args.wifi, passphrase, args.country.upper())
    made = files(kind, wanted)
    write(folder, made)
    print(f"{folder}: {kind.value}; wrote {', '.join(made)}")
    print("Pull the card out safely and boot the board with it. After a minute or two:")
    print(f"  helio board add {user}@{name}.local --name {name}")
    return 0


def _host_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        raise ConfigError(f"a board's name in the network is small letters, digits and dashes; got {name!r}")
    return name


def _plugged_in() -> Path:
    from heliograph.board.card.layouts import mounted_cards

    found = list(mounted_cards())
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(
            "no flashed card is plugged in, as far as we see; name the folder of its boot partition"
        )
    raise ConfigError(f"several cards are plugged in: name one of {', '.join(map(str, found))}")


def _check_wifi(args: argparse.Namespace) -> None:
    if args.wifi and not re.fullmatch(r"[A-Za-z]{2}", args.country):
        raise ConfigError("Wi-Fi needs --country with two letters, such as DE: the radio stays off without")
    if args.open_wifi and not args.wifi:
        raise ConfigError("--open-wifi needs --wifi with the network's name")


def _secret(question: str) -> str:
    text = getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if len(text) < 8 and "passphrase" in question:
        raise ConfigError("a Wi-Fi passphrase has 8 to 63 letters; --open-wifi is for a network without")
    if not text:
        raise ConfigError(f"{question.rstrip(': ')} is needed; --no-password lets in our key only")
    return text
