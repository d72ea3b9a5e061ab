"""The links of DataLink: what belongs to a file, and who may have it."""

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import votable
from django.contrib.auth import get_user_model
from django.test import Client
from strangers_archive import write_science_window

from archive import datalink
from archive.ingest.service import ingest
from archive.models import DataProduct
from archive.publication import NewProduct, PublishedProduct, publish
from archive.selection import select
from auth.principal import ANONYMOUS, Principal, of_user

pytestmark = pytest.mark.django_db

SCW = "066500330010.001"
EVENTS = f"ivo://x-unregistered.vo-server/archive?scw/0665/{SCW}/isgri_events"
# DataLink 1.1, table 1
UCDS = {
    "ID": "meta.id;meta.main",
    "access_url": "meta.ref.url",
    "service_def": "meta.ref",
    "error_message": "meta.code.error",
    "description": "meta.note",
    "semantics": "meta.code",
    "content_type": "meta.code.mime",
    "content_length": "phys.size;meta.file",
    "content_qualifier": None,
    "local_semantics": "meta.id.assoc",
    "link_auth": "meta.code",
    "link_authorized": "meta.code",
}


@pytest.fixture(autouse=True)
def archive(archive_root: Path) -> None:
    write_science_window(archive_root, SCW, count=5)
    ingest([archive_root])


def published(folder: Path, kind: str, owner: Principal = ANONYMOUS, **changes) -> PublishedProduct:
    path = folder / kind
    path.write_bytes(b"0123456789")
    values = {
        "file": path,
        "file_name": f"{kind}.fits",
        "kind": kind,
        "media_type": "application/fits",
        "dataproduct_type": "image",
        "calib_level": 3,
        "obs_id": "job-1",
        "title": f"An image, {kind}",
        "inputs": select(principal=ANONYMOUS, ids=[SCW]),
        "owner": owner,
        "e_min_kev": 20.0,
        "e_max_kev": 40.0,
        "pixels": (4, 3),
    }
    return publish(NewProduct(**{**values, **changes}))


def asked(client: Client, *identifiers: str, **more: str) -> list[dict[str, object]]:
    answer = client.get("/datalink/links", {"ID": identifiers, **more})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-votable+xml;content=datalink"
    return rows(answer.content)


def rows(document: bytes) -> list[dict[str, object]]:
    table = votable.parse(io.BytesIO(document), verify="exception").get_first_table().to_table()
    return [
        {name: None if row[name] in ("", np.ma.masked) else row[name] for name in table.colnames}
        for row in table
    ]


def test_a_file_is_linked_to_itself(client: Client):
    (row,) = asked(client, EVENTS)
    assert row["ID"] == EVENTS
    assert row["semantics"] == "#this"
    assert row["access_url"] == f"https://vo.example/products/scw/0665/{SCW}/isgri_events"
    assert row["content_type"] == "application/fits"
    assert row["content_length"] == DataProduct.objects.get(obs_publisher_did=EVENTS).size
    assert (row["content_qualifier"], row["local_semantics"]) == ("#event", "isgri_events")
    assert (row["link_auth"], row["link_authorized"]) == ("optional", True)
    assert client.head(str(row["access_url"])).status_code == 200


def test_the_columns_are_those_of_the_standard(client: Client):
    document = votable.parse(io.BytesIO(client.get("/datalink/links").content), verify="exception")
    table = document.get_first_table()
    assert {field.name: field.ucd for field in table.fields} == UCDS
    assert len(table.array) == 0
    kinds = {field.name: (field.datatype, str(field.unit)) for field in table.fields}
    assert kinds["content_length"] == ("long", "byte")
    assert kinds["link_authorized"][0] == "boolean"
    infos = {info.name: info.value for info in document.resources[0].infos}
    assert infos["standardID"] == "ivo://ivoa.net/std/DataLink#links-1.1"


def test_a_mosaic_has_its_picture(client: Client, tmp_path: Path):
    mosaic = published(tmp_path, "mosaic")
    picture = published(
        tmp_path, "preview", listed=False, media_type="image/png", dataproduct_type=None
    )
    this, preview = asked(client, mosaic.obs_publisher_did)
    assert (this["semantics"], this["access_url"]) == ("#this", mosaic.access_url)
    assert (preview["semantics"], preview["access_url"]) == ("#preview", picture.access_url)
    assert (preview["content_type"], preview["content_length"]) == ("image/png", 10)
    assert preview["ID"] == mosaic.obs_publisher_did
    assert len(asked(client, picture.obs_publisher_did)) == 1


def test_the_lists_of_a_mosaic_are_linked_in_each_format(client: Client, tmp_path: Path):
    made = {
        kind: published(tmp_path, kind, listed=kind in ("mosaic", "sources"))
        for kind in ("mosaic", "sources", "sources_fits", "sources_scw", "preview")
    }
    published(tmp_path, "sources_fits", obs_id="job-2", listed=False)
    names = {product.access_url: kind for kind, product in made.items()}
    for asked_for, linked in (
        ("mosaic", {"preview", "sources", "sources_fits", "sources_scw"}),
        ("sources", {"sources_fits", "sources_scw"}),
        ("sources_fits", set()),
    ):
        this, *others = asked(client, made[asked_for].obs_publisher_did)
        assert (this["semantics"], names[str(this["access_url"])]) == ("#this", asked_for)
        assert {names[str(row["access_url"])] for row in others} == linked
        for row in others:
            wanted = "#preview" if row["local_semantics"] == "preview" else "#coderived"
            assert row["semantics"] == wanted
    told = [str(row["description"]) for row in asked(client, made["sources"].obs_publisher_did)]
    assert told[1:] == [
        "Sources in the mosaic, as FITS",
        "Sources in each Science Window, as VOTable",
    ]


def test_a_spectrum_has_its_own_picture_and_response(client: Client, tmp_path: Path):
    made = {}
    for source in ("1_Crab", "2_1A_0535+262"):
        for kind in ("spectrum", "arf", "rmf", "preview"):
            made[kind, source] = published(
                tmp_path, kind, file_name=f"jemx2_{kind}_{source}.fits", listed=kind != "preview"
            )

    for source in ("1_Crab", "2_1A_0535+262"):
        links = asked(client, made["spectrum", source].obs_publisher_did)
        assert [(row["semantics"], row["access_url"]) for row in links] == [
            ("#this", made["spectrum", source].access_url),
            ("#preview", made["preview", source].access_url),
            ("#calibration", made["arf", source].access_url),
            ("#calibration", made["rmf", source].access_url),
        ]
    (only,) = asked(client, made["arf", "1_Crab"].obs_publisher_did)
    assert only["semantics"] == "#this"


def test_many_identifiers_are_answered_in_one_document(client: Client, tmp_path: Path):
    mosaic = published(tmp_path, "mosaic").obs_publisher_did
    found = asked(client, mosaic, "ivo://elsewhere/x", EVENTS, mosaic, "nonsense")
    assert [row["ID"] for row in found] == [mosaic, "ivo://elsewhere/x", EVENTS, "nonsense"]
    errors = [str(row["error_message"] or "").partition(":")[0] for row in found]
    assert errors == ["", "NotFoundFault", "", "UsageFault"]
    for row in found:
        assert (row["access_url"] is None) != (row["error_message"] is None)
        assert row["semantics"] == "#this"


def test_identifiers_may_come_by_post_and_in_capitals(client: Client):
    answer = client.post("/datalink/links?ID=ivo://a/b", {"id": [EVENTS.upper(), EVENTS]})
    assert [row["ID"] for row in rows(answer.content)] == ["ivo://a/b", EVENTS.upper(), EVENTS]
    assert rows(answer.content)[1]["access_url"] == rows(answer.content)[2]["access_url"]


def test_a_private_file_is_linked_for_its_owner_alone(client: Client, tmp_path: Path):
    user = get_user_model().objects.create_user("observer", password="a secret of mine")
    mosaic = published(tmp_path, "mosaic", owner=of_user(user), public=False)
    (row,) = asked(client, mosaic.obs_publisher_did)
    assert (row["link_auth"], row["link_authorized"]) == ("true", False)
    assert client.get(mosaic.access_url).status_code == 403

    client.force_login(user)
    (row,) = asked(client, mosaic.obs_publisher_did)
    assert (row["link_auth"], row["link_authorized"]) == ("true", True)
    assert client.get(mosaic.access_url).status_code == 200


def test_too_many_identifiers_are_cut_between_two_and_said_to_be(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(datalink, "MOST_IDENTIFIERS", 1)
    mosaic = published(tmp_path, "mosaic").obs_publisher_did
    published(tmp_path, "preview", listed=False, dataproduct_type=None)
    answer = client.get("/datalink/links", {"ID": [mosaic, EVENTS]})
    assert [row["semantics"] for row in rows(answer.content)] == ["#this", "#preview"]
    assert b'name="QUERY_STATUS" value="OVERFLOW"' in answer.content
    assert b"OVERFLOW" not in client.get("/datalink/links", {"ID": mosaic}).content


@pytest.mark.parametrize("asked_for", ["votable", "application/x-votable+xml", "VOTABLE"])
def test_the_votable_has_one_media_type_however_it_is_asked_for(client: Client, asked_for: str):
    assert asked(client, EVENTS, RESPONSEFORMAT=asked_for)


def test_other_formats_are_offered(client: Client):
    answer = client.get("/datalink/links", {"ID": EVENTS, "RESPONSEFORMAT": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text.splitlines()[1].startswith(f'"{EVENTS}","https://vo.example/products/')


def test_a_format_that_is_not_offered_is_an_error_in_the_standards_words(client: Client):
    answer = client.get("/datalink/links", {"ID": EVENTS, "RESPONSEFORMAT": "tar"})
    assert answer.status_code == 400
    assert ">UsageFault: RESPONSEFORMAT" in answer.text


def test_too_many_parameters_are_an_error_of_the_client(client: Client):
    answer = client.get("/datalink/links", {"ID": ["ivo://a/b"] * 1001})
    assert answer.status_code == 400
    assert ">UsageFault: " in answer.text


def test_asking_for_more_files_takes_no_more_queries(
    client: Client, tmp_path: Path, django_assert_max_num_queries
):
    made = [published(tmp_path, "mosaic", obs_id=f"job-{n}") for n in range(5)]
    identifiers = [product.obs_publisher_did for product in made]
    with django_assert_max_num_queries(2):
        assert len(asked(client, *identifiers, EVENTS)) == 6
