"""Cards: what is written for each system's first boot, checked on folders with the real layouts."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from heliograph.board.card.crypted import crypted, wifi_key
from heliograph.board.card.layouts import FirstBoot, Layout, files, layout, mounted_cards, write
from heliograph.cli.main import main
from heliograph.errors import ConfigError

FIRMWARE = ("bootcode.bin", "start4.elf", "fixup4.dat", "kernel8.img", "bcm2711-rpi-4-b.dtb")
CARDS = {
    "trixie": (
        *FIRMWARE,
        "config.txt",
        "cmdline.txt",
        "issue.txt",
        "user-data",
        "meta-data",
        "network-config",
    ),
    "ubuntu": (
        "config.txt",
        "cmdline.txt",
        "vmlinuz",
        "initrd.img",
        "user-data",
        "meta-data",
        "network-config",
    ),
    "bookworm": (*FIRMWARE, "config.txt", "cmdline.txt", "issue.txt", "overlays/README"),
    "bullseye": (*FIRMWARE, "config.txt", "cmdline.txt", "issue.txt", "overlays/README"),
}
ISSUES = {"trixie": "2025-10-01", "bookworm": "2024-11-19", "bullseye": "2023-05-03"}
WANTED = FirstBoot("lab1", "pi", "ssh-ed25519 AAAA us", "rasp'berry", 'Kä"fe', "correct horse", "DE")

RASPBERRY = (
    "$6$saltstring$wgWzhV2PCSSnejdNhfSxlUsKeBwTbm5D2LeLBLEDG9Ev5nR1G6LJwT6JgpR1KL/cyntvw9Iy/8WN.Z1E5.mOm/"
)
LONG = (
    "$6$abcdefgh./012345$.UJyti4hN/qGUkDQVQgPavPTmJ.8KjgTKxKrZma4"
    "vKmfi6aNmcsMfMh7R4HdZyX7la3oagn0iNQnULJ6WCFj6/"
)


def card(tmp_path: Path, kind: str) -> Path:
    for name in CARDS[kind]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"Raspberry Pi reference {ISSUES[kind]}\n" if name == "issue.txt" else "of the image\n"
        )
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("trixie", Layout.CLOUD_INIT),
        ("ubuntu", Layout.CLOUD_INIT),
        ("bookworm", Layout.CUSTOM_TOML),
        ("bullseye", Layout.USERCONF),
    ],
    ids=["trixie", "ubuntu", "bookworm", "bullseye"],
)
def test_cards_are_told_apart(kind: str, expected: Layout, tmp_path: Path) -> None:
    assert layout(card(tmp_path, kind)) is expected


def test_other_folders_are_refused_with_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is nothing"):
        layout(tmp_path)
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ConfigError, match=r"expected the boot partition .* it has holiday.jpg"):
        layout(tmp_path)
    (tmp_path / "boot.ini").touch()
    with pytest.raises(ConfigError, match="helio board add root@ADDRESS"):
        layout(tmp_path)


def test_cloud_init_gets_user_key_and_network(tmp_path: Path) -> None:
    folder = card(tmp_path, "ubuntu")
    write(folder, files(Layout.CLOUD_INIT, WANTED))
    text = (folder / "user-data").read_text()
    assert text.startswith("#cloud-config\n")
    data = json.loads(text.partition("\n")[2])
    (user,) = data["users"]
    assert (data["hostname"], user["name"], user["ssh_authorized_keys"]) == ("lab1", "pi", [WANTED.key])
    salt = user["passwd"].split("$")[2]
    assert user["passwd"] == crypted(WANTED.password, salt)
    assert user["lock_passwd"] is False
    network = json.loads((folder / "network-config").read_text())
    access = network["wifis"]["wlan0"]["access-points"]
    assert access == {'Kä"fe': {"password": wifi_key("correct horse", 'Kä"fe')}}
    assert (folder / "meta-data").read_text() == "of the image\n"


def test_custom_toml_is_toml_with_all_of_it() -> None:
    made = files(Layout.CUSTOM_TOML, WANTED)
    tree = tomllib.loads(made["custom.toml"])
    assert tree["config_version"] == 1
    assert tree["system"] == {"hostname": "lab1"}
    assert tree["ssh"] == {"enabled": True, "password_authentication": True, "authorized_keys": [WANTED.key]}
    assert tree["user"]["password"] == crypted(WANTED.password, tree["user"]["password"].split("$")[2])
    assert tree["wlan"]["ssid"] == 'Kä"fe'
    assert (tree["wlan"]["password_encrypted"], tree["wlan"]["country"]) == (True, "DE")


def test_bullseye_gets_the_files_of_its_time() -> None:
    made = files(Layout.USERCONF, WANTED)
    assert made["ssh"] == ""
    user, _, hashed = made["userconf.txt"].strip().partition(":")
    assert (user, hashed) == ("pi", crypted(WANTED.password, hashed.split("$")[2]))
    assert "ssid=" + WANTED.wifi.encode().hex() in made["wpa_supplicant.conf"]


@pytest.mark.parametrize("kind", Layout, ids=lambda kind: kind.name)
def test_no_secret_stands_on_a_card_as_it_is(kind: Layout) -> None:
    text = "".join(files(kind, WANTED).values())
    assert WANTED.password not in text
    assert WANTED.passphrase not in text
    assert WANTED.password not in repr(WANTED)


def test_passwords_are_hashed_as_linux_does() -> None:
    """Compared with glibc's crypt, whose answers these are."""
    assert crypted("raspberry", "saltstring") == RASPBERRY
    assert crypted("Passwört" * 9, "abcdefgh./012345") == LONG
    assert crypted("x") != crypted("x")


def test_a_wifi_key_is_the_one_of_the_standard() -> None:
    """Of IEEE 802.11i, annex H.4."""
    assert wifi_key("password", "IEEE") == "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"


def test_plugged_in_cards_are_found_among_other_folders(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    bootfs = tmp_path / "bootfs"
    bootfs.mkdir()
    card(bootfs, "bookworm")
    assert list(mounted_cards(roots=(tmp_path, tmp_path / "none"))) == [bootfs]
    assert list(mounted_cards("win32")) == [], (
        "there are no drives with letters here, and asking does no harm"
    )


def test_the_command_writes_a_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    folder = tmp_path / "bootfs"
    folder.mkdir()
    card(folder, "bookworm")
    monkeypatch.setenv("HELIO_BOARDS", str(tmp_path / "boards"))
    command = ["board", "prepare", str(folder), "--name", "lab1", "--wifi", "home", "--country", "de"]
    monkeypatch.setattr("sys.stdin", io.StringIO("secret-word\npass-phrase\n"))
    assert main(command) == 0
    assert "helio board add pi@lab1.local --name lab1" in capsys.readouterr().out
    key = (tmp_path / "boards" / "keys" / "lab1.pub").read_text().split()[1]
    assert key in (folder / "custom.toml").read_text()
    monkeypatch.setattr("sys.stdin", io.StringIO("secret-word\nshort\n"))
    assert main(command) == 2
    assert main(command[:-2]) == 2
    assert "--country" in capsys.readouterr().err
