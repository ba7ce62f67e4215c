"""What is on a freshly flashed card: a Debian root folder, made once from packages and never written to.

``pi`` with the password ``raspberry`` may use sudo without one, as on Raspberry Pi OS. Host keys are made at
the first start, so each board has its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

KEPT: Final = Path("/var/tmp/heliograph-rig")  # noqa: S108  a cache of the machine, not of a user
USER: Final = "pi"
PASSWORD: Final = "raspberry"
PACKAGES: Final = (
    *("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3", "python3-venv"),
    *("iproute2", "procps", "ca-certificates", "avahi-daemon", "libnss-mdns", "rsync"),
)
_HOST_SOURCES: Final = Path("/etc/apt/sources.list.d/debian.sources")
_CA_BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_PROGRAMS: Final = ("mmdebstrap", "systemd-nspawn", "slirp4netns", "nft", "ip", "setpriv", "ssh-keygen")
# Units that need a real kernel, or would fetch something behind the tests' back.
_MASKED: Final = (
    *("systemd-modules-load.service", "kmod-static-nodes.service", "e2scrub_all.timer"),
    *("apt-daily.timer", "apt-daily-upgrade.timer", "systemd-networkd-wait-online.service"),
)
_FINISH: Final = """
set -eu
root=$1
chroot "$root" useradd --create-home --shell /bin/bash --groups sudo pi
echo pi:raspberry | chroot "$root" chpasswd
echo 'pi ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/010_pi-nopasswd"
chmod 440 "$root/etc/sudoers.d/010_pi-nopasswd"
rm -f "$root"/etc/ssh/ssh_host_* "$root/usr/sbin/policy-rc.d"
: > "$root/etc/machine-id"
mkdir -p "$root/var/log/journal" "$root/etc/systemd/system" "$root/run/systemd"
"""


def base_image(suite: str = "", architecture: str = "") -> Path:
    """Return the root folder of a suite, this machine's own by default; made unless kept from another run.

    With ``architecture``, as Debian calls it, this machine's kernel must know who runs its programs.
    """
    suite = suite or _host_suite()
    KEPT.mkdir(parents=True, exist_ok=True)
    recipe = repr((suite, PACKAGES, _MASKED, _FINISH)).encode()
    name = f"{suite}-{architecture}" if architecture else suite
    root = KEPT / f"{name}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    with (KEPT / f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            making = root.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            _make(making, suite, architecture)
            making.rename(root)
    return root


def why_not() -> str:
    """Return why there can be no boards on this machine; empty if there can."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0:
        return "boards of the rig need root"
    if missing:
        return f"boards of the rig need {', '.join(missing)} (make test-boards installs them)"
    if not _HOST_SOURCES.exists() or not Path("/dev/net/tun").exists():
        return "boards of the rig need a Debian with its own sources, and /dev/net/tun"
    return ""


def _make(root: Path, suite: str, architecture: str) -> None:
    sources = root.with_suffix(".sources")
    sources.write_text(_HOST_SOURCES.read_text().replace(_host_suite(), suite))
    finish = root.with_suffix(".sh")
    finish.write_text(_FINISH)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    command += ['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"']
    command += ['--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Check-Date "false"']
    command += ["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*"]
    command += [f"--architectures={architecture}"] if architecture else []
    command += [f'--customize-hook=sh {finish} "$1"', suite, str(root), str(sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, f"mmdebstrap:\n{done.stderr[-3000:]}"
    shutil.copy(sources, root / "etc/apt/sources.list.d/debian.sources")
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for left in (root / "etc/apt/sources.list.d").glob("0*"):
        left.unlink()
    for unit in _MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    _let_in_to_the_registries(root)


def _host_suite() -> str:
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    return release["VERSION_CODENAME"].strip('"')


def _let_in_to_the_registries(root: Path) -> None:
    """Give the image what this machine needs to fetch packages: options of apt, and its certificates."""
    for options in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(options, root / "etc/apt/apt.conf.d")
    if _CA_BUNDLE.exists():
        shutil.copy(_CA_BUNDLE.resolve(), root / _CA_BUNDLE.relative_to("/"))
    (root / "etc/pip.conf").write_text(f"[global]\ncert = {_CA_BUNDLE}\ndisable-pip-version-check = true\n")
