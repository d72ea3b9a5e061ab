"""The digest of an engine's software."""

from pathlib import Path

import pytest

from analysis.software import software_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "digested_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "inner.py").write_text("ONE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    software_digest.cache_clear()
    return folder


def test_the_digest_changes_with_the_code(package: Path) -> None:
    before = software_digest(("digested_package",), ())
    (package / "inner.py").write_text("ONE = 2\n")
    software_digest.cache_clear()
    assert software_digest(("digested_package",), ()) != before


def test_the_digest_changes_with_the_libraries(package: Path) -> None:
    assert software_digest(("digested_package",), ()) != software_digest(
        ("digested_package",), ("numpy",)
    )


def test_the_digest_knows_no_folder(package: Path, tmp_path: Path) -> None:
    before = software_digest(("digested_package",), ())
    (tmp_path / "moved").mkdir()
    moved = package.rename(tmp_path / "moved" / "digested_package")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(moved.parent))
        software_digest.cache_clear()
        assert software_digest(("digested_package",), ()) == before


def test_a_package_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        software_digest(("no_such_package",), ())
