"""Files on disk: read with their digest, placed whole or not at all.

Nothing is ever overwritten. A file appears at its place by a rename or a link, after all its bytes
are on the disk, so that a crash leaves at most a hidden ``.incoming-…`` beside it.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHUNK = 1 << 20
_INCOMING = ".incoming-"


class ContentDiffersError(Exception):
    """Something else already has that place."""


def sha256_of(path: Path) -> str:
    """Hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place_file(source: Path, destination: Path) -> str:
    """Copy a file to a place that is free; the copy's digest.

    Raises `ContentDiffersError` where the place is taken, ``OSError`` where the disk refuses.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with _incoming(destination.parent) as incoming:
        digest = _copy(source, incoming)
        try:
            # unlike a rename, a link never replaces
            os.link(incoming, destination)
        except FileExistsError:
            raise ContentDiffersError(f"{destination.name} already exists") from None
    _sync_folder(destination.parent)
    return digest


def place_folder(source: Path, destination: Path, names: list[str]) -> dict[str, str]:
    """Copy files of a folder to a new folder; the copies' digests by name.

    Raises `ContentDiffersError` where the place is taken, ``OSError`` where the disk refuses.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with _incoming(destination.parent) as incoming:
        incoming.mkdir()
        digests = {name: _copy(source / name, incoming / name) for name in names}
        _sync_folder(incoming)
        try:
            # a folder is renamed onto an empty one only
            incoming.rename(destination)
        except OSError as exc:
            if destination.exists():
                raise ContentDiffersError(f"{destination.name} already exists") from exc
            raise
    _sync_folder(destination.parent)
    return digests


@contextmanager
def _incoming(parent: Path) -> Iterator[Path]:
    """A hidden name in a folder; what is left there at the end is removed."""
    path = parent / f"{_INCOMING}{secrets.token_hex(8)}"
    try:
        yield path
    finally:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(FileNotFoundError):
                path.unlink()


def _copy(source: Path, destination: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reader, destination.open("xb") as writer:
        while chunk := reader.read(CHUNK):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make the folder's names last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
