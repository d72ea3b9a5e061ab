"""Files are placed whole, and nothing is overwritten."""

import hashlib
from pathlib import Path

import pytest

from archive.file_store import ContentDiffersError, place_file, place_folder, sha256_of

CONTENT = b"x" * 3_000_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "file"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_has_the_digest_that_is_told(source: Path, tmp_path: Path):
    destination = tmp_path / "a" / "b" / "copy"

    digest = place_file(source, destination)

    assert digest == hashlib.sha256(CONTENT).hexdigest() == sha256_of(destination)
    assert destination.read_bytes() == CONTENT
    assert names(destination.parent) == ["copy"]


def test_a_file_is_never_overwritten(source: Path, tmp_path: Path):
    destination = tmp_path / "copy"
    destination.write_bytes(b"older")

    with pytest.raises(ContentDiffersError):
        place_file(source, destination)

    assert destination.read_bytes() == b"older"
    assert names(tmp_path) == ["copy", "source"]


def test_a_folder_is_placed_with_the_files_that_are_named(source: Path, tmp_path: Path):
    (source.parent / "other").write_bytes(b"other")
    destination = tmp_path / "place" / "folder"

    assert place_folder(source.parent, destination, ["file"]) == {"file": sha256_of(source)}

    assert names(destination) == ["file"]
    with pytest.raises(ContentDiffersError):
        place_folder(source.parent, destination, ["other"])
    assert names(destination) == ["file"]
    assert names(destination.parent) == ["folder"]


def test_a_copy_that_fails_leaves_nothing(source: Path, tmp_path: Path):
    destination = tmp_path / "place" / "folder"

    with pytest.raises(FileNotFoundError):
        place_folder(source.parent, destination, ["file", "missing"])

    assert names(destination.parent) == []
