"""Writes the table of docs/settings.md from the tree of settings: ``python docs/make_settings.py``."""

from __future__ import annotations

from pathlib import Path

from heliograph.config.keys import keys, sections
from heliograph.config.sample import descriptions

PAGE = Path(__file__).with_name("settings.md")
BEGIN = "<!-- from config/tree.py, by docs/make_settings.py -->\n"
END = "<!-- end -->\n"


def table() -> str:
    """Return one row for each setting: its name, its default as in a TOML file, what it means."""
    told = descriptions()
    rows = ["| setting | default | |", "|---|---|---|"]
    for path, key in keys().items():
        words = " ".join(told[f"{sections()[key.section].__name__}.{key.name}"].split())
        rows.append(f"| `{path}` | `{key.kind.encode(key.default)}` | {words} |")
    return "\n".join(rows) + "\n"


def renewed(page: str) -> str:
    """Return the text of the page with the table as it must be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
