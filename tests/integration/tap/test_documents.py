"""What the service says of itself."""

import pytest
from defusedxml import ElementTree
from vo_models.vosi.availability.models import Availability

from tap import published
from tap.examples import examples

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_tables_document_lists_every_published_table_with_its_columns(get):
    found = get("/tap/tables")
    assert (found.status, found.media_type) == (200, "text/xml")
    root = ElementTree.fromstring(found.body)
    listed = {t.findtext("name"): len(t.findall("column")) for t in root.iter("table")}
    assert listed == {t.qualified_name: len(t.columns) for t in published.catalogue()}


def test_without_detail_the_columns_are_left_out(get):
    root = ElementTree.fromstring(get("/tap/tables", {"detail": "min"}).body)
    assert list(root.iter("column")) == []
    assert len(list(root.iter("table"))) == len(list(published.catalogue()))
    assert get("/tap/tables", {"detail": "some"}).error.startswith("detail: 'some' is neither")


def test_one_table_is_described_by_itself(get):
    root = ElementTree.fromstring(get("/tap/tables/IVOA.ObsCore").body)
    columns = {c.findtext("name"): c for c in root.iter("column")}
    region = columns["s_region"].find("dataType")
    assert root.findtext("name") == "ivoa.obscore"
    assert (region.text, region.get("arraysize"), region.get("extendedType")) == (
        "char",
        "*",
        "adql:REGION",
    )
    assert columns["s_ra"].findtext("unit") == "deg"
    assert [f.text for f in columns["s_ra"].findall("flag")] == ["principal", "indexed", "std"]


def test_tap_plus_gets_names_alone_and_tables_alone_with_the_attribute_that_it_needs(get):
    names = ElementTree.fromstring(get("/tap/tables", {"only_tables": "true"}).body)
    assert list(names.iter("column")) == []
    asked = ElementTree.fromstring(get("/tap/tables", {"tables": "ivoa.obscore"}).body)
    assert [t.findtext("name") for t in asked.iter("table")] == ["ivoa.obscore"]
    columns = list(asked.iter("column"))
    assert columns
    assert {c.get("{http://esa.int/xml/EsaTapPlus}flags") for c in columns} == {"0"}
    assert b"EsaTapPlus" not in get("/tap/tables").body
    assert b'esatapplus:flags="0"' in get("/tap/tables", {"tables": "ivoa.obscore"}).body
    assert get("/tap/tables", {"tables": "no.such"}).status == 404


def test_a_name_that_needs_quotes_is_written_with_them(get):
    root = ElementTree.fromstring(get("/tap/tables/tap_schema.columns").body)
    assert '"size"' in [c.findtext("name") for c in root.iter("column")]


def test_an_unknown_table_is_not_found(get):
    found = get("/tap/tables/no.such<table>")
    assert found.status == 404
    assert found.error.startswith("no table 'no.such<table>' is published")


def udf_forms(tap):
    (udf,) = (f for f in tap.iter("languageFeatures") if f.get("type").endswith("#features-udf"))
    assert all(f.findtext("description") for f in udf)
    return [f.findtext("form") for f in udf]


def test_the_capabilities_tell_languages_formats_limits_and_the_data_model(get, settings):
    root = ElementTree.fromstring(get("/tap/capabilities").body)
    tap = root.find("capability[@standardID='ivo://ivoa.net/std/TAP']")
    assert tap.findtext("interface/accessURL") == f"{settings.SITE_URL}/tap"
    assert "COALESCE" in tap.findtext("language/description")
    assert tap.find("dataModel").get("ivo-id") == "ivo://ivoa.net/std/ObsCore#core-1.1"
    assert [v.text for v in tap.findall("language/version")] == ["2.0", "2.1"]
    assert {form.partition("(")[0] for form in udf_forms(tap)} == {
        function.name for function in published.functions()
    }
    assert "ivo_simbadpoint(identifier VARCHAR) -> POINT" in udf_forms(tap)
    assert {"votable", "votable/b2", "votable/td", "csv"} <= {
        a.text for a in tap.findall("outputFormat/alias")
    }
    assert tap.findtext("outputLimit/hard") == str(settings.VO_TAP_MAXREC_HARD)
    assert [method.get("ivo-id") for method in tap.findall("uploadMethod")] == [
        f"ivo://ivoa.net/std/TAPRegExt#upload-{way}" for way in ("inline", "http", "https")
    ]
    limits = tap.find("uploadLimit")
    assert [(limit.tag, limit.get("unit"), int(limit.text)) for limit in limits] == [
        ("default", "row", settings.VO_TAP_UPLOAD_MAX_ROWS),
        ("hard", "byte", settings.VO_TAP_UPLOAD_MAX_BYTES),
    ]
    geometry = tap.find(
        "language/languageFeatures[@type='ivo://ivoa.net/std/TAPRegExt#features-adqlgeo']"
    )
    assert "CONTAINS" in [f.text for f in geometry.findall("feature/form")]


def test_every_standard_resource_is_where_the_capabilities_say(get, settings):
    root = ElementTree.fromstring(get("/tap/capabilities").body)
    places = [c.findtext("interface/accessURL") for c in root.findall("capability")]
    for place in places:
        assert get(place.removeprefix(settings.SITE_URL)).status == 200


def test_the_service_is_available(get):
    assert Availability.from_xml(get("/tap/availability").body).available is True


def test_the_examples_run_and_are_well_formed(get, query, observations):
    page = ElementTree.fromstring(get("/tap/examples").body)
    html = "{http://www.w3.org/1999/xhtml}"
    assert page.find(f"{html}body").get("vocab") == "http://www.ivoa.net/rdf/examples#"
    shown = [e.text for e in page.iter(f"{html}pre")]
    assert shown == [example.query for example in examples()]
    assert len(shown) >= 4
    for text in shown:
        assert query(text).statuses == ["OK"]
