"""Files that survive a loss of power."""

import os
from pathlib import Path

import pytest

from uws.durability import make_durable


def test_every_file_and_folder_is_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda fd: flushed.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
    )
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    make_durable([*paths, tmp_path])
    assert sorted(flushed) == sorted(map(str, [*paths, tmp_path]))


@pytest.mark.parametrize("missing", range(3))
def test_one_that_could_not_be_flushed_is_an_error_after_all_others_were(
    missing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda fd: flushed.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
    )
    paths = [tmp_path / name for name in "abc"]
    for number, path in enumerate(paths):
        if number != missing:
            path.touch()
    with pytest.raises(FileNotFoundError):
        make_durable(paths)
    assert len(flushed) == 2
