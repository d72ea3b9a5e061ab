"""Files on disk as entities: known by the digest of their bytes, never by where they lie."""

import hashlib
import mimetypes
from pathlib import Path

from provenance.records import EntityRecord


def file_checksum(path: Path) -> str:
    """``sha256:`` and the digest of the file at ``path``."""
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def found_file(authority: str, path: Path) -> EntityRecord:
    """A file that came from elsewhere; the same content is the same entity wherever it lies."""
    checksum = file_checksum(path)
    digest = checksum.partition(":")[2]
    return described_file(f"ivo://{authority}/file?{digest}", path, checksum)


def described_file(identifier: str, path: Path, checksum: str | None = None) -> EntityRecord:
    """A file under that identifier, with its name, checksum and media type, but not its folder."""
    return EntityRecord(
        identifier,
        name=path.name,
        content_type=_media_type(path),
        checksum=checksum or file_checksum(path),
    )


def _media_type(path: Path) -> str | None:
    """By the file's ending, as IANA has it."""
    if {".fits", ".fit", ".fts"} & set(path.suffixes):
        return "application/fits"
    return mimetypes.guess_type(path.name)[0]
