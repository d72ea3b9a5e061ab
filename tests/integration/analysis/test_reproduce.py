"""A product is made again from nothing but its provenance, and compared with itself."""

import itertools
import json
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
from analysis.workflows.reproduce_parameters import ReproduceParameters
from archive.models import DataProduct, ScienceWindow
from auth.principal import ANONYMOUS, Principal, of_user
from auth.shown_names import choose_name
from dali.errors import DaliError
from dali.parameters import Parameters
from provenance import retention
from provenance.models import Activity, Entity, Used, WasGeneratedBy, WasInformedBy
from uws.errors import JobFailure
from uws.parameters import check
from uws.types import JobContext

Reproduce = Callable[..., dict[str, Any]]
IMAGE_PRODUCTS = {"mosaic", "sources", "sources_scw", "preview"}


@pytest.fixture
def scws(archive: Path) -> tuple[str, ...]:
    """Two Science Windows of the Crab."""
    found = ScienceWindow.objects.filter(target_name="Crab").order_by("scw")[:2]
    return tuple(window.scw for window in found)


@pytest.fixture
def reproduce(archive: Path, tmp_path: Path) -> Reproduce:
    """Runs a ``reproduce`` job; its comparison, with the results' names under ``results``."""
    numbers = itertools.count()

    def run(identifier: str, owner: Principal = ANONYMOUS, **sent: str) -> dict[str, Any]:
        folder = tmp_path / f"again{next(numbers)}"
        folder.mkdir()
        parameters = check(
            ReproduceParameters, {"ID": (identifier,), **{k: (v,) for k, v in sent.items()}}
        )
        context = JobContext("job", owner, parameters, folder)
        REPRODUCE.run(context)
        for write in context.at_completion:
            write()
        results = {result.name: result.path for result in context.results}
        comparison: dict[str, Any] = json.loads(results["comparison"].read_text())
        return {**comparison, "results": results}

    return run


def product(kind: str) -> DataProduct:
    """The only published product of that kind."""
    return DataProduct.objects.get(kind=kind)


@pytest.mark.parametrize("use_cache", ["1", "0"])
def test_every_product_of_an_image_is_identical_but_for_dates_and_ids(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...], use_cache: str
) -> None:
    done = image(scw_list=scws)
    activity = fits.getheader(done.results["mosaic"])["PROVACT"]
    again = reproduce(activity, use_cache=use_cache)
    assert again["identical"], again
    assert {item["result"] for item in again["products"]} == IMAGE_PRODUCTS
    assert {item["verdict"] for item in again["products"]} == {"identical, but for dates and ids"}
    log = again["results"]["log"].read_text().splitlines()
    made = [line for line in log if line.endswith(" done")]
    assert len(made) == (0 if use_cache == "1" else 4 * 2 + 5)
    assert again["results"]["mosaic"].read_bytes() != done.results["mosaic"].read_bytes()


def test_what_shares_cleaned_images_with_another_mosaic_has_its_own_history(
    image: Any, reproduce: Reproduce, crab_scws: list[str]
) -> None:
    """The image of the second Science Window was cleaned for a mosaic with the first."""
    image(scw_list=tuple(crab_scws[:2]))
    more = image(scw_list=tuple(crab_scws[1:3]))
    assert more.steps("restored from cache").count("clean") == 1
    entity = fits.getheader(more.results["mosaic"])["PROVENT"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.location FROM provenance.lineage l JOIN provenance.entity e"
            " ON e.id = l.ancestor WHERE l.descendant = %s AND e.location LIKE 'scw/%%'",
            [entity],
        )
        used = {str(location).split("/")[2] for (location,) in cursor.fetchall()}
    assert used == set(crab_scws[1:3])
    for use_cache, to_run in (("1", 0), ("0", 4 * 2 + 5)):
        sent = Parameters([("ID", entity), ("use_cache", use_cache)])
        steps = plans.of_request(REPRODUCE, sent, ANONYMOUS).json()["steps"]
        assert steps["to_run"] == to_run
    again = reproduce(entity, use_cache="0")
    assert again["identical"], again


def test_what_can_not_be_made_again_can_not_be_planned(archive: Path) -> None:
    unknown = ReproduceParameters(ID="ivo://nobody/knows")
    assert plans.seconds("reproduce", unknown, ANONYMOUS) is None
    with pytest.raises(DaliError, match="no public product or activity"):
        plans.of_request(REPRODUCE, Parameters([("ID", "ivo://nobody/knows")]), ANONYMOUS)


def test_one_product_is_compared_by_its_own_identifier(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...]
) -> None:
    image(scw_list=scws)
    again = reproduce(product("sources").obs_publisher_did)
    assert [item["result"] for item in again["products"]] == ["sources"]
    assert again["identical"]


def test_a_random_choice_of_science_windows_is_the_same_again(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...]
) -> None:
    image(RA="83.6", DEC="22", max_pointings="2")
    again = reproduce(product("mosaic").obs_publisher_did)
    assert again["identical"], again


def test_numbers_that_were_changed_are_found_and_named(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...]
) -> None:
    image(scw_list=scws)
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
        "again": f"'{scws[0]}'",
    }


def test_other_software_is_a_difference_even_where_the_numbers_are_the_same(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...], settings: Any
) -> None:
    image(scw_list=scws)
    settings.VO_VERSION = "99.0"
    again = reproduce(product("mosaic").obs_publisher_did, use_cache="0")
    (item,) = again["products"]
    assert {difference["aspect"] for difference in item["differences"]} == {"versions"}
    assert any("99.0" in difference["again"] for difference in item["differences"])


def test_who_has_it_made_again_and_under_which_name_makes_no_difference(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...], django_user_model: Any
) -> None:
    ada, bob = (django_user_model.objects.create_user(name) for name in ("ada", "bob"))
    image(of_user(ada), scw_list=scws)
    original = product("mosaic").obs_publisher_did
    choose_name(ada, "Ada Lovelace")
    for owner in (of_user(ada), of_user(bob), ANONYMOUS):
        again = reproduce(original, owner)
        assert again["identical"], again
    outcomes = WasGeneratedBy.objects.filter(activity__name="reproduce", role="identical")
    assert set(outcomes.values_list("entity__value", flat=True)) == {"true"}


def test_the_comparison_is_itself_recorded_and_what_was_made_again_stays_the_owners(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...]
) -> None:
    image(scw_list=scws)
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


def test_what_can_not_be_made_again_is_said(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...]
) -> None:
    image(scw_list=scws)
    step = Activity.objects.get(name="mosaic_sources").identifier
    with pytest.raises(JobFailure, match="no job that can be run again"):
        reproduce(step)
    events = DataProduct.objects.filter(kind__contains="events").first()
    with pytest.raises(JobFailure, match="no job that can be run again"):
        reproduce(events.obs_publisher_did)


def test_nobody_makes_again_what_they_may_not_see(
    image: Any, reproduce: Reproduce, archive: Path, django_user_model: Any
) -> None:
    hidden = ScienceWindow.objects.filter(release_date__year=2099).first().scw
    user = django_user_model.objects.create_superuser("operator")
    operator = Principal(user.pk, "operator", is_administrator=True)
    image(operator, scw_list=hidden, integral_data_rights="all-private")
    activity = Activity.objects.get(name="isgri_image").identifier
    for unknown in (activity, "mosaic.fits"):
        with pytest.raises(JobFailure, match="no public product or activity"):
            reproduce(unknown)
