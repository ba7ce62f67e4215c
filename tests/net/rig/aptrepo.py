"""A signed apt repository on the laptop, with stand-ins for the makers' packages."""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.net.rig.lan import LAPTOP

_PLAYS: Final = Path(__file__).with_name("standin.py")
_PACKAGES: Final = {"telegraf": "telegraf", "influxdb2": "influxdb", "grafana": "grafana-server"}
_UNIT: Final = """\
[Unit]
Description=stand-in for {unit}
After=mosquitto.service
[Service]
ExecStart=python3 /usr/lib/{package}/standin.py {unit}
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
"""
_REMOVED: Final = '#!/bin/sh\n[ "$1" != purge ] || rm -rf /var/lib/{folder} /etc/{folder}\n'


@dataclass(frozen=True)
class AptRepository:
    """Where it is, and who signed it."""

    address: str
    fingerprint: str

    @property
    def key(self) -> str:
        return f"{self.address}/key.asc"

    def option(self, name: str, fingerprint: str = "") -> str:
        """Return it as ``--repository`` takes it."""
        return f"--repository={name}={self.address}/{name},{self.key},{fingerprint or self.fingerprint}"


@contextmanager
def apt_repository(folder: Path) -> Iterator[AptRepository]:
    """Build packages, sign their list, and serve them; this thread must be inside the network of the rig."""
    served, home = folder / "served", folder / "gpg"
    pool = served / "pool"
    pool.mkdir(parents=True)
    home.mkdir(mode=0o700)
    for package, unit in _PACKAGES.items():
        _build(folder / package, pool, package, unit)
    fingerprint = _sign(served, home)
    for name in ("influxdata", "grafana"):  # apt takes one address for one repository
        (served / name).symlink_to(".")
    handler = partial(_Quiet, directory=str(served))
    with http.server.ThreadingHTTPServer((LAPTOP, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield AptRepository(f"http://{LAPTOP}:{server.server_address[1]}", fingerprint)
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _build(root: Path, pool: Path, package: str, unit: str) -> None:
    folder = {"influxdb2": "influxdb", "grafana": "grafana"}.get(package, package)
    control = f"Package: {package}\nVersion: 2.0\nArchitecture: all\nMaintainer: Tests <tests@example.org>\n"
    files = {
        "DEBIAN/control": f"{control}Depends: python3\nDescription: stand-in\n",
        "DEBIAN/postrm": _REMOVED.format(folder=folder),
        f"usr/lib/{package}/standin.py": _PLAYS.read_text(),
        f"lib/systemd/system/{unit}.service": _UNIT.format(unit=unit, package=package),
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / "DEBIAN/postrm").chmod(0o755)
    (root / "var/lib" / folder).mkdir(parents=True)
    command = ["dpkg-deb", "--build", "--root-owner-group", str(root), str(pool / f"{package}_2.0_all.deb")]
    subprocess.run(command, check=True, capture_output=True)


def _sign(served: Path, home: Path) -> str:
    lists = served / "dists/stable/main/binary-amd64"
    lists.mkdir(parents=True)
    entries = []
    for deb in sorted((served / "pool").glob("*.deb")):
        fields = subprocess.run(["dpkg-deb", "-f", deb], check=True, capture_output=True, text=True).stdout
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        entries.append(f"{fields}Filename: pool/{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n")
    (lists / "Packages").write_text("\n".join(entries))
    packages = (lists / "Packages").read_bytes()
    release = "Origin: tests\nSuite: stable\nCodename: stable\nArchitectures: amd64 all\nComponents: main\n"
    release += "Date: Mon, 01 Jan 2024 00:00:00 UTC\nSHA256:\n"
    release += f" {hashlib.sha256(packages).hexdigest()} {len(packages)} main/binary-amd64/Packages\n"
    (served / "dists/stable/Release").write_text(release)
    gpg = [
        "gpg",
        "--batch",
        "--quiet",
        "--homedir",
        str(home),
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
    ]
    run = partial(
        subprocess.run, check=True, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}
    )
    run([*gpg, "--quick-generate-key", "tests@example.org", "ed25519", "sign", "never"])
    run(
        [
            *gpg,
            "--clearsign",
            "--output",
            str(served / "dists/stable/InRelease"),
            str(served / "dists/stable/Release"),
        ]
    )
    run([*gpg, "--armor", "--output", str(served / "key.asc"), "--export"])
    listed = run([*gpg, "--list-keys", "--with-colons"]).stdout
    run(["gpgconf", "--homedir", str(home), "--kill", "all"])
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
