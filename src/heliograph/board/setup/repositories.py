"""Makers' own package repositories: taken in only with the key that has the expected fingerprint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from heliograph.board.setup.steps import Step, file, no_file
from heliograph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a maker's packages are, and whose signature they have."""

    name: str
    address: str
    """Of the folder that has ``dists/``."""
    key: str
    """The address of the public key."""
    fingerprint: str
    """Of the key that signs, 40 digits; any other that comes along with it is left out."""
    suite: str = "stable"

    @property
    def keyring(self) -> str:
        """The file that apt takes the key from."""
        return f"/etc/apt/keyrings/heliograph-{self.name}.gpg"

    @property
    def source(self) -> str:
        """The file that tells apt of it."""
        return f"/etc/apt/sources.list.d/heliograph-{self.name}.sources"


MAKERS: Final[dict[str, Repository]] = {
    "influxdata": Repository(
        "influxdata",
        "https://repos.influxdata.com/debian",
        "https://repos.influxdata.com/influxdata-archive.key",
        "24C975CBA61A024EE1B631787C3D57159FC2F927",
    ),
    "grafana": Repository(
        "grafana",
        "https://apt.grafana.com",
        "https://apt.grafana.com/gpg.key",
        "B53AE77BADB630A683046005963FA27710458545",
    ),
}


def parse(texts: list[str]) -> dict[str, Repository]:
    """Return the makers' repositories, some replaced by ``NAME=ADDRESS,KEY,FINGERPRINT``, as for a mirror.

    Raises:
        ConfigError: it has another form.
    """
    repositories = dict(MAKERS)
    for text in texts:
        name, _, rest = text.partition("=")
        parts = rest.split(",")
        if name not in MAKERS or len(parts) != 3 or not re.fullmatch(r"[0-9A-Fa-f]{40}", parts[2]):
            expected = f"expected NAME=ADDRESS,KEY,FINGERPRINT with NAME one of {', '.join(MAKERS)}"
            raise ConfigError(f"{expected}; got {text!r}", key="--repository")
        if not all(re.fullmatch(r"https?://[A-Za-z0-9./:_-]+", part) for part in parts[:2]):
            raise ConfigError(f"expected addresses with http or https, got {rest!r}", key="--repository")
        repositories[name] = Repository(name, parts[0], parts[1], parts[2].upper())
    return repositories


def steps(repository: Repository) -> list[Step]:
    """Return the steps after which apt knows the repository; ``gpg`` must be there."""
    ring, print_ = repository.keyring, repository.fingerprint
    source = (
        "# Written by helio board setup.\n"
        f"Types: deb\nURIs: {repository.address}\nSuites: {repository.suite}\nComponents: main\n"
        f"Signed-By: {ring}\n"
    )
    primary = 'awk -F: \'$1 == "pub" {p = 1} $1 == "fpr" && p {print $10; p = 0}\''
    only = f"gpg --show-keys --with-colons {ring} | {primary}"
    fetch = (
        f'/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file {repository.key} "$GNUPGHOME/key"'
    )
    keyed = Step(
        f"key of {repository.name}",
        f'[ "$({only})" = {print_} ]',
        "GNUPGHOME=$(mktemp -d)\nexport GNUPGHOME\ntrap 'rm -rf \"$GNUPGHOME\"' EXIT\n"
        f"{fetch} || {{ echo 'the key cannot be fetched: does the board reach the internet?'; exit 1; }}\n"
        # Without an agent, which is not installed, it complains and imports; what came of it is looked at.
        'gpg -q --batch --no-autostart --import "$GNUPGHOME/key" || true\n'
        f'gpg -q --batch --export {print_} > "$GNUPGHOME/only"\n'
        f'[ -s "$GNUPGHOME/only" ] || {{ echo "the key there has another fingerprint than {print_}:"; '
        f"gpg --list-keys --with-colons | {primary}; exit 1; }}\n"
        f'mkdir -p /etc/apt/keyrings\ninstall -m 644 "$GNUPGHOME/only" {ring}',
        f"echo 'fetch {repository.key}, expect {print_}'",
    )
    told = file(repository.source, source)
    # What apt knows is as old as the file that told it of the repository.
    listed = Step(
        f"apt knows {repository.name}",
        f"[ {repository.source}.known -nt {repository.source} ] && "
        f"ls /var/lib/apt/lists/*{_listed(repository.address)}* >/dev/null",
        f"apt_get update -o Dir::Etc::SourceList={repository.source} -o Dir::Etc::SourceParts=/dev/null "
        "-o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any\nsleep 0.01\n"
        f"touch {repository.source}.known",
    )
    return [keyed, told, listed]


def removal(repositories: Mapping[str, Repository]) -> list[Step]:
    """Return what takes them away again."""
    return [
        no_file(path)
        for repository in repositories.values()
        for path in (repository.source, f"{repository.source}.known", repository.keyring)
    ]


def _listed(address: str) -> str:
    return address.split("://")[1].strip("/").replace("_", "%5f").replace("/", "_").replace(":", "*")
