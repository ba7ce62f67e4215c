"""The house rules that no linter knows: sizes, names, bounds, and what no file may hold."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "heliograph"
GENERATED = {
    ".git",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "build",
    "dist",
    "node_modules",
    "page",
}

LONG_FILES: dict[str, str] = {}
"""Files that may be longer than the rule, each with the reason and the date."""

LONG_FUNCTIONS: dict[str, str] = {}
"""Functions (``file:name``) that may be longer than the rule, each with the reason and the date."""

FULL_FOLDERS: dict[str, str] = {
    "src/heliograph/api": "one module for each group of our own routes, 2026-11-23",
    "src/heliograph/cli": "one module for each command, 2026-11-23",
    "src/heliograph/cli/boards": "one module for each action of helio board, 2026-11-23",
    "src/heliograph/hub": "one module for each way of points and each duty of a hub, 2026-11-23",
    "src/heliograph/store": "one module for each thing that happens to points on disk, 2026-11-23",
    "src/heliograph/api/influxdb": "one module for each group of its routes, 2026-11-23",
    "src/heliograph/inputs": "one module for each input, 2026-11-23",
}
"""Folders that may hold more modules than the rule."""

BOUNDED_BY_HAND: dict[str, str] = {
    "src/heliograph/transport/mqtt_client.py": "reading stops while the inbox is full, 2026-11-23",
    "src/heliograph/transport/mqtt_client_slots.py": "one place for each caller that waits, 2026-11-23",
}
"""Files whose deque or queue has its bound elsewhere than in its constructor, and where."""


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in GENERATED:
                yield from _below(path)
        elif path.is_file():
            yield path


@functools.cache
def all_files() -> list[Path]:
    """Return the files of the repository, without what is generated or installed."""
    return sorted(_below(ROOT))


def files(*patterns: str) -> list[Path]:
    """Return those whose names match."""
    return [path for path in all_files() if any(path.match(pattern) for pattern in patterns)]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


@dataclass(frozen=True, slots=True)
class Call:
    """One call in a file."""

    word: str
    """The last word of what is called."""
    line: int
    positional: int
    keywords: frozenset[str | None]
    text: str
    """As it is written, where a rule asks for it."""


@functools.cache
def syntax(path: Path) -> tuple[list[Call], dict[str, int]]:
    """Return the calls of a file, and its functions with their lengths in lines; files are parsed once."""
    called: list[Call] = []
    functions: dict[str, int] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            target = node.func.value if isinstance(node.func, ast.Subscript) else node.func
            word = getattr(target, "attr", getattr(target, "id", ""))
            text = ast.unparse(node) if word in {"create_connection", "sleep"} else ""
            keywords = frozenset(given.arg for given in node.keywords)
            called.append(Call(word, node.lineno, len(node.args), keywords, text))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            functions[node.name] = max(length, functions.get(node.name, 0))
    return called, functions


def calls(path: Path) -> list[Call]:
    return syntax(path)[0]


def test_the_walk_finds_the_repository() -> None:
    found = {name(path) for path in files("*.py", "*.toml")}
    assert {"pyproject.toml", "src/heliograph/errors.py", "tests/unit/test_house.py"} <= found


@pytest.mark.parametrize(
    ("pattern", "folder", "limit"),
    [
        ("*.py", "src", 600),
        ("*.py", "tests", 900),
        ("*.py", "bench", 600),
        ("*.ts", "web", 300),
        ("*.tsx", "web", 300),
    ],
)
def test_files_fit_one_head(pattern: str, folder: str, limit: int) -> None:
    long = {
        name(path): lines(path)
        for path in files(pattern)
        if name(path).startswith(f"{folder}/") and lines(path) > limit
    }
    assert not long.keys() - LONG_FILES.keys(), f"over {limit} lines: {long}; split, or give a reason here"


def test_functions_fit_one_screen() -> None:
    long = {
        f"{name(path)}:{function}": length
        for path in files("*.py")
        for function, length in syntax(path)[1].items()
        if length > 80
    }
    assert not long.keys() - LONG_FUNCTIONS.keys(), f"functions over 80 lines: {long}"


def test_folders_stay_readable() -> None:
    crowded = {}
    for folder in {path.parent for path in files("*.py") if SOURCE in path.parents}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        if len(modules) > 15:
            crowded[name(folder)] = len(modules)
    assert not crowded.keys() - FULL_FOLDERS.keys(), f"more than 15 modules: {crowded}"


def test_exceptions_are_still_needed() -> None:
    named = {*LONG_FILES, *FULL_FOLDERS, *BOUNDED_BY_HAND, *(key.split(":")[0] for key in LONG_FUNCTIONS)}
    gone = sorted(entry for entry in named if not (ROOT / entry).exists())
    assert not gone, f"exceptions for what is no longer there: {gone}"


def test_nothing_is_called_by_a_name_that_collects_everything() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
    bad = [
        name(path)
        for path in files("*.py", "*.ts", "*.tsx")
        if empty & {path.stem, *path.relative_to(ROOT).parts}
    ]
    assert not bad, f"name the thing instead: {bad}"


def test_init_files_only_name_what_is_inside() -> None:
    bad = [
        name(path)
        for path in files("__init__.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    assert not bad, f"definitions in __init__.py: {bad}"


def test_every_queue_has_a_bound() -> None:
    bound = {
        "deque": ("maxlen", 2),
        "Queue": ("maxsize", 1),
        "LifoQueue": ("maxsize", 1),
        "PriorityQueue": ("maxsize", 1),
    }
    loose = []
    for path in files("*.py"):
        if SOURCE not in path.parents or name(path) in BOUNDED_BY_HAND:
            continue
        for call in calls(path):
            if call.word == "SimpleQueue":
                loose.append(f"{name(path)}:{call.line}")
            if call.word in bound:
                keyword, position = bound[call.word]
                if call.positional < position and keyword not in call.keywords:
                    loose.append(f"{name(path)}:{call.line}")
    assert not loose, f"queues without a bound: {loose}"


def test_waits_on_the_network_end() -> None:
    """These take no limit from ``asyncio.timeout``, so it stands in the call."""
    endless = [
        f"{name(path)}:{call.line}"
        for path in files("*.py")
        for call in calls(path)
        if call.word in {"urlopen", "create_connection"}
        and "timeout" not in call.keywords
        and not re.match(r"[\w.()]*loop[\w.()]*\.create_connection\b", call.text)
    ]
    assert not endless, f"network calls without a timeout: {endless}"


def test_unit_tests_do_not_sleep() -> None:
    asleep = [
        f"{name(path)}:{call.line}"
        for path in files("*.py")
        if name(path).startswith(("tests/unit/", "tests/golden/"))
        # On the clock that jumps sleeping takes no time.
        and "from heliograph.testing import" not in path.read_text(encoding="utf-8")
        for call in calls(path)
        if call.word == "sleep" and call.text != "asyncio.sleep(0)"
    ]
    assert not asleep, f"wait for what happens, not for time: {asleep}"


def test_tests_stand_where_their_kind_stands() -> None:
    kinds = {"unit", "golden", "real", "net", "browser", "security"}
    strays = [
        name(path)
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.relative_to(ROOT / "tests").parts[0] not in kinds
    ]
    assert not strays, f"tests outside {sorted(kinds)}: {strays}"


def test_mocks_say_why() -> None:
    silent = [
        f"{name(path)}:{number}"
        for path in files("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.match(r"\s*(from unittest import mock|from unittest.mock|import unittest.mock)", line)
        and "#" not in line
    ]
    assert not silent, f"a fake is better; a mock needs its reason on the line: {silent}"


def test_only_programs_set_up_logging() -> None:
    bad = [
        f"{name(path)}:{call.line}"
        for path in files("*.py")
        if SOURCE in path.parents and path.relative_to(SOURCE).parts[0] not in {"cli", "hub", "app"}
        for call in calls(path)
        if call.word in {"basicConfig", "setLevel", "dictConfig"}
    ]
    assert not bad, f"logging is set up by programs, not by libraries: {bad}"


def test_nothing_is_left_unfinished() -> None:
    # Put together, so that this file does not find itself.
    unfinished = re.compile(
        "|".join(["raise NotImplemented" + "Error", "# *(TODO|FIX" + "ME|XXX)", "assert Tr" + "ue\\b"])
    )
    found = [
        f"{name(path)}:{number}"
        for path in files("*.py", "*.ts", "*.tsx", "*.sh")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if unfinished.search(line)
    ]
    assert not found, f"finish these: {found}"


def text_files() -> list[Path]:
    suffixes = {
        ".py",
        ".md",
        ".toml",
        ".txt",
        ".json",
        ".ts",
        ".tsx",
        ".js",
        ".mjs",
        ".html",
        ".css",
        ".sh",
        ".case",
        "",
    }
    return [path for path in files("*", ".*") if path.suffix in suffixes]


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile(
        "|".join(["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "deb" + r"\.debian"])
    )
    found = [
        name(path)
        for path in text_files()
        if hosts.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found, f"addresses of package registries: {found}"


def test_only_ci_knows_the_folder_beside_the_repository() -> None:
    beside = "../" + "shared"
    found = [
        name(path) for path in text_files() if beside in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert {path for path in found if not path.startswith(".ci/")} == set()


def test_lock_file_of_the_page_carries_no_addresses() -> None:
    for folder in ("web", "tests/real/mqtt_js"):
        assert '"resolved"' not in (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")


def pins(constraints: str) -> dict[str, set[str]]:
    """Return the hashes of each ``name==version`` line of a constraints file."""
    pinned: dict[str, set[str]] = {}
    current = ""
    for line in (ROOT / constraints).read_text(encoding="utf-8").splitlines():
        match = re.match(r"([A-Za-z0-9._-]+==[^ ;]+)", line)
        if match:
            current = match[1].lower()
            pinned[current] = set()
        elif line.strip().startswith("--hash="):
            pinned[current].add(line.split("=", 1)[1].rstrip(" \\"))
        else:
            assert not line.strip() or line.startswith("#"), f"{constraints}: what is {line!r}?"
    return pinned


def test_constraints_agree_and_every_pin_has_hashes() -> None:
    hub, device, dev = (pins(f"constraints{part}.txt") for part in ("", "-device", "-dev"))
    assert all(
        hashes for pinned in (hub, device, dev, pins("constraints-node.txt")) for hashes in pinned.values()
    )
    assert device.items() <= hub.items() <= dev.items(), "run make lock"


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for constraints, wanted in {
        "constraints-device.txt": project["dependencies"],
        "constraints.txt": [*extras["hub"], *extras["board"]],
        "constraints-dev.txt": extras["dev"],
    }.items():
        pinned = {pin.split("==")[0] for pin in pins(constraints)}
        names = {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in wanted}
        assert names <= pinned, f"{constraints} lacks {names - pinned}: run make lock"


def test_nothing_downloaded_is_kept() -> None:
    packed = files("*.whl", "*.gz", "*.zip", "*.deb", "*.jar")
    large = [
        path for path in files("*") if path.stat().st_size > 500_000 and path.suffix not in {".so", ".c"}
    ]
    assert [name(path) for path in (*packed, *large)] == []
