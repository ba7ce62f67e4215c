"""The rig itself: what the other tests believe of its boards."""

from __future__ import annotations

import socket

import pytest

from tests.net.rig.board import RigBoard
from tests.net.rig.lan import LAPTOP, Lan, wait_until


def test_a_board_is_a_debian_of_its_own(board: RigBoard) -> None:
    wait_until(
        lambda: "running" in board.run("systemctl", "is-system-running", check=False), "all is started"
    )
    assert board.run("hostname") == "board1\n"
    assert board.mac in board.run("ip", "address", "show", "eth0")
    assert board.run("sudo", "-u", "pi", "sudo", "-n", "id", "-u") == "0\n"
    first = board.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    board.run("touch", "/root/mine")

    board.cut()
    with pytest.raises(OSError, match=r"timed out|No route"):
        socket.create_connection((board.address, 22), timeout=0.5)
    board.heal()
    board.wait_ssh()
    with socket.create_connection((board.address, 22), timeout=120) as connection:
        assert connection.recv(8).startswith(b"SSH-2.0-")
        assert connection.getsockname()[0] == LAPTOP

    board.power_cycle()
    assert board.run("ls", "/root") == "mine\n"
    board.flash_anew()
    assert board.run("ls", "/root") == ""
    assert board.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub") != first


def test_a_board_that_takes_the_place_of_one_without_internet_has_it(lan: Lan, board: RigBoard) -> None:
    def offline() -> str:
        return lan.run("nft", "list", "set", "inet", "rig", "offline").decode()

    board.go_offline()
    assert board.address in offline()
    board.flash_anew()
    assert board.address not in offline()
