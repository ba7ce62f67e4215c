"""``boards.toml``: read, written, asked for names, groups and all; and the work on many boards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from heliograph.board.fleet import each, exit_status
from heliograph.board.hostkeys import HostKey, Pins
from heliograph.board.inventory import Board, Inventory, boards_folder
from heliograph.errors import BoardUnreachable, ConfigError, Error, LoginRefused

BY_HAND = """
[defaults]
user = "pi"
[boards.lab1]
host = "lab1.local"
mac = "DC-A6-32-77-00-01"
groups = ["edge", "first"]
role = "device"
env = { SITE = "own" }
[boards."odd.name"]
host = "fd00::1"
port = 2222
user = "odroid"
groups = ["edge"]
[groups.edge]
env.SITE = "plant-2"
env.COUNT = 3
"""
KEY = HostKey("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIJ5pVQ==")


def read(folder: Path, text: str) -> Inventory:
    (folder / "boards.toml").write_text(text)
    return Inventory.read(folder)


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    inventory = read(tmp_path, BY_HAND)
    inventory.write()
    again = Inventory.read(tmp_path)
    assert again == inventory
    assert again.get("lab1") == Board(
        "lab1", "lab1.local", 22, "pi", "dc:a6:32:77:00:01", ("edge", "first"), "device", {"SITE": "own"}
    )
    assert again.get("odd.name").port == 2222
    assert again.variables(again.get("lab1")) == {"SITE": "own", "COUNT": "3"}
    assert again.variables(again.get("odd.name"))["SITE"] == "plant-2"
    assert inventory.path.stat().st_mode & 0o777 == 0o600


def test_a_change_keeps_what_another_command_wrote_meanwhile(tmp_path: Path) -> None:
    ours, theirs = Inventory.read(tmp_path), Inventory.read(tmp_path)
    theirs.update(lambda latest: latest.put(Board("lab1", "a")))
    ours.update(lambda latest: latest.put(Board("lab2", "b")))
    assert list(Inventory.read(tmp_path).boards) == list(ours.boards) == ["lab1", "lab2"]


def test_names_groups_and_all_are_boards_each_once(tmp_path: Path) -> None:
    inventory = read(tmp_path, BY_HAND)

    def names(*words: str) -> list[str]:
        return [board.name for board in inventory.targets(words)]

    assert names("all") == names("@edge") == names("odd.name", "lab1", "@first") == ["lab1", "odd.name"]
    assert names("@first") == ["lab1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lab2",), "there is no board 'lab2'; did you mean 'lab1'"),
        (("kitchen",), "helio board add ADDRESS --name kitchen"),
        (("@edgy",), "no board is in the group 'edgy'; there are edge, first"),
    ],
    ids=["near", "unknown", "group"],
)
def test_targets_that_do_not_exist_are_told(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, BY_HAND).targets(words)
    assert said in str(refused.value)


def test_no_boards_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="helio board find looks for some"):
        Inventory.read(tmp_path).targets(["all"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", "is not TOML"),
        ("[bords.x]\n", "the file has 'bords', known are defaults, boards, groups"),
        ("[boards.x]\n", "boards.x needs host"),
        ('[boards.x]\nhost = "h"\nport = "22"\n', "boards.x.port is to be of type int"),
        ('[boards.x]\nhost = "h"\npassword = "p"\n', "boards.x has 'password', known are host"),
        ('[boards."../x"]\nhost = "h"\n', "a board's name is letters"),
        ('[boards.all]\nhost = "h"\n', "a board's name is letters"),
        ("boards = 3\n", "boards is to be a table"),
    ],
    ids=["toml", "section", "host", "type", "secret", "path", "all", "table"],
)
def test_a_wrong_file_is_told_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
    assert "boards.toml" in str(refused.value) or "name is letters" in said


def test_the_folder_is_the_users_or_the_one_that_is_said() -> None:
    assert boards_folder({"HELIO_BOARDS": "/x"}) == Path("/x")
    assert boards_folder({}).name == "boards"


def test_a_pin_is_of_a_name_and_can_be_replaced(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "known_hosts")
    assert pins.get("lab1") is None
    other = HostKey("ssh-rsa", "AAAA")
    pins.pin("lab1", KEY)
    pins.pin("lab2", other)
    pins.pin("lab1", other)
    assert pins.path.read_text() == "lab1 ssh-rsa AAAA\nlab2 ssh-rsa AAAA\n"
    pins.forget("lab1")
    pins.forget("lab1")
    assert (pins.get("lab1"), pins.get("lab2")) == (None, other)


def test_a_damaged_pin_is_told_and_never_taken_as_no_pin(tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text("# a comment\n\nlab1 ssh-ed25519\n")
    with pytest.raises(ConfigError, match="known_hosts:3: expected a public key"):
        Pins(tmp_path / "known_hosts").get("lab1")


BOARDS = [Board(f"b{number}", "h") for number in range(20)]


async def test_one_board_that_fails_stops_no_other() -> None:
    at_work = most = 0

    async def work(board: Board) -> str:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        if board.name == "b3":
            raise LoginRefused(board.name, "no")
        if board.name == "b4":
            raise BoardUnreachable(board.name, "off")
        return board.name

    ended: list[str] = []
    outcomes = await each(BOARDS, work, at_once=5, ended=lambda outcome: ended.append(outcome.board.name))
    assert most == 5
    assert [outcome.board for outcome in outcomes] == BOARDS
    assert sorted(ended) == sorted(board.name for board in BOARDS)
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == ["b3: no", "b4: off"]
    assert [outcome.value for outcome in outcomes if not outcome.error] == [
        board.name for board in BOARDS if board.name not in {"b3", "b4"}
    ]
    assert exit_status(outcomes) == 1
    assert exit_status(outcomes[4:5]) == 3
    assert exit_status(outcomes[5:]) == 0


async def test_an_answer_that_does_not_come_is_not_our_own_limit() -> None:
    async def work(_: Board) -> None:
        raise TimeoutError

    (outcome,) = await each(BOARDS[:1], work)
    assert str(outcome.error) == "b0: it gave no answer in time"


async def test_a_board_that_takes_too_long_is_given_up() -> None:
    async def work(board: Board) -> None:
        if board.name == "b1":
            await asyncio.Event().wait()

    outcomes = await each(BOARDS[:2], work, within=0.01)
    assert [outcome.unreachable for outcome in outcomes] == [False, True]
    assert "--timeout" in str(outcomes[1].error)
    assert isinstance(outcomes[1].error, Error)
