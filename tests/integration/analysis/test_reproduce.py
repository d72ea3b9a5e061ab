"""A product is made again from nothing but its provenance, and compared with itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from django.db import connection

from analysis import plans
from analysis.jobs import REPRODUCE
from analysis.workflows.reproduce_parameters import ReproduceParameters
from archive.models import DataProduct, ScienceWindow
from auth.principal import ANONYMOUS, Principal, of_user
from auth.shown_names import choose_name
from dali.errors import DaliError
from dali.parameters import Parameters
from provenance.models import Activity, WasGeneratedBy
from uws.errors import JobFailure

Reproduce = Callable[..., dict[str, Any]]


@pytest.fixture
def scws(archive: Path) -> tuple[str, ...]:
    """Two Science Windows of the Crab."""
    found = ScienceWindow.objects.filter(target_name="Crab").order_by("scw")[:2]
    return tuple(window.scw for window in found)


def product(kind: str) -> DataProduct:
    """The only published product of that kind."""
    return DataProduct.objects.get(kind=kind)


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


def test_a_random_choice_of_science_windows_is_the_same_again(
    image: Any, reproduce: Reproduce, scws: tuple[str, ...]
) -> None:
    image(RA="83.6", DEC="22", max_pointings="2")
    again = reproduce(product("mosaic").obs_publisher_did)
    assert again["identical"], again


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
