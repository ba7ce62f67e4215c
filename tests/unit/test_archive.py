"""Backups: what goes in comes out, and what is changed, missing or cut off is noticed."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.errors import ConfigError, StoreError
from heliograph.store.archive import crypt
from heliograph.store.archive.read import unpack
from heliograph.store.archive.write import ArchiveWriter

FILES = {
    "catalog.db": b"c" * 1_000,
    "operator.token": b"secret\n",
    "nats/hub.password": b"",
    "segments/a b%2Fc/m/1-x-1.0a0b0c0d.parquet": bytes(range(256)) * 3_000,
    f"segments/{'n' * 120}/{'m' * 120}/1-x-2.parquet": b"long names",
}


def made(folder: Path, files: dict[str, bytes]) -> bytes:
    writer = ArchiveWriter()
    pieces: list[bytes] = []
    for name, content in files.items():
        path = folder / "source"
        path.write_bytes(content)
        pieces += writer.add(name, path)
    pieces += writer.end()
    return b"".join(pieces)


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made(tmp_path_factory.mktemp("archive"), FILES)


def test_a_backup_is_unpacked_as_it_was(backup: bytes, tmp_path: Path) -> None:
    manifest = unpack(io.BytesIO(backup), tmp_path / "new")
    there = {str(p.relative_to(tmp_path / "new")): p for p in (tmp_path / "new").rglob("*") if p.is_file()}
    assert {name: path.read_bytes() for name, path in there.items()} == FILES
    assert {path.stat().st_mode & 0o777 for path in there.values()} == {0o600}
    assert {name: entry.size_bytes for name, entry in manifest.files.items()} == {
        name: len(content) for name, content in FILES.items()
    }


@settings(max_examples=40)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(backup: bytes, at: float, bit: int) -> None:
    unpacked = bytearray(zstandard.ZstdDecompressor().decompressobj().decompress(backup))
    spot = int(at * len(unpacked))
    unpacked[spot] ^= 1 << bit
    changed = io.BytesIO(zstandard.ZstdCompressor().compress(bytes(unpacked)))
    try:
        manifest = unpack(changed, None)
    except StoreError:
        return
    # in a header there are bits that mean nothing to us: the file's owner, or padding
    assert {n: e.size_bytes for n, e in manifest.files.items()} == {n: len(c) for n, c in FILES.items()}


@settings(max_examples=30)
@given(st.floats(0, 1, exclude_max=True))
def test_what_is_cut_off_is_noticed(backup: bytes, part: float) -> None:
    with pytest.raises(StoreError):
        unpack(io.BytesIO(backup[: int(part * len(backup) * 0.99)]), None)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "segments/../../x/y.parquet", "nats/nats.conf", "run.json"]
)
def test_files_that_no_hub_has_are_refused(name: str, tmp_path: Path) -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(StoreError, match="which no hub puts there"):
        unpack(io.BytesIO(zstandard.ZstdCompressor().compress(plain.getvalue())), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_list_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no catalogue"):
        unpack(io.BytesIO(made(tmp_path, {"operator.token": b"x"})), None)
    with pytest.raises(StoreError):
        unpack(io.BytesIO(b"not a backup"), None)


@pytest.mark.thorough
@settings(max_examples=15)
@given(
    content=st.binary(max_size=300),
    repeat=st.sampled_from([1, 500]),
    cuts=st.lists(st.integers(1, 70_000), max_size=4),
)
def test_what_is_sealed_is_opened_with_the_passphrase_alone(
    content: bytes, repeat: int, cuts: list[int]
) -> None:
    whole = content * repeat
    sealed = io.BytesIO()
    sealing = crypt.Sealing(sealed, "correct horse")
    rest = whole
    for cut in cuts:
        sealing.write(rest[:cut])
        rest = rest[cut:]
    sealing.write(rest)
    sealing.end()
    sealed.seek(0)
    assert crypt.is_sealed(sealed)
    assert io.BufferedReader(crypt.Opened(sealed, "correct horse")).read() == whole
    with pytest.raises(ConfigError, match="not the passphrase"):
        io.BufferedReader(crypt.Opened(sealed, "wrong horse")).read()


@pytest.mark.parametrize("damage", ["bit", "end", "order"])
def test_a_changed_sealed_backup_is_noticed(damage: str) -> None:
    sealed = io.BytesIO()
    sealing = crypt.Sealing(sealed, "correct horse")
    sealing.write(bytes(200_000))
    sealing.end()
    data = bytearray(sealed.getvalue())
    head, piece = len(crypt.MAGIC) + 16, 64 * 1024 + 16
    if damage == "bit":
        data[head + piece + 5] ^= 1
    elif damage == "end":
        del data[head + 2 * piece :]
    else:
        data[head + piece : head + 3 * piece] = (
            data[head + 2 * piece : head + 3 * piece] + data[head + piece : head + 2 * piece]
        )
    with pytest.raises(StoreError, match="damaged or cut short"):
        io.BufferedReader(crypt.Opened(io.BytesIO(data), "correct horse")).read()
