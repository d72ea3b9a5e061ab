"""The file var/environment: kept up to date, an operator's lines left alone."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bootstrap.clone import Clone
from bootstrap.environment_file import database_url, update


def lines(clone: Clone) -> list[str]:
    return (clone.var / "environment").read_text(encoding="utf-8").splitlines()


def made(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    clone.var.mkdir()
    return clone


def test_a_new_file_holds_the_values(tmp_path: Path) -> None:
    clone = made(tmp_path)
    update(clone, {"A": "1", "B": "x=y"})
    assert lines(clone)[1:] == ["A=1", "B=x=y"]


def test_an_operators_lines_are_kept(tmp_path: Path) -> None:
    clone = made(tmp_path)
    (clone.var / "environment").write_text("# mine\nVO_AUTHORITY=x.org\nA=old\n", encoding="utf-8")
    update(clone, {"A": "new"})
    assert lines(clone) == ["# mine", "VO_AUTHORITY=x.org", "A=new"]


def test_the_same_values_leave_the_file_untouched(tmp_path: Path) -> None:
    clone = made(tmp_path)
    update(clone, {"A": "1", "B": "2"})
    before = (clone.var / "environment").stat().st_mtime_ns
    update(clone, {"B": "2"})
    assert (clone.var / "environment").stat().st_mtime_ns == before


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    clone = made(tmp_path)
    update(clone, {"A": "1"})
    assert (clone.var / "environment").stat().st_mode & 0o077 == 0


def test_a_socket_folder_with_any_letters_comes_back_from_the_address() -> None:
    folder = Path("/a folder/with %, &, # and é")
    parts = urlsplit(database_url("role", "name", folder))
    assert (parts.username, parts.path) == ("role", "/name")
    assert parse_qs(parts.query) == {"host": [str(folder)]}
