"""Publishing products, and having files over HTTP."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import AsyncClient, Client
from strangers_archive import CRAB, write_science_window

from archive.identifiers import new_product_identity
from archive.ingest.service import ingest
from archive.models import DataProduct, ObsCoreRow, ScienceWindow
from archive.publication import NewProduct, PublishedProduct, publish
from archive.selection import select
from auth.principal import ANONYMOUS, Principal, of_user

pytestmark = pytest.mark.django_db

ADMINISTRATOR = Principal(0, "operator", is_administrator=True)
SCWS = ["066500330010.001", "066500340010.001"]


@pytest.fixture
def windows(archive_root: Path):
    for scw in SCWS:
        write_science_window(archive_root, scw, count=5)
    ingest([archive_root])
    return select(principal=ANONYMOUS, ids=SCWS)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "mosaic.fits"
    path.write_bytes(b"SIMPLE  =                    T" * 1000)
    return path


def product(made: Path, inputs, **changes) -> NewProduct:
    values = {
        "file": made,
        "file_name": "mosaic.fits",
        "kind": "mosaic",
        "media_type": "application/fits",
        "dataproduct_type": "image",
        "calib_level": 3,
        "obs_id": "job-1",
        "title": "ISGRI mosaic 20-40 keV",
        "inputs": inputs,
        "owner": ANONYMOUS,
        "e_min_kev": 20.0,
        "e_max_kev": 40.0,
        "ra": CRAB[0],
        "dec": CRAB[1],
        "fov": 30.0,
        "region": ((70.0, 10.0), (97.0, 10.0), (97.0, 34.0), (70.0, 34.0)),
        "pixels": (400, 300),
    }
    return NewProduct(**{**values, **changes})


def test_a_product_becomes_a_row_and_a_file(windows, made: Path, settings):
    published = publish(product(made, windows))

    assert published.path.read_bytes() == made.read_bytes()
    assert published.path == settings.VO_PRODUCT_ROOT / published.location
    assert published.access_url == f"https://vo.example/products/{published.product_id}"
    row = ObsCoreRow.objects.get(obs_publisher_did=published.obs_publisher_did)
    assert (row.dataproduct_type, row.calib_level, row.obs_id) == ("image", 3, "job-1")
    assert (row.scw, row.revolution) == (None, 665)
    assert row.t_min == min(w.t_min for w in windows)
    assert row.t_max == max(w.t_max for w in windows)
    assert row.t_exptime == pytest.approx(1600, abs=1e-3)
    assert (row.s_xel1, row.s_xel2, row.em_xel) == (400, 300, 1)
    assert len(row.s_region) == 4
    assert row.s_region[0] == pytest.approx((70.0, 10.0))
    assert row.data_rights == "public"
    assert row.obs_release_date is not None
    assert published.is_public


def test_a_product_of_one_science_window_tells_which(windows, made: Path):
    publish(product(made, windows[:1], calib_level=2))

    assert ObsCoreRow.objects.get(calib_level=2).scw == SCWS[0]


def test_lists_have_no_axes(windows, made: Path):
    publish(product(made, windows, dataproduct_type="measurements", calib_level=4, pixels=None))

    row = ObsCoreRow.objects.get(calib_level=4)
    assert (row.s_xel1, row.s_xel2, row.t_xel, row.em_xel) == (-1, -1, -1, -1)


def test_a_preview_is_a_product_without_a_row(windows, made: Path, client: Client):
    published = publish(product(made, windows, kind="preview", listed=False))

    assert not ObsCoreRow.objects.filter(calib_level=3).exists()
    assert client.get(path_of(published)).status_code == 200


def test_names_given_out_before_are_kept(windows, made: Path):
    identity = new_product_identity()

    published = publish(product(made, windows, identity=identity))

    assert published.obs_publisher_did == identity.obs_publisher_did


def test_simulated_inputs_make_a_simulated_product(archive_root: Path, made: Path):
    write_science_window(archive_root, count=5, changes={"ORIGIN": "simulation"})
    ingest([archive_root])

    publish(product(made, select(principal=ANONYMOUS)))

    assert ObsCoreRow.objects.get(calib_level=3).obs_collection == "INTEGRAL-SIM"


def test_names_are_written_in_the_standards_characters(windows, made: Path):
    publish(product(made, windows, target_name="η Carinæ, Türler"))

    assert ObsCoreRow.objects.get(calib_level=3).target_name == "? Carin?, Turler"


@pytest.mark.parametrize(
    "changes",
    [
        {"file_name": "../mosaic.fits"},
        {"file_name": ".hidden"},
        {"calib_level": 5},
        {"dataproduct_type": "painting"},
        {"e_min_kev": 40.0, "e_max_kev": 20.0},
        {"inputs": ()},
    ],
)
def test_a_product_that_contradicts_itself_is_refused(windows, made: Path, settings, changes):
    with pytest.raises(ValueError, match=r".+"):
        publish(product(made, changes.pop("inputs", windows), **changes))

    assert not settings.VO_PRODUCT_ROOT.exists()


def test_no_file_stays_where_the_rows_are_refused(windows, made: Path, settings):
    publish(product(made, windows))
    before = sorted(settings.VO_PRODUCT_ROOT.rglob("*.fits"))
    taken = DataProduct.objects.get(kind="mosaic")
    identity = new_product_identity()
    identity = type(identity)(identity.product_id, taken.obs_publisher_did)

    with pytest.raises(Exception, match="obs_publisher_did"), transaction.atomic():
        publish(product(made, windows, identity=identity))

    assert sorted(settings.VO_PRODUCT_ROOT.rglob("*.fits")) == before


# --- files over HTTP ------------------------------------------------------------------------------


def path_of(published: PublishedProduct) -> str:
    return published.access_url.removeprefix("https://vo.example")


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_an_event_file_is_had_at_its_address(windows, client: Client):
    record = windows[0]

    response = client.get(f"/products/{record.folder}/isgri_events")

    assert response.status_code == 200
    assert body(response) == record.event_file.path.read_bytes()
    assert response["Content-Type"] == "application/fits"
    assert int(response["Content-Length"]) == record.event_file.size
    assert response["Content-Disposition"] == (
        'attachment; filename="isgri_events_066500330010.001.fits.gz"'
    )


def test_a_file_says_where_its_history_is_and_the_history_is_there(windows, client: Client):
    record = windows[0]
    link = client.head(f"/products/{record.folder}/isgri_events")["Link"]
    address, relation, anchor = link.split("; ")
    assert relation == 'rel="http://www.w3.org/ns/prov#has_provenance"'
    identifier = anchor.removeprefix("anchor=").strip('"')
    history = client.get(address.strip("<>").partition("//")[2].partition("/")[2].join(["/", ""]))
    assert history["Content-Type"] == "application/json"
    name = identifier.partition("?")[2]
    assert any(key.endswith(name) for key in history.json()["datasetEntity"])


def test_head_tells_the_size_without_the_file(windows, client: Client):
    response = client.head(f"/products/{windows[0].folder}/isgri_events")

    assert response.status_code == 200
    assert int(response["Content-Length"]) == windows[0].event_file.size
    assert response.content == b""


async def _get_asynchronously(path: str) -> tuple[int, bytes]:
    response = await AsyncClient().get(path)
    return response.status_code, b"".join([part async for part in response.streaming_content])


def test_the_asynchronous_server_streams_too(windows):
    record = windows[0]

    status, content = async_to_sync(_get_asynchronously)(f"/products/{record.folder}/isgri_events")

    assert status == 200
    assert content == record.event_file.path.read_bytes()


@pytest.mark.parametrize(
    "identifier",
    [
        "0" * 32,
        "scw/0665/066599990010.001/isgri_events",
        "../../etc/passwd",
        "scw/0665/066500330010.001/../066500330010.001/swg",
        "scw/0665/066500330010.001/isgri_events.fits.gz",
        "%00",
        "",
    ],
)
def test_what_is_not_there_is_404_in_a_document(windows, client: Client, identifier: str):
    response = client.get(f"/products/{identifier}")

    assert response.status_code == 404
    if identifier:
        assert b"ERROR" in response.content
        assert response["Content-Type"].startswith("application/x-votable+xml")


def test_other_methods_are_refused(windows, client: Client):
    assert client.post(f"/products/{windows[0].folder}/swg").status_code == 405


def test_a_file_that_is_gone_is_404(windows, client: Client):
    windows[0].event_file.path.unlink()

    response = client.get(f"/products/{windows[0].folder}/isgri_events")

    assert response.status_code == 404
    assert str(windows[0].event_file.path).encode() not in response.content


def test_a_private_product_is_its_owners_and_the_administrators(windows, made: Path):
    users = get_user_model().objects
    owner = users.create_user("owner")
    other = users.create_user("other")
    administrator = users.create_superuser("operator")
    ScienceWindow.objects.filter(scw=SCWS[0]).update(release_date=datetime(2099, 1, 1, tzinfo=UTC))
    inputs = select(principal=ADMINISTRATOR, ids=SCWS)
    private = publish(product(made, inputs, owner=of_user(owner)))
    kept_back = publish(product(made, windows, owner=of_user(owner), public=False))

    for published in (private, kept_back):
        assert not published.is_public
        row = ObsCoreRow.objects.get(obs_publisher_did=published.obs_publisher_did)
        assert (row.data_rights, row.obs_release_date) == ("proprietary", None)
        statuses = {}
        for user in (None, other, owner, administrator):
            client = Client()
            if user is not None:
                client.force_login(user)
            response = client.get(path_of(published))
            statuses[user] = response.status_code
            assert b"SIMPLE" not in getattr(response, "content", b"")
        assert statuses == {None: 403, other: 403, owner: 200, administrator: 200}


def test_an_embargoed_event_file_says_when_it_ends(windows, client: Client):
    DataProduct.objects.update(
        data_rights="proprietary", release_date=datetime(2099, 1, 1, tzinfo=UTC)
    )

    response = client.get(f"/products/{windows[0].folder}/isgri_events")

    assert response.status_code == 403
    assert b"not public before 2099-01-01" in response.content
