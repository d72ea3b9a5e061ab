"""Translations that are kept, and for how long."""

import pytest

import adql
from adql.schema import Catalogue, Column, Schema, Table
from tap import published, translations
from tap.translations import Translations

TEXT = "SELECT a FROM t"


def catalogue(datatype="int"):
    table = Table("s", "t", (Column("a", datatype),), "", "stored")
    return Catalogue((Schema("s", "", (table,)),))


def test_a_text_is_translated_once_for_each_limit():
    kept, tables = Translations(), catalogue()
    first = kept.translate(TEXT, tables, (), 10)
    assert kept.translate(TEXT, tables, (), 10) is first
    assert kept.translate(TEXT, tables, (), 11).sql.endswith("LIMIT 11")
    assert first == adql.translate(TEXT, tables, (), 10)


def test_another_catalogue_or_other_functions_make_all_anew():
    kept, tables, other = Translations(), catalogue(), catalogue("double")
    first = kept.translate(TEXT, tables, (), 10)
    assert kept.translate(TEXT, other, (), 10).columns[0].datatype == "double"
    again = kept.translate(TEXT, tables, (), 10)
    assert again == first
    assert again is not first
    functions = (*adql.CATALOGUE_FUNCTIONS,)
    assert kept.translate(TEXT, tables, functions, 10) is not again


def test_the_one_not_used_for_longest_goes_first():
    kept, tables = Translations(most=2), catalogue()
    first = kept.translate(TEXT, tables, (), 1)
    second = kept.translate(TEXT, tables, (), 2)
    assert kept.translate(TEXT, tables, (), 1) is first
    kept.translate(TEXT, tables, (), 3)
    assert kept.translate(TEXT, tables, (), 1) is first
    assert kept.translate(TEXT, tables, (), 2) is not second


def test_long_texts_are_not_kept():
    kept, tables = Translations(longest=len(TEXT)), catalogue()
    assert kept.translate(TEXT, tables, (), 1) is kept.translate(TEXT, tables, (), 1)
    longer = TEXT + " "
    assert kept.translate(longer, tables, (), 1) is not kept.translate(longer, tables, (), 1)


def test_what_was_looked_up_is_looked_up_again():
    places = {"Crab": (83.6, 22.0)}
    functions = (adql.simbad_point(places.get, "A place"),)
    kept, tables = Translations(), catalogue()
    text = "SELECT ivo_simbadpoint('Crab') FROM t"
    assert "83.6" in kept.translate(text, tables, functions, 1).sql
    places["Crab"] = (1.5, 2.5)
    assert "1.5" in kept.translate(text, tables, functions, 1).sql


def test_an_error_is_no_translation():
    kept, tables = Translations(), catalogue()
    for _ in range(2):
        with pytest.raises(adql.AdqlError, match="unknown column"):
            kept.translate("SELECT b FROM t", tables, (), 1)


def test_a_catalogue_with_uploads_leaves_what_is_kept_alone():
    offered = published.catalogue(), published.functions()
    query = "SELECT schema_name FROM tap_schema.schemas"
    first = translations.translate(query, *offered, 5)
    with_uploads = Catalogue((*offered[0].schemas, Schema("tap_upload", "", ())))
    assert translations.translate(query, with_uploads, offered[1], 5) is not first
    assert translations.translate(query, *offered, 5) is first


def test_publishing_other_tables_forgets_what_was_kept():
    schemas, functions = published.catalogue().schemas, published.functions()
    query = "SELECT schema_name FROM tap_schema.schemas"
    first = translations.translate(query, published.catalogue(), functions, 5)
    published.declare([s for s in schemas if s.name != "tap_schema"], functions)
    again = translations.translate(query, published.catalogue(), published.functions(), 5)
    assert again == first
    assert again is not first
