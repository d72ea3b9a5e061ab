"""An image is made again from nothing but its provenance, and each product compared with itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from django.db import connection
from lineages import stored_lineage, walked_tables

from analysis import plans
from analysis.jobs import REPRODUCE
from archive.models import DataProduct
from auth.principal import ANONYMOUS
from dali.errors import DaliError
from dali.parameters import Parameters
from provenance import retention
from provenance.models import Activity, Entity, Used, WasGeneratedBy, WasInformedBy
from uws.errors import JobFailure

Reproduce = Callable[..., dict[str, Any]]
IMAGE_PRODUCTS = {"mosaic", "sources", "sources_fits", "sources_scw", "preview"}


@pytest.fixture(scope="module")
def made(image_for_all: Any) -> Any:
    """An image of two Science Windows of the Crab, made once."""
    return image_for_all(2)


@pytest.fixture
def done(made: Any, image_for_all: Any, archive: Path, tmp_path: Path) -> Any:
    """The same; products and cache are a copy of the test's own."""
    image_for_all.copy_stores(tmp_path)
    return made


def product(kind: str) -> DataProduct:
    """The only published product of that kind."""
    return DataProduct.objects.get(kind=kind)


@pytest.mark.parametrize("use_cache", ["1", "0"])
def test_every_product_of_an_image_is_identical_but_for_dates_and_ids(
    done: Any, reproduce: Reproduce, use_cache: str
) -> None:
    activity = fits.getheader(done.results["mosaic"])["PROVACT"]
    again = reproduce(activity, use_cache=use_cache)
    assert again["identical"], again
    assert {item["result"] for item in again["products"]} == IMAGE_PRODUCTS
    assert {item["verdict"] for item in again["products"]} == {"identical, but for dates and ids"}
    assert [(left["result"], left["reason"]) for left in again["left_out"]] == [
        ("log", "tells of a run")
    ]
    log = again["results"]["log"].read_text().splitlines()
    made = [line for line in log if line.endswith(" done")]
    assert len(made) == (0 if use_cache == "1" else 4 * 2 + 5)
    assert again["results"]["mosaic"].read_bytes() != done.results["mosaic"].read_bytes()


def test_one_product_is_compared_by_its_own_identifier(done: Any, reproduce: Reproduce) -> None:
    fits_list = fits.getheader(done.results["sources_fits"])["PROVENT"]
    for result, identifier in (
        ("sources", product("sources").obs_publisher_did),
        ("sources_fits", fits_list),
    ):
        again = reproduce(identifier)
        assert [item["result"] for item in again["products"]] == [result]
        assert again["products"][0]["original"] == identifier
        assert again["identical"]


def test_a_list_whose_file_was_altered_is_different(done: Any, reproduce: Reproduce) -> None:
    listed = product("sources_fits")
    listed.file.chmod(0o644)
    with fits.open(listed.file, mode="update", memmap=False) as hdus:
        hdus[1].data["INTENSITY"] *= 1.5
    for identifier in (listed.obs_publisher_did, made_by_activity(done)):
        again = reproduce(identifier)
        assert not again["identical"]
        verdicts = {item["result"]: item["verdict"] for item in again["products"]}
        assert verdicts["sources_fits"] == "different in numbers"


def made_by_activity(done: Any) -> str:
    """The activity that made the image."""
    return str(fits.getheader(done.results["mosaic"])["PROVACT"])


def test_what_is_not_stored_is_refused_before_anything_runs(
    done: Any, reproduce: Reproduce, tmp_path: Path
) -> None:
    """So it is with logs, files that are gone, and results that were not kept in former times."""
    generated = WasGeneratedBy.objects.filter(activity__identifier=made_by_activity(done))
    identifiers = dict(generated.values_list("role", "entity__identifier"))
    product("sources_fits").delete()
    product("sources_scw").file.unlink()
    stored = ", ".join(f"{n} ({identifiers[n]})" for n in ("mosaic", "sources", "preview"))
    for result, reason in (
        ("sources_fits", "is not stored here"),
        ("sources_scw", "is not stored here"),
        ("log", "tells of a run"),
    ):
        told = (
            f"ID: '{identifiers[result]}', '{result}' of activity '{made_by_activity(done)}',"
            f" {reason}, so that it can't be compared; of that activity, these can: {stored}"
        )
        with pytest.raises(JobFailure) as refused:
            reproduce(identifiers[result])
        assert refused.value.message == told
        with pytest.raises(DaliError) as not_planned:
            plans.of_request(REPRODUCE, Parameters([("ID", identifiers[result])]), ANONYMOUS)
        assert told in not_planned.value.message
    assert not list(tmp_path.glob("again*/again")), "something was run"
    # by the activity, the others are compared and these are named
    again = reproduce(made_by_activity(done))
    assert again["identical"]
    assert [item["result"] for item in again["products"]] == ["mosaic", "sources", "preview"]
    assert {left["result"]: left["entity"] for left in again["left_out"]} == {
        name: identifiers[name] for name in ("log", "sources_fits", "sources_scw")
    }
    outcome = WasGeneratedBy.objects.get(activity__name="reproduce", role="comparison")
    assert outcome.entity.comment.endswith(
        "; log: not compared; sources_fits: not compared; sources_scw: not compared"
    )


def test_where_nothing_is_stored_any_more_there_is_nothing_to_compare(
    done: Any, reproduce: Reproduce
) -> None:
    DataProduct.objects.filter(obs_id=product("mosaic").obs_id).delete()
    asked = made_by_activity(done)
    with pytest.raises(JobFailure, match=r"no product of activity .* is stored here"):
        reproduce(asked)
    with pytest.raises(DaliError, match=r"no product of activity .* is stored here"):
        plans.of_request(REPRODUCE, Parameters([("ID", asked)]), ANONYMOUS)


def test_numbers_that_were_changed_are_found_and_named(
    done: Any, reproduce: Reproduce, crab_scws: list[str]
) -> None:
    mosaic = product("mosaic")
    mosaic.file.chmod(0o644)
    with fits.open(mosaic.file, mode="update", memmap=False) as hdus:
        hdus[2].data[150, 150] += 1
        hdus[0].header["SCW1"] = "another"
    again = reproduce(mosaic.obs_publisher_did)
    assert not again["identical"]
    (item,) = again["products"]
    assert item["verdict"] == "different in numbers"
    told = {difference["where"]: difference for difference in item["differences"]}
    assert told["HDU 2 ISGR-MOSA-IMA"]["again"].startswith("1 of ")
    assert told["HDU 0 PRIMARY: SCW1"] == {
        "aspect": "numbers",
        "where": "HDU 0 PRIMARY: SCW1",
        "original": "'another'",
        "again": f"'{crab_scws[0]}'",
    }


def test_other_software_is_a_difference_even_where_the_numbers_are_the_same(
    done: Any, reproduce: Reproduce, settings: Any
) -> None:
    settings.VO_VERSION = "99.0"
    again = reproduce(product("mosaic").obs_publisher_did, use_cache="0")
    (item,) = again["products"]
    assert {difference["aspect"] for difference in item["differences"]} == {"versions"}
    assert any("99.0" in difference["again"] for difference in item["differences"])


def test_the_comparison_is_itself_recorded_and_what_was_made_again_stays_the_owners(
    done: Any, reproduce: Reproduce
) -> None:
    original = product("mosaic").obs_publisher_did
    again = reproduce(original)
    made = Activity.objects.get(name="reproduce")
    assert made.public
    used = {use.role: use.entity for use in Used.objects.filter(activity=made)}
    assert used["original"].identifier == original
    assert not used["again"].public
    (informant,) = WasInformedBy.objects.filter(informed=made)
    assert informant.informant.name == "isgri_image"
    assert not informant.informant.public
    found = {g.role: g.entity for g in WasGeneratedBy.objects.filter(activity=made)}
    comparison, outcome = found["comparison"], found["identical"]
    assert (outcome.entity_class, outcome.value, outcome.public) == ("ValueEntity", "true", True)
    assert comparison.comment == "mosaic: identical, but for dates and ids"
    assert DataProduct.objects.filter(kind="mosaic").count() == 1
    repeated = fits.getheader(again["results"]["mosaic"])["PROVENT"]
    assert repeated == used["again"].identifier
    with connection.cursor() as cursor:
        cursor.execute("SELECT role FROM provenance.used WHERE activity_id = %s", [made.identifier])
        assert cursor.fetchall() == [("original",)], "what is public of it"
        cursor.execute(
            "SELECT count(*) FROM provenance.lineage WHERE descendant = %s AND ancestor = %s",
            [comparison.identifier, original],
        )
        assert cursor.fetchone() == (1,)
    # after a time the hidden run goes, with what it made; the comparison stays
    later = datetime.now(UTC) + timedelta(days=2)
    assert retention.expire(timedelta(days=1), now=later) == 1
    assert not Activity.objects.filter(pk=informant.informant.pk).exists()
    assert not Entity.objects.filter(pk=used["again"].pk).exists()
    assert [u.role for u in Used.objects.filter(activity=made)] == ["original"]
    assert stored_lineage() == walked_tables()


def test_what_can_not_be_made_again_is_said(done: Any, reproduce: Reproduce) -> None:
    step = Activity.objects.get(name="mosaic_sources").identifier
    with pytest.raises(JobFailure, match="no job that can be run again"):
        reproduce(step)
    events = DataProduct.objects.filter(kind__contains="events").first()
    with pytest.raises(JobFailure, match="no job that can be run again"):
        reproduce(events.obs_publisher_did)
