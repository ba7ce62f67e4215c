"""What the boot partitions of card images look like, and the files that each system reads at its first boot.

::

    cloud-init       user-data, meta-data         Ubuntu; Raspberry Pi OS since 13 (trixie)
    custom.toml      issue.txt of 2023-10-10 on   Raspberry Pi OS 12 (bookworm)
    userconf.txt     config.txt, cmdline.txt      Raspberry Pi OS 11 (bullseye)
"""

from __future__ import annotations

import json
import os
import re
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final

from heliograph.board.card.crypted import crypted, wifi_key
from heliograph.errors import ConfigError

_FIRST_WITH_TOML: Final = "2023-10-10"


class Layout(Enum):
    """Which files a system reads at its first boot."""

    CLOUD_INIT = "Ubuntu, or Raspberry Pi OS 13 and later (cloud-init)"
    CUSTOM_TOML = "Raspberry Pi OS 12"
    USERCONF = "Raspberry Pi OS 11"


@dataclass(frozen=True, slots=True)
class FirstBoot:
    """What a board is to be after its first boot."""

    name: str
    """Its host name; it answers to ``NAME.local``."""
    user: str
    key: str
    """The line of our public key."""
    password: str = field(default="", repr=False)
    """Empty allows our key only."""
    wifi: str = ""
    """The name of a Wi-Fi network; empty for a cable."""
    passphrase: str = field(default="", repr=False)
    country: str = ""
    """Two letters: in which country its radio is used."""


def layout(folder: Path) -> Layout:
    """Return what lies in the boot partition of a card.

    Raises:
        ConfigError: it is none that we know.
    """
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if {"user-data", "meta-data"} <= names:
        return Layout.CLOUD_INIT
    if {"config.txt", "cmdline.txt"} <= names:
        issue = (folder / "issue.txt").read_text("utf-8", "replace") if "issue.txt" in names else ""
        date = re.search(r"\d{4}-\d\d-\d\d", issue)
        return Layout.USERCONF if date and date[0] < _FIRST_WITH_TOML else Layout.CUSTOM_TOML
    if "boot.ini" in names or "armbianEnv.txt" in names:
        reason = (
            "a card for Odroid or of Armbian, whose system has SSH on and a user from the start (root or"
            " odroid, see its maker's page): boot it, then helio board add root@ADDRESS --name NAME"
        )
        raise ConfigError(reason, path=folder)
    expected = "expected the boot partition of a card, with config.txt and cmdline.txt, or user-data"
    there = f"it has {', '.join(sorted(names)[:6])}" if names else "there is nothing"
    raise ConfigError(f"{expected}; {there}. Flash the card first, and pull and plug it again", path=folder)


def files(kind: Layout, wanted: FirstBoot) -> dict[str, str]:
    """Return the files to be written, by name, for a system of this kind."""
    if kind is Layout.CLOUD_INIT:
        return _cloud_init(wanted)
    return _custom_toml(wanted) if kind is Layout.CUSTOM_TOML else _userconf(wanted)


def write(folder: Path, made: dict[str, str]) -> None:
    """Put the files onto the card; each is there whole or not at all.

    Raises:
        ConfigError: the card cannot be written.
    """
    try:
        for name, text in made.items():
            new = folder / f"{name}.new"
            with new.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(folder / name)
    except OSError as error:
        reason = f"cannot be written: {error.strerror}; is the lock of its adapter on, or the card full?"
        raise ConfigError(reason, path=folder) from error


def mounted_cards(platform: str = sys.platform, roots: tuple[Path, ...] | None = None) -> Iterator[Path]:
    """Yield the folders where cards seem to be mounted on this laptop."""
    for folder in _places(platform) if roots is None else _below(*roots):
        try:
            layout(folder)
        except (ConfigError, OSError):
            continue
        yield folder


def _places(platform: str) -> Iterator[Path]:
    if platform == "win32":
        yield from (Path(f"{letter}:\\") for letter in string.ascii_uppercase[3:])
    elif platform == "darwin":
        yield from _below(Path("/Volumes"))
    else:
        users = [*_below(Path("/media")), *_below(Path("/run/media"))]
        yield from (*users, *_below(*users), *_below(Path("/mnt")))


def _below(*roots: Path) -> Iterator[Path]:
    for root in roots:
        try:
            yield from sorted(path for path in root.iterdir() if path.is_dir())
        except OSError:
            continue


def _cloud_init(wanted: FirstBoot) -> dict[str, str]:
    user: dict[str, Any] = {
        "name": wanted.user,
        "groups": "adm,dialout,sudo,audio,video,plugdev,users,input,netdev,i2c,spi,gpio",
        "shell": "/bin/bash",
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "ssh_authorized_keys": [wanted.key],
        "lock_passwd": not wanted.password,
    }
    if wanted.password:
        user["passwd"] = crypted(wanted.password)
    data = {
        "hostname": wanted.name,
        "manage_etc_hosts": True,
        "ssh_pwauth": bool(wanted.password),
        "users": [user],
        "runcmd": [["sh", "-c", "systemctl enable --now ssh || systemctl enable --now sshd"]],
    }
    network: dict[str, Any] = {"version": 2, "ethernets": {"eth0": {"dhcp4": True, "optional": True}}}
    if wanted.wifi:
        access = {
            wanted.wifi: {"password": wifi_key(wanted.passphrase, wanted.wifi)} if wanted.passphrase else {}
        }
        network["wifis"] = {
            "wlan0": {
                "dhcp4": True,
                "optional": True,
                "regulatory-domain": wanted.country,
                "access-points": access,
            }
        }
    # JSON is YAML too, with quotes that leave nothing to guess.
    return {
        "user-data": f"#cloud-config\n{json.dumps(data, indent=2)}\n",
        "network-config": f"{json.dumps(network, indent=2)}\n",
    }


def _custom_toml(wanted: FirstBoot) -> dict[str, str]:
    lines = ["config_version = 1", "", "[system]", f"hostname = {json.dumps(wanted.name)}"]
    lines += ["", "[user]", f"name = {json.dumps(wanted.user)}"]
    # Without a password nobody can log in by one: "*" is what no password becomes.
    lines += [f"password = {json.dumps(crypted(wanted.password) if wanted.password else '*')}"]
    lines += ["password_encrypted = true", "", "[ssh]", "enabled = true"]
    lines += [f"password_authentication = {json.dumps(bool(wanted.password))}"]
    lines += [f"authorized_keys = [ {json.dumps(wanted.key)} ]"]
    if wanted.wifi:
        lines += ["", "[wlan]", f"ssid = {json.dumps(wanted.wifi)}"]
        lines += [
            f"password = {json.dumps(wifi_key(wanted.passphrase, wanted.wifi) if wanted.passphrase else '')}"
        ]
        lines += ["password_encrypted = true", "hidden = false", f"country = {json.dumps(wanted.country)}"]
    return {"custom.toml": "\n".join([*lines, ""])}


def _userconf(wanted: FirstBoot) -> dict[str, str]:
    made = {"ssh": "", "userconf.txt": f"{wanted.user}:{crypted(wanted.password)}\n"}
    if wanted.wifi:
        secret = f"psk={wifi_key(wanted.passphrase, wanted.wifi)}" if wanted.passphrase else "key_mgmt=NONE"
        made["wpa_supplicant.conf"] = (
            "ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\nupdate_config=1\n"
            f"country={wanted.country}\n"
            # In hexadecimal no letter of a network's name is special.
            f"network={{\n\tssid={wanted.wifi.encode().hex()}\n\t{secret}\n}}\n"
        )
    return made
