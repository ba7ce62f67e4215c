"""What a backup is: a tar in zstd, whose last member lists the size and SHA-256 of all others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from heliograph.errors import StoreError

FORM: Final = 1
MANIFEST: Final = "manifest.json"
CATALOG: Final = "catalog.db"
PIECE_BYTES: Final = 256 * 1024
_NAMES: Final = re.compile(
    r"catalog\.db|operator\.token|heliograph\.toml|nats/[a-z]+\.password|tls/ca\.(?:pem|key)"
    r"|(?:segments|rollups/1[mh])/[^/]+/[^/]+/[^/]+\.parquet"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in a backup."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    version: str
    """Of the hub that made it."""
    created_ns: int
    files: dict[str, Entry]

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in the backup."""
        files = {name: [entry.size_bytes, entry.sha256] for name, entry in self.files.items()}
        return {"form": FORM, "heliograph": self.version, "created_ns": self.created_ns, "files": files}

    @classmethod
    def from_json(cls, told: Any) -> Manifest:
        """Read it back.

        Raises:
            StoreError: it is none, or of a form that a later version made.
        """
        try:
            if told["form"] > FORM:
                raise StoreError(
                    f"this backup was made by a newer Heliograph ({told['heliograph']}); update this one"
                )
            files = {
                str(name): Entry(int(size), str(digest)) for name, (size, digest) in told["files"].items()
            }
            return cls(str(told["heliograph"]), int(told["created_ns"]), files)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(f"the list of files in the backup cannot be read: {error!r}") from error


def check_name(name: str) -> str:
    """Return a name that may stand in a backup.

    Raises:
        StoreError: it may not.
    """
    if not _NAMES.fullmatch(name) or "/../" in f"/{name}/" or "/./" in f"/{name}/":
        raise StoreError(f"the backup has a file {name!r}, which no hub puts there")
    return name
