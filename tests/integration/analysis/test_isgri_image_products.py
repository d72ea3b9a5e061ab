"""What an image job makes, and what is published of it: one job, looked at from many sides."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from django.db import connection
from kept_results import not_kept

from archive.models import DataProduct

CRAB = SkyCoord(83.6331, 22.0145, unit="deg")
WINDOWS = 3


def rows(sql: str) -> list[tuple[Any, ...]]:
    """What the published tables hold."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture(scope="module")
def made(image_for_all: Callable[[int], Any]) -> Any:
    """The job, run once."""
    return image_for_all(WINDOWS)


@pytest.fixture
def done(made: Any, archive: Path) -> Any:
    """The same, where the archive is."""
    return made


def test_the_crab_is_found_where_it_is_with_the_rate_that_was_simulated(done: Any) -> None:
    sources = Table.read(done.results["sources"], format="votable")
    best = sources[sources["significance"].argmax()]
    assert best["name"] == "Crab"
    assert not best["new_source"]
    assert SkyCoord(best["ra"], best["dec"], unit="deg").separation(CRAB).arcmin < 1
    assert best["intensity"] == pytest.approx(165, abs=4 * best["intensity_error"])
    assert set(sources["scw"]) == {""}
    steps = WINDOWS * 4 + 5
    assert done.last_progress == (steps, steps), "four for each Science Window and five for all"
    assert done.totals == {steps}, "known from the start, though planned in two parts"


def test_the_mosaic_has_the_four_maps_and_tells_where_it_comes_from(
    done: Any, crab_scws: list[str]
) -> None:
    with fits.open(done.results["mosaic"], checksum=True) as mosaic:
        mosaic.verify("exception")
        maps = [hdu.header["IMATYPE"] for hdu in mosaic[2:6]]
        assert maps == ["INTENSITY", "VARIANCE", "SIGNIFICANCE", "EXPOSURE"]
        header = mosaic[0].header
        assert [header[f"SCW{n + 1}"] for n in range(WINDOWS)] == crab_scws[:WINDOWS]
        assert header["SIMDATA"] is True
        assert header["ENGINE"] == "coded_mask"
        entity, activity = header["PROVENT"], header["PROVACT"]
    assert rows(
        "SELECT dataproduct_type, calib_level, obs_collection FROM ivoa.obscore"
        f" WHERE obs_publisher_did = '{entity}'"
    ) == [("image", 3, "INTEGRAL-SIM")]
    assert rows(
        f"SELECT activity_id FROM provenance.was_generated_by WHERE entity_id = '{entity}'"
    ) == [(activity,)]


def test_the_provenance_leads_back_to_the_event_files_and_the_catalogue(
    done: Any, crab_scws: list[str]
) -> None:
    entity = fits.getheader(done.results["mosaic"])["PROVENT"]
    ancestors = {
        place
        for (place,) in rows(
            "SELECT e.location FROM provenance.lineage l JOIN provenance.entity e"
            f" ON e.id = l.ancestor WHERE l.descendant = '{entity}' AND e.location IS NOT NULL"
        )
    }
    assert ancestors == {
        *(f"scw/{scw[:4]}/{scw}/isgri_events.fits.gz" for scw in crab_scws[:WINDOWS]),
        "cat/hec/gnrl_refr_cat_0043.fits",
    }
    parameters = dict(
        rows(
            'SELECT p.name, p."value" FROM provenance.parameter p'
            " JOIN provenance.was_configured_by c ON c.parameter_id = p.id"
            " JOIN provenance.was_generated_by g ON g.activity_id = c.activity_id"
            f" WHERE g.entity_id = '{entity}'"
        )
    )
    assert parameters["E1_keV"] == "20.0"
    assert parameters["scw_list"] == ",".join(crab_scws[:WINDOWS])


def test_bad_data_find_every_product_but_no_image_of_others_that_was_told_by_a_list_of_them(
    done: Any, crab_scws: list[str]
) -> None:
    def made_by(name: str, descending: str = "") -> set[str]:
        """What activities of a name made, or of it what comes from a Science Window's events."""
        found = (
            "SELECT g.entity_id FROM provenance.was_generated_by g"
            f" JOIN provenance.activity a ON a.id = g.activity_id AND a.name = '{name}'"
        )
        if descending:
            found += (
                " JOIN provenance.lineage l ON l.descendant = g.entity_id"
                " JOIN provenance.entity e ON e.id = l.ancestor"
                f" AND e.location LIKE '%/{descending}/isgri_events%'"
            )
        return {entity for (entity,) in rows(found)}

    bad = crab_scws[0]
    products = made_by("isgri_image")
    assert len(products) == len(done.results)
    assert products == made_by("isgri_image", bad)
    assert made_by("mosaic_sources") == made_by("mosaic_sources", bad)
    # all three were told where sources are by the list of all three, two of them are not of it
    assert len(made_by("clean")) == WINDOWS
    assert len(made_by("clean", bad)) == 1
    told = rows(
        "SELECT p.value_entity_id FROM provenance.parameter p"
        " JOIN provenance.was_configured_by c ON c.parameter_id = p.id"
        " JOIN provenance.activity a ON a.id = c.activity_id"
        " WHERE a.name = 'clean' AND p.name = 'sources'"
    )
    assert told == [(None,)] * WINDOWS


def test_nothing_public_holds_the_job_s_id(done: Any) -> None:
    public = (
        str(rows("SELECT * FROM ivoa.obscore"))
        + str(rows("SELECT * FROM provenance.activity"))
        + str(rows("SELECT * FROM provenance.entity"))
        + str(rows("SELECT * FROM integral.product"))
        + "".join(path.read_bytes().decode("latin-1") for path in done.results.values())
    )
    assert "secret-" not in public


def test_the_picture_is_published_beside_the_mosaic_but_is_no_row_of_its_own(
    done: Any,
) -> None:
    listed = rows("SELECT dataproduct_type FROM ivoa.obscore WHERE calib_level > 1 ORDER BY 1")
    assert listed == [("image",), ("measurements",)]
    assert ("preview",) in rows("SELECT kind FROM integral.product")


def test_every_result_but_the_log_is_kept_as_it_was_given(
    done: Any, made: Any, image_for_all: Any, tmp_path: Path
) -> None:
    image_for_all.copy_stores(tmp_path)
    assert not_kept("isgri_image") == {"log"}
    kept = {each.kind: each for each in DataProduct.objects.filter(kind__in=done.results)}
    assert kept.keys() == done.results.keys() - {"log"}
    for result, each in kept.items():
        assert each.file.read_bytes() == done.results[result].read_bytes()
    assert fits.getheader(done.results["sources_fits"])["PROVENT"] == str(kept["sources_fits"])
