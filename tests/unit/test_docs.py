"""The documentation tells what the program has, all of it, and nothing that it has not."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import inspect
import re
from collections import defaultdict
from pathlib import Path

import pytest
from starlette.routing import Route, WebSocketRoute

from docs.make_settings import renewed
from heliograph import errors
from heliograph.api.app import ROUTES
from heliograph.cli.main import COMMANDS
from heliograph.config.keys import keys
from heliograph.hub.counters import Counters
from heliograph.inputs.registry import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "heliograph"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Return what stands below a second-level heading."""
    parts = re.split(r"^## (.*)$", text(page), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert heading in found, f"{page} has no section {heading!r}"
    return found[heading]


def first_cells(table: str) -> list[str]:
    """Return the words in code type that begin the rows of the tables in a text."""
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def test_every_setting_is_told_as_it_is() -> None:
    page = text("docs/settings.md")
    assert page == renewed(page), "run: python docs/make_settings.py"
    assert sorted(first_cells(section("docs/settings.md", "All settings"))) == sorted(keys())


def variables_in_source() -> set[str]:
    words = {
        node.value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {word for word in words if re.fullmatch(r"HELIO_[A-Z_]*[A-Z]", word)}


def test_every_environment_variable_is_told_and_no_other() -> None:
    of_settings = {key.variable for key in keys().values()}
    told = set(first_cells(section("docs/settings.md", "Other variables")))
    assert told == variables_in_source() - of_settings
    mentioned = {
        word for page in PAGES for word in re.findall(r"HELIO_[A-Z_]*[A-Z]\b", page.read_text("utf-8"))
    }
    unknown = mentioned - of_settings - told - {"HELIO_SECTION_KEY"}
    assert not unknown, f"no such variables: {unknown}"


def flags(parser: argparse.ArgumentParser) -> set[str]:
    """Return all long options of a parser and of those below it."""
    found: set[str] = set()
    for action in parser._actions:
        found |= {option for option in action.option_strings if option.startswith("--")}
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found |= flags(below)
    return found - {"--help"}


QUOTED = defaultdict[str, set[str]](set, {"replay": {"--record"}})
"""Options of other commands that a command's section names."""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_told_and_no_other(command: str) -> None:
    parser = argparse.ArgumentParser()
    importlib.import_module(f"heliograph.cli.{command}").configure(parser)
    page = section("docs/commands.md", f"helio {command}")
    if "](#connecting-to-a-broker)" in page:
        page += section("docs/commands.md", "Connecting to a broker")
    if "](#helio-up)" in page:
        page += section("docs/commands.md", "helio up")
    assert set(re.findall(r"`(--[a-z][a-z0-9-]*)", page)) - QUOTED[command] == flags(parser)


def test_every_input_is_told_and_no_other() -> None:
    assert {
        cell for cell in first_cells(section("docs/commands.md", "helio agent")) if cell[0] != "-"
    } == set(BUILT_IN)


def test_every_command_told_exists() -> None:
    headings = re.findall(r"^## helio (\S+)$", text("docs/commands.md"), re.MULTILINE)
    assert sorted(headings) == sorted(COMMANDS)
    for page in PAGES:
        for word in re.findall(
            r"(?<![#\w])helio ([a-z]+)\b", "\n".join(re.findall(r"`[^`]*`", page.read_text("utf-8")))
        ):
            assert word in COMMANDS, f"{page.name} tells of helio {word}"


def test_every_route_is_told_and_no_other() -> None:
    routes = set()
    for route in ROUTES:
        assert isinstance(route, Route | WebSocketRoute), route
        methods = route.methods if isinstance(route, Route) else {"GET"}
        path = route.path.replace(":path", "")
        routes |= {f"{method} {path}" for method in (methods or set()) - {"HEAD"}}
    told = re.findall(r"`((?:GET|POST|PUT|DELETE|PATCH) /[^`?]*)`", text("docs/http.md"))
    assert set(told) == routes


def test_every_counter_is_told_and_no_other() -> None:
    told = first_cells(section("docs/http.md", "Counters"))
    assert sorted(told) == sorted(field.name for field in dataclasses.fields(Counters))


def test_every_error_stands_in_the_picture() -> None:
    classes = {
        name for name, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, errors.Error)
    }
    picture = (errors.__doc__ or "").split("Three class attributes")[0]
    assert set(re.findall(r"\b([A-Z][a-zA-Z]+)(?=\(|  |$)", picture, re.MULTILINE)) >= classes


def test_every_folder_has_its_paragraph() -> None:
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    told = set(first_cells(section("ARCHITECTURE.md", "Folders")))
    assert {name.rstrip("/") for name in told if not name.startswith(("tests", "web"))} == folders


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):.*## ", text("Makefile"), re.MULTILINE))


def test_every_make_target_is_told_and_no_other() -> None:
    makefile = text("Makefile").replace("\\\n", " ")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    assert make_targets() == set(phony[1].split())
    told = {
        cell.split()[1]
        for cell in first_cells(section("docs/develop.md", "Commands"))
        if cell.startswith("make ")
    }
    assert told == make_targets()
    for page in PAGES:
        for word in re.findall(r"`make ([a-z0-9-]+)", page.read_text("utf-8")):
            assert word in make_targets(), f"{page.name} tells of make {word}"


def test_the_readme_shows_the_two_commands_and_stays_short() -> None:
    readme = text("README.md")
    assert "make up" in readme
    assert "make test" in readme
    assert readme.count("\n") <= 150


def slug(heading: str) -> str:
    """Return the anchor that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        linked = page if not name else page.parent / name
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text("utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, f"{page.name} links to {target}"
