"""What the archive holds, counted, and its newest mosaic."""

from dataclasses import replace
from pathlib import Path

import pytest
from strangers_archive import write_science_window

from archive.ingest.service import ingest
from archive.models import ScienceWindow
from archive.publication import NewProduct, PublishedProduct, publish
from archive.selection import ScienceWindowRecord, select
from archive.statistics import ArchiveStatistics, archive_statistics, latest_mosaic
from auth.principal import ANONYMOUS

pytestmark = pytest.mark.django_db


@pytest.fixture
def window(archive_root: Path) -> ScienceWindowRecord:
    """The one Science Window of the archive."""
    write_science_window(archive_root)
    ingest([archive_root])
    (found,) = select(principal=ANONYMOUS, ids=["066500330010.001"])
    return found


def make(window: ScienceWindowRecord, folder: Path, kind: str, job: str) -> PublishedProduct:
    """A published product of that kind."""
    file = folder / f"{kind}.out"
    file.write_bytes(kind.encode())
    return publish(
        NewProduct(
            file=file,
            file_name=f"{kind}.out",
            kind=kind,
            media_type="application/octet-stream",
            dataproduct_type="image" if kind == "mosaic" else None,
            calib_level=3,
            obs_id=job,
            title=f"The {kind} of {job}",
            inputs=(window,),
            owner=ANONYMOUS,
            e_min_kev=20,
            e_max_kev=40,
        )
    )


def test_an_empty_archive_holds_nothing() -> None:
    assert archive_statistics() == ArchiveStatistics(0, 0, 0, 0)
    assert latest_mosaic() is None


def test_science_windows_files_and_mosaics_are_counted(
    window: ScienceWindowRecord, tmp_path: Path
) -> None:
    assert archive_statistics() == ArchiveStatistics(1, 0, 1, 0)
    make(window, tmp_path, "mosaic", "job1")
    ScienceWindow.objects.update(is_simulated=True)
    assert archive_statistics() == ArchiveStatistics(1, 1, 2, 1)


def test_the_newest_mosaic_comes_with_the_picture_of_the_same_job(
    window: ScienceWindowRecord, tmp_path: Path
) -> None:
    make(window, tmp_path, "mosaic", "job1")
    make(window, tmp_path, "preview", "job1")
    mosaic = make(window, tmp_path, "mosaic", "job2")
    found = latest_mosaic()
    assert found is not None
    assert (found.title, found.access_url) == ("The mosaic of job2", mosaic.access_url)
    assert found.obs_publisher_did == mosaic.obs_publisher_did
    assert found.preview_url is None
    preview = make(window, tmp_path, "preview", "job2")
    assert latest_mosaic() == replace(found, preview_url=preview.access_url)


def test_a_mosaic_that_not_everybody_may_read_is_not_shown(
    window: ScienceWindowRecord, tmp_path: Path
) -> None:
    embargoed = replace(window, is_public=False)
    make(embargoed, tmp_path, "mosaic", "job1")
    assert latest_mosaic() is None
    public = make(window, tmp_path, "mosaic", "job2")
    make(embargoed, tmp_path, "preview", "job2")
    found = latest_mosaic()
    assert found is not None
    assert (found.access_url, found.preview_url) == (public.access_url, None)
