"""The cache's files: whatever became of them, a result is whole, or made again."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import cache as cache_module
from analysis.cache import MAKING, Cache
from analysis.errors import CacheUnreachable
from analysis.stored_records import DamagedRecordError, Record, read_record, record_text
from provenance.records import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord

IDENTITY = "ab" * 32
FILE = "sum.txt"


def record_of(content: str) -> Record:
    entity = EntityRecord(
        "ivo://test/entity?1", checksum=f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
    )
    activity = ActivityRecord(
        "ivo://test/activity?1",
        "add",
        used=(UsedRecord(EntityRecord("ivo://test/archive?a"), role="term"),),
        generated=(GeneratedRecord(entity, role="add"),),
    )
    return Record(activity, "tiny", "of a", 1.5, 100, f"{IDENTITY}-1", ("the sum is 5",))


def making(content: str = "5") -> Callable[[Path], Record]:
    def make(path: Path) -> Record:
        path.write_text(content)
        return record_of(content)

    return make


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    cache = Cache(tmp_path / "cache")
    cache.store(IDENTITY, FILE, making())
    return cache


@pytest.fixture
def folder(cache: Cache) -> Path:
    """Where the result lies."""
    return cache.path(IDENTITY, FILE).parent


def is_made_again(cache: Cache) -> bool:
    """Whether a result can be stored, and is then whole."""
    file, record, is_new = cache.store(IDENTITY, FILE, making())
    assert cache.find(IDENTITY) == (file, record)
    assert file.path.read_text() == "5"
    assert record == record_of("5")
    return is_new


def test_what_was_stored_is_found_with_its_record(cache: Cache) -> None:
    found = cache.find(IDENTITY)
    assert found is not None
    assert found[1] == record_of("5")
    assert not is_made_again(cache), "the first one stands"


def test_a_result_and_its_name_are_on_the_disk_before_anybody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "new")
    place = cache.path(IDENTITY, FILE).parent
    flushed: list[tuple[bool, set[str]]] = []
    flush = cache_module.make_durable

    def note(paths: Sequence[Path]) -> None:
        shelves = {place.parent: "shelf", place.parent.parent: "results"}
        names = {shelves.get(path, path.name if path.is_file() else "folder") for path in paths}
        flushed.append((place.exists(), names))
        flush(paths)

    monkeypatch.setattr(cache_module, "make_durable", note)
    cache.store(IDENTITY, FILE, making())
    assert flushed == [(False, {FILE, MAKING, "folder"}), (True, {"shelf", "results"})]


@pytest.mark.parametrize("name", [FILE, MAKING])
def test_any_byte_that_changes_is_found(cache: Cache, folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for number in range(len(whole)):
        changed = bytearray(whole)
        changed[number] ^= 1 << number % 8
        (folder / name).write_bytes(changed)
        assert cache.find(IDENTITY) is None, f"byte {number} of {name}"
        (cache.root / "damaged" / IDENTITY).rename(folder)
    (folder / name).write_bytes(whole)
    assert cache.find(IDENTITY) is not None


@pytest.mark.parametrize("name", [FILE, MAKING])
def test_a_file_that_lacks_its_end_is_found(cache: Cache, folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for length in range(len(whole)):
        (folder / name).write_bytes(whole[:length])
        assert cache.find(IDENTITY) is None, f"{length} bytes of {name}"
        (cache.root / "damaged" / IDENTITY).rename(folder)


def _without_checksum() -> bytes:
    """A record as versions before the checksum wrote it."""
    return json.dumps(json.loads(record_text(record_of("5"), FILE))["making"]).encode()


def test_a_record_of_an_earlier_version_is_read() -> None:
    assert read_record(_without_checksum()) == (record_of("5"), FILE)


@given(
    st.integers(0, len(_without_checksum()) - 1),
    st.binary(max_size=3),
    st.integers(0, 3),
)
def test_a_damaged_one_is_read_or_told_for_damaged(begin: int, new: bytes, old: int) -> None:
    text = _without_checksum()
    try:
        read_record(text[:begin] + new + text[begin + old :])
    except DamagedRecordError:
        return


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists) | st.binary())
def test_anything_else_is_no_record(content: object) -> None:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(DamagedRecordError):
        read_record(text)


def _nothing(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _no_record(folder: Path) -> None:
    (folder / MAKING).unlink()


def _no_file(folder: Path) -> None:
    (folder / FILE).unlink()


def _folder_for_record(folder: Path) -> None:
    (folder / MAKING).unlink()
    (folder / MAKING).mkdir()


def _folder_for_file(folder: Path) -> None:
    (folder / FILE).unlink()
    (folder / FILE).mkdir()


def _file_for_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no folder")


def _broken_link(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")


FAULTS = [
    _nothing,
    _no_record,
    _no_file,
    _folder_for_record,
    _folder_for_file,
    _file_for_folder,
    _broken_link,
]


@pytest.mark.parametrize("spoil", FAULTS)
@pytest.mark.parametrize("is_looked_for", [True, False])
def test_what_is_no_whole_result_is_set_aside_and_made_again(
    cache: Cache, folder: Path, spoil: Callable[[Path], None], is_looked_for: bool
) -> None:
    """Such as what a copy that was broken off has left, or a file that was removed by hand."""
    spoil(folder)
    if is_looked_for:
        assert cache.find(IDENTITY) is None
        assert cache.damaged() == 1
    assert is_made_again(cache)
    assert not list((cache.root / "temporary").iterdir())


def test_a_second_damaged_one_takes_the_place_of_the_first(cache: Cache, folder: Path) -> None:
    for content in ("6", "7"):
        (folder / FILE).write_text(content)
        assert cache.find(IDENTITY) is None
        assert is_made_again(cache)
    assert cache.damaged() == 1
    assert (cache.root / "damaged" / IDENTITY / FILE).read_text() == "7"


def test_a_place_that_can_not_be_freed_is_told(cache: Cache, folder: Path) -> None:
    class Stuck(Cache):
        def set_aside(self, identity: str) -> None:
            """Another moves it back each time."""

    (folder / MAKING).unlink()
    stuck = Stuck(cache.root)
    with pytest.raises(CacheUnreachable, match="can't be moved away"):
        stuck.store(IDENTITY, FILE, making())
    assert not list((cache.root / "temporary").iterdir())


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("unread", [FILE, MAKING])
def test_what_can_not_be_read_now_stays_where_it_is(
    cache: Cache, folder: Path, number: int, unread: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a server of files doesn't answer."""

    def unreadable(path: Path, *_: object) -> bytes:
        if path.name == unread:
            raise OSError(number, os.strerror(number), str(path))
        return path_bytes(path)

    path_bytes = Path.read_bytes
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", unreadable)
        patch.setattr(cache_module, "file_checksum", unreadable)
        for look in (cache.find, lambda identity: cache.store(identity, FILE, making())):
            with pytest.raises(CacheUnreachable, match="can't be reached") as raised:
                look(IDENTITY)
            assert str(cache.root) not in str(raised.value)
            assert raised.value.kind == "transient"
    assert cache.damaged() == 0
    assert cache.find(IDENTITY) is not None
    assert not list((cache.root / "temporary").iterdir())


def test_what_else_lies_among_results_is_passed_over(cache: Cache) -> None:
    results = cache.root / "results"
    (results / "lost+found").mkdir()
    (results / "00").write_text("a file")
    (results / IDENTITY[:2] / ".nfs0001").write_text("a file")
    assert list(cache.identities()) == [IDENTITY]


def test_each_folder_has_a_marker_of_its_own_that_stays(tmp_path: Path) -> None:
    one, other = Cache(tmp_path / "one"), Cache(tmp_path / "other")
    assert one.marker() == Cache(one.root).marker() != other.marker()
    assert not list((one.root / "temporary").iterdir())
