"""The wheels that a board installs, fetched or made on the laptop, so that the board needs no internet.

Ours is packed from the very files that run here. Of its dependencies the board gets the versions that are
installed here, built for its own architecture and Python, fetched once by pip and kept.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib.metadata
import io
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heliograph.board.facts import Facts
from heliograph.errors import BoardUnfit, ConfigError

_PACKED: Final = {".py", ".pyi", ".json", ".typed"}
_FETCH_SECONDS: Final = 600.0
_PLATFORMS: Final[dict[str, str]] = {"x86_64": "x86_64", "aarch64": "aarch64", "armv7l": "armv7l"}
_GLIBCS: Final = (17, 24, 26, 27, 28, 31, 34, 35, 36)
"""The glibc versions that wheels are built for, 2.17 and so on; 2.17 is manylinux2014 too."""
_EPOCH: Final = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel's file, and the digest by which the board knows whether it has it."""

    path: Path
    digest: str

    @property
    def requirement(self) -> str:
        """A line for pip that takes this very file and no other."""
        name, version = self.path.name.split("-")[:2]
        return f"{name.replace('_', '-')}=={version} --hash=sha256:{self.digest}"


def of_file(path: Path) -> Wheel:
    """Return a wheel that lies on this laptop."""
    return Wheel(path, hashlib.sha256(path.read_bytes()).hexdigest())


def pack_own(folder: Path, *, page: bool) -> Wheel:
    """Pack the package that runs here as a wheel for all machines; equal files give an equal wheel.

    Args:
        folder: where it is put.
        page: take the hub's page too, which only a hub needs.

    Raises:
        ConfigError: the folder cannot be written, or the package was never installed.
    """
    try:
        ours = importlib.metadata.distribution("heliograph")
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(_not_installed("heliograph")) from None
    metadata = ours.read_text("METADATA") or ours.read_text("PKG-INFO") or ""
    import heliograph

    root = Path(heliograph.__file__).parent
    info = f"heliograph-{ours.version}.dist-info"
    files = {
        f"heliograph/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in _files(root, page=page)
    }
    files[f"{info}/METADATA"] = metadata.encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: heliograph\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\nhelio = heliograph.cli.main:main\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"heliograph-{ours.version}-py3-none-any.whl"
        # Another helio may be sending the one that is there to a board.
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        new.write_bytes(_archive(files, f"{info}/RECORD"))
        new.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=folder) from error
    return of_file(path)


def _files(root: Path, *, page: bool) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        of_page = inside[0] == "page"
        wanted = page if of_page else path.suffix in _PACKED
        if wanted and path.is_file() and "__pycache__" not in inside:
            yield path


def _archive(files: dict[str, bytes], record: str) -> bytes:
    lines = [f"{name},sha256={_record_digest(content)},{len(content)}" for name, content in files.items()]
    files = files | {record: "\n".join([*lines, f"{record},,", ""]).encode()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _record_digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def pinned_dependencies(*extras: str) -> list[str]:
    """Return ``name==version`` of all that our package with these extras needs, as it is installed here.

    Raises:
        ConfigError: something of it is not installed here.
    """
    pinned: dict[str, str] = {}
    wanted = [("heliograph", frozenset(extras))]
    seen = set()
    while wanted:
        name, asked = wanted.pop()
        if (name, asked) in seen:
            continue
        seen.add((name, asked))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            raise ConfigError(_not_installed(name)) from error
        if name != "heliograph":
            pinned[name] = distribution.version
        wanted += _needs(distribution.requires or [], asked)
    return sorted(f"{name}=={version}" for name, version in pinned.items())


def _not_installed(name: str) -> str:
    return f"{name} is not installed here, so its version is not known; pip install 'heliograph[hub]'"


def _needs(requirements: list[str], extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a package needs with these extras, on Linux; those for other systems are left out."""
    for requirement in requirements:
        text, _, marker = requirement.partition(";")
        match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?", text)
        assert match is not None  # noqa: S101  each requirement begins with a name
        named = set(re.findall(r"extra *== *['\"]([^'\"]+)", marker))
        if named and not named & extras:
            continue
        if re.search(
            r"(platform_system|sys_platform|os_name) *== *['\"](Windows|win32|nt|darwin|Darwin)", marker
        ):
            continue
        if re.search(r"(python_version|python_full_version) *<=? *['\"]3\.([0-9]|1[01])\b", marker):
            continue
        more = frozenset(part.strip() for part in (match[2] or "").split(",") if part.strip())
        yield re.sub(r"[-_.]+", "-", match[1]).lower(), more


async def fetch(requirements: list[str], facts: Facts, board: str, cache: Path) -> list[Wheel]:
    """Return the wheels of these requirements for a board, from the cache or by pip.

    Raises:
        BoardUnfit: there are no wheels for such a board, or they cannot be fetched.
    """
    python = "".join(map(str, facts.python[:2]))
    digest = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:12]
    folder = cache / f"{facts.arch}-cp{python}-{digest}"
    if not (folder / "whole").exists():
        folder.mkdir(parents=True, exist_ok=True)
        await _download(requirements, facts, board, folder)
        (folder / "whole").touch()
    return [of_file(path) for path in sorted(folder.glob("*.whl"))]


async def _download(requirements: list[str], facts: Facts, board: str, folder: Path) -> None:
    arch = _PLATFORMS.get(facts.arch)
    if arch is None:
        advice = "flash a system for armv7 or, better, the 64-bit one"
        raise BoardUnfit(board, f"for {facts.arch} there are no wheels of all that is needed", advice)
    newest = facts.libc[1] if len(facts.libc) > 1 else 28
    platforms = [f"manylinux2014_{arch}", f"linux_{arch}"]
    platforms += [f"manylinux_2_{glibc}_{arch}" for glibc in _GLIBCS if glibc <= newest]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation=cp", f"--python-version={'.'.join(map(str, facts.python[:2]))}"]
    command += [f"--platform={platform}" for platform in platforms]
    process = await asyncio.create_subprocess_exec(
        *(*command, "--dest", str(folder), *requirements),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_FETCH_SECONDS):
            _, complaint = await process.communicate()
    except TimeoutError as error:
        advice = "is this laptop's network slow? The same command again goes on with what pip has kept"
        reason = f"the wheels were not fetched within {_FETCH_SECONDS:g} s"
        raise BoardUnfit(board, reason, advice) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        said = _reason(complaint.decode(errors="replace"))
        advice = "is this laptop on the internet? What was fetched once is kept, and then needs none"
        raise BoardUnfit(
            board,
            f"the wheels for {facts.arch}, Python {facts.python_text} cannot be fetched: {said}",
            advice,
        )


def _reason(complaint: str) -> str:
    """Return what pip says went wrong, without its tries and addresses."""
    errors = [line.removeprefix("ERROR: ") for line in complaint.splitlines() if line.startswith("ERROR: ")]
    if "Failed to establish a new connection" in complaint or "Name or service not known" in complaint:
        return "the package registry is not reached"
    return errors[-1] if errors else complaint.strip()[-300:] or "pip says nothing"
