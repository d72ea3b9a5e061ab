"""Files against tables."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from strangers_archive import write_science_window

from archive.consistency import check
from archive.ingest.service import ingest

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(archive_root: Path) -> Path:
    folder = write_science_window(archive_root, count=5)
    (folder / "ibis_hk.fits").write_bytes(b"nobody asks for it")
    ingest([archive_root])
    return folder


def messages(**arguments) -> list[str]:
    return [str(found) for found in check(**arguments)]


def test_nothing_is_found_where_all_is_well(folder: Path, capsys):
    call_command("consistency_check", "--checksums")

    assert "Files and tables agree." in capsys.readouterr().out


def test_missing_altered_and_unknown_files_are_named(folder: Path, archive_root: Path, settings):
    (folder / "swg.fits").unlink()
    with (folder / "isgri_events.fits.gz").open("ab") as file:
        file.write(b"more")
    unknown = write_science_window(archive_root, "066500340010.001", count=5) / "swg.fits"
    stray = settings.VO_PRODUCT_ROOT / "aa" / "stray.fits"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"stray")

    found = messages()

    assert len(found) == 5
    assert any(f"{folder / 'swg.fits'}: is missing" in m for m in found)
    assert any("isgri_events.fits.gz: has" in m and "should have" in m for m in found)
    assert any(f"{unknown}: is in no table" in m for m in found)
    assert any(f"{stray}: is in no table" in m for m in found)
    with pytest.raises(CommandError, match="5 files"):
        call_command("consistency_check")


def test_a_change_of_content_alone_needs_checksums(folder: Path):
    path = folder / "isgri_events.fits.gz"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert messages() == []
    assert "has sha256" in messages(checksums=True)[0]
