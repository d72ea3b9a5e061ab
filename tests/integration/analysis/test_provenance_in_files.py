"""A product carries its own history: its last step in the header, all of it in an extension."""

import getpass
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from analysis.products.provenance_extension import NoHistoryError, read_history
from provenance import graph
from provenance.files import file_checksum
from provenance.models import Activity, Entity
from provenance.surroundings import whereabouts


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, str]]:
    """Host and account, by names that no file holds by chance."""
    host, account = "host-of-nobody", "account-of-nobody"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: host)
        patch.setattr(getpass, "getuser", lambda: account)
        whereabouts.cache_clear()
        yield host, account
    whereabouts.cache_clear()


@pytest.fixture(scope="module")
def made(place: tuple[str, str], image_for_all: Callable[[int], Any]) -> Any:
    """An image of two Science Windows, made once at that place."""
    return image_for_all(2)


@pytest.fixture
def done(made: Any, archive: Path) -> Any:
    """The same, where the archive is."""
    return made


def test_the_primary_header_tells_of_the_last_step(done: Any) -> None:
    header = fits.getheader(done.results["mosaic"])
    assert header["PROVNAME"] == "isgri_image"
    assert header["PROVBEG"] < header["PROVEND"]
    assert header["PROVSAP"].startswith("http")
    assert any(value.startswith("vo_server ") for value in header["PRVS*"].values())
    assert "E1_keV = 20.0 keV" in header["PRVP*"].values()
    assert header["PROVENG"] == "coded_mask"
    assert len(header["PROVDIG"]) == 64
    assert header["LONGSTRN"] == "OGIP 1.0", "fitsverify warns without it"
    assert any(value.startswith("astropy ") for value in header["PRVS*"].values())
    origins = [origin.split() for origin in header["PRVI*"].values()]
    # the maps, and the list of what their images were cleaned of
    assert [origin[0] for origin in origins] == ["mosaic", "mosaic_sources"]
    entities = graph.read(read_history(done.results["mosaic"])).entities
    known = {entity.get("checksum") for entity in entities.values()}
    assert {origin[-1] for origin in origins} <= known


def test_a_file_says_nothing_of_host_account_and_job(place: tuple[str, str], done: Any) -> None:
    # steps run in processes that may be older than the test: these know the true names
    theirs = Activity.objects.exclude(name="isgri_image").values_list("private_comment", flat=True)
    own = Activity.objects.get(name="isgri_image").private_comment
    secrets = {*place, "secret-job0", *filter(None, theirs)}
    assert all(secret in own for secret in (*place, "secret-job0")), "administrators may know"
    for path in done.results.values():
        content = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, f"{path.name} holds {secret!r}"


def test_the_extension_leads_from_the_file_to_the_events(done: Any) -> None:
    path = done.results["mosaic"]
    history = graph.read(read_history(path))
    names = {activity.name for activity in history.activities.values()}
    assert names >= {"isgri_image", "mosaic", "clean", "sky_image", "shadowgram"}
    (own,) = history.last()
    assert own.partition(":")[2] == fits.getheader(path)["PROVENT"].partition("?")[2]
    reached, ways = set(), [own]
    while ways:
        entity = ways.pop()
        reached.add(history.entities[entity].get("location"))
        maker, _ = history.generated_by.get(entity, ("", ""))
        ways.extend(used for used, _ in history.used.get(maker, ()))
    assert sum(place.endswith("isgri_events.fits.gz") for place in reached) == 2


def test_what_was_written_before_keeps_its_checksums_and_another_file_has_no_history(
    done: Any, tmp_path: Any
) -> None:
    with fits.open(done.results["mosaic"], checksum=True) as hdus:
        hdus.verify("exception")
        assert hdus[-1].name == "PROVENANCE"
        assert all("CHECKSUM" in hdu.header for hdu in hdus)
    plain = tmp_path / "plain.fits"
    fits.PrimaryHDU().writeto(plain)
    with pytest.raises(NoHistoryError, match="no extension PROVENANCE"):
        read_history(plain)
    with pytest.raises(NoHistoryError, match=r"log\.txt"):
        read_history(done.results["log"])


def test_the_entity_in_the_tables_has_the_checksum_of_the_whole_file(done: Any) -> None:
    path = done.results["mosaic"]
    entity = Entity.objects.get(identifier=fits.getheader(path)["PROVENT"])
    assert entity.checksum == file_checksum(path)
