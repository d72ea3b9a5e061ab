"""Where the private cluster lies."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bootstrap import place
from bootstrap.clone import Clone
from bootstrap.console import SetupError


def deep(tmp_path: Path, length: int) -> Clone:
    """A clone whose socket's path has exactly this many bytes."""
    rest = length - len(os.fsencode(tmp_path / "x" / "var" / "postgresql" / place.SOCKET_NAME))
    root = tmp_path / ("x" + "y" * rest)
    root.mkdir()
    return Clone(root)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_short_path_holds_all_of_it(folder: Path) -> None:
    clone = deep(folder, place.SOCKET_PATH_LIMIT)
    chosen = place.choose(clone, place.current_account())
    assert chosen.outside is None
    assert chosen.socket == clone.var / "postgresql"
    assert chosen.data == clone.var / "postgresql" / "data"


def test_a_path_too_long_for_a_socket_leads_outside(folder: Path) -> None:
    clone = deep(folder, place.SOCKET_PATH_LIMIT + 1)
    chosen = place.choose(clone, place.current_account())
    assert chosen.outside == chosen.socket
    assert len(os.fsencode(chosen.socket / place.SOCKET_NAME)) <= place.SOCKET_PATH_LIMIT
    assert chosen == place.choose(clone, place.current_account())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the cluster as another user")
def test_a_clone_that_the_databases_user_cannot_enter_leads_outside(folder: Path) -> None:
    clone = deep(folder, 100)
    chosen = place.choose(clone, place.database_account())
    assert chosen.outside is None
    clone.root.chmod(0o700)
    chosen = place.choose(clone, place.database_account())
    assert chosen.outside is not None
    assert chosen.data.is_relative_to(chosen.outside)


def test_two_clones_have_two_folders() -> None:
    names = {place.folder_name(Clone(Path(path))) for path in ("/a", "/b")}
    assert len(names) == 2


def test_folders_are_closed_to_others(tmp_path: Path) -> None:
    where = place.Place(tmp_path / "in/data", tmp_path / "out", place.current_account(), None)
    place.prepare(where)
    place.prepare(where)
    for folder in (tmp_path / "in", tmp_path / "out"):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    account = place.current_account()
    stranger = replace(account, name="somebody", uid=account.uid + 1)
    (tmp_path / "out").mkdir()
    with pytest.raises(SetupError, match="does not belong to somebody"):
        place.prepare(place.Place(tmp_path / "out/data", tmp_path / "out", stranger, None))


def test_a_link_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    with pytest.raises(SetupError, match="does not belong"):
        place.prepare(
            place.Place(tmp_path / "out/data", tmp_path / "out", place.current_account(), None)
        )
