"""A server that its operator gives another authority goes on with what it has."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from astropy.io import fits
from django.core.management import call_command
from django.test import Client

from analysis.products.provenance_extension import read_history
from archive.models import ScienceWindow
from auth.principal import of_user
from provenance import graph
from provenance.provsap import FORMATS

OLD, NEW = "x-unregistered.vo-server", "renamed.example"


def authorities(path: Any) -> set[str]:
    """Those of the activities and entities in a product's history."""
    history = graph.read(read_history(path))
    return {history.full(name).split("/")[2] for name in (*history.activities, *history.entities)}


def test_a_product_of_cached_steps_of_another_authority_tells_its_whole_history(
    image: Any, job: Callable[..., Any], settings: Any, client: Client, django_user_model: Any,
    crab_scws: list[str],
) -> None:  # fmt: skip
    ada = of_user(django_user_model.objects.create_user("ada"))
    before = image(ada, scw_list=crab_scws[0])
    assert authorities(before.results["mosaic"]) == {OLD}
    settings.VO_AUTHORITY = NEW
    after = image(ada, scw_list=crab_scws[0])
    assert not after.steps(" done"), "the steps' identities have nothing of the authority"
    mosaic = after.results["mosaic"]
    assert authorities(mosaic) == {OLD, NEW}
    old, new = (graph.read(read_history(d.results["mosaic"])) for d in (before, after))
    assert len(new.activities) == len(old.activities)
    assert sum(map(len, new.used.values())) == sum(map(len, old.used.values()))
    told = StringIO()
    call_command("prov", str(mosaic), offline=True, stdout=told)
    assert f"ivo://{NEW}/product?" in told.getvalue()
    assert f"ivo://{OLD}/archive?scw/" in told.getvalue()
    products = [fits.getheader(d.results["mosaic"])["PROVENT"] for d in (before, after)]
    for form in (known.name for known in FORMATS):
        asked = {"ID": products[1], "DEPTH": "ALL", "RESPONSEFORMAT": form}
        assert client.get("/provsap", asked).status_code == 200, form
    for product, use_cache in zip(products, ("1", "0"), strict=True):
        again = job("reproduce", ID=product, use_cache=use_cache)
        comparison = json.loads(again.results["comparison"].read_text())
        assert comparison["identical"], comparison
    # an archive file is had from its page by the name that it was ingested under
    events = next(e for e in map(new.full, new.entities) if e.endswith("isgri_events"))
    page = client.get("/provenance", {"ID": events}).text
    assert f"/products/{quote(events.partition('?')[2])}" in page


def test_a_science_window_that_was_ingested_under_another_authority_is_marked(
    archive: Any, settings: Any
) -> None:
    scw = ScienceWindow.objects.order_by("scw")[0].scw
    settings.VO_AUTHORITY = NEW
    told = StringIO()
    call_command("mark_bad", scw, "solar flare", stdout=told)
    assert told.getvalue().startswith("bad: ")
    assert "bad: 0" not in told.getvalue()


@pytest.mark.usefixtures("archive")
def test_no_other_science_window_is_marked() -> None:
    with pytest.raises(Exception, match="the archive has no Science Window 000000000010"):
        call_command("mark_bad", "000000000010.001", "solar flare", stdout=StringIO())
