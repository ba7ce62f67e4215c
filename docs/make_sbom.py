"""Writes what a release is made of, as CycloneDX 1.6: ``python docs/make_sbom.py build/sbom.json``.

Pinned Python packages with their hashes from constraints.txt, and what is built into the page from its lock
file. It asks nobody: both files say all of it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent.parent
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_PYTHON: Final = "pypi"


def python_parts(constraints: str) -> list[dict[str, Any]]:
    """Return the packages of a constraints file."""
    parts: list[dict[str, Any]] = []
    for line in constraints.splitlines():
        if pinned := _PINNED.match(line):
            parts.append(_part(_PYTHON, pinned[1].lower(), pinned[2]))
        if parts and (found := _HASH.search(line)):
            # one for each wheel: a package has as many as platforms
            parts[-1].setdefault("externalReferences", [{"type": "distribution", "url": "", "hashes": []}])
            parts[-1]["externalReferences"][0]["hashes"].append({"alg": "SHA-256", "content": found[1]})
    for part in parts:
        for reference in part.get("externalReferences", []):
            reference["url"] = part["purl"]
    return parts


def page_parts(lock: str) -> list[dict[str, Any]]:
    """Return what stands in the page's scripts: npm's packages that are not for development only."""
    packages = json.loads(lock)["packages"]
    return [
        _part("npm", path.rpartition("node_modules/")[2], found["version"])
        | _integrity(found.get("integrity", ""))
        for path, found in sorted(packages.items())
        if path and not found.get("dev")
    ]


def _part(kind: str, name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:{kind}/{name.replace('@', '%40')}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _integrity(text: str) -> dict[str, Any]:
    algorithm, _, digest = text.partition("-")
    if algorithm != "sha512":
        return {}
    try:
        content = base64.b64decode(digest).hex()
    except binascii.Error:
        return {}
    return {"hashes": [{"alg": "SHA-512", "content": content}]}


def sbom(version: str) -> dict[str, Any]:
    """Return the whole document; the same input gives the same one."""
    parts = python_parts((HERE / "constraints.txt").read_text())
    parts += page_parts((HERE / "web" / "package-lock.json").read_text())
    name = "heliograph"
    own = {"type": "application", "bom-ref": name, "name": name, "version": version}
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(parts, sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {"component": own | {"licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": parts,
        "dependencies": [{"ref": name, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


if __name__ == "__main__":
    import tomllib

    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    path = Path(sys.argv[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    made = sbom(project["version"])
    path.write_text(json.dumps(made, indent=1) + "\n")
    sys.stdout.write(f"{path}: {len(made['components'])} parts\n")
