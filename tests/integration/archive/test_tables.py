"""Published tables against what is stored, and against the standard."""

import pytest
from astropy.io.votable.ucd import parse_ucd
from astropy.units import Unit
from django.apps import apps
from django.db import connection, models

from adql.schema import Catalogue, Column, Table
from archive.spherical import SphericalPolygonField
from archive.tables import published_schemas

pytestmark = pytest.mark.django_db

# ObsCore 1.1, table 1
MANDATORY = (
    "dataproduct_type",
    "calib_level",
    "obs_collection",
    "obs_id",
    "obs_publisher_did",
    "access_url",
    "access_format",
    "access_estsize",
    "target_name",
    "s_ra",
    "s_dec",
    "s_fov",
    "s_region",
    "s_xel1",
    "s_xel2",
    "s_resolution",
    "t_min",
    "t_max",
    "t_exptime",
    "t_resolution",
    "t_xel",
    "em_min",
    "em_max",
    "em_res_power",
    "em_xel",
    "o_ucd",
    "pol_states",
    "pol_xel",
    "facility_name",
    "instrument_name",
)

_FIELDS = {
    "short": (models.PositiveSmallIntegerField, models.SmallIntegerField),
    "int": (models.IntegerField, models.ForeignKey),
    "long": (models.BigIntegerField,),
    "double": (models.FloatField,),
    "boolean": (models.BooleanField,),
    "char": (
        models.TextField,
        models.DateTimeField,
        models.ForeignKey,
        models.OneToOneField,
        SphericalPolygonField,
    ),
}


def tables() -> list[Table]:
    return list(Catalogue(published_schemas()))


def stored(table: Table) -> dict[str, models.Field]:
    (model,) = (m for m in apps.get_models() if m._meta.db_table == table.source)
    return {field.column: field for field in model._meta.concrete_fields}


def test_every_plain_column_is_stored_in_its_type():
    for table in tables():
        fields = stored(table)
        for column in table.columns:
            if column.source is None:
                assert isinstance(fields[column.name], _FIELDS[column.datatype]), column.name
                for xtype, field in (
                    ("timestamp", models.DateTimeField),
                    ("adql:REGION", SphericalPolygonField),
                ):
                    is_one = isinstance(fields[column.name], field)
                    assert (column.xtype == xtype) == is_one, column.name


def test_every_expression_can_be_selected():
    with connection.cursor() as cursor:
        for table in tables():
            columns = ", ".join(f'{c.source or c.name} AS "{c.name}"' for c in table.columns)
            cursor.execute(f"SELECT {columns} FROM {table.source}")


def indexed(table: Table, column: Column) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [table.source])
        definitions = [line.partition(" USING ")[2] for (line,) in cursor.fetchall()]
    name = column.source or column.name
    begins = (f"btree ({name})", f"btree ({name},", f"gist ({name})")
    return any(
        d.startswith(begins) or f"radians({name})" in d
        for d in (definition.replace('"', "") for definition in definitions)
    )


def test_columns_that_are_called_indexed_have_an_index():
    for table in tables():
        for column in table.columns:
            if column.indexed:
                assert indexed(table, column), f"{table.qualified_name}.{column.name}"


def test_obscore_has_all_mandatory_columns_of_the_standard():
    (obscore,) = (t for t in tables() if t.qualified_name == "ivoa.obscore")
    assert obscore.utype == "ivo://ivoa.net/std/obscore#table-1.1"
    for name in MANDATORY:
        column = obscore.column(name)
        assert column is not None, name
        assert column.principal, name
        assert column.std, name
        assert column.utype is not None, name
        assert column.utype.startswith("obscore:"), name
        assert column.ucd, name
    for name in ("scw", "revolution"):
        column = obscore.column(name)
        assert column is not None
        assert not column.std


def test_jobs_and_owners_are_not_published():
    # whoever knows a job's id may look at the job
    names = {column.source or column.name for table in tables() for column in table.columns}
    assert not {name for name in names if "job" in name or "owner" in name}


def test_every_column_is_described_once():
    for table in tables():
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        for column in table.columns:
            assert column.description, column.name
            # ObsLocTAP gives some of its columns no UCD
            assert column.ucd or table.name == "obsplan", column.name


def test_units_and_ucds_are_those_of_the_standards():
    for table in tables():
        for column in table.columns:
            if column.ucd:
                parse_ucd(column.ucd, check_controlled_vocabulary=True)
            if column.unit:
                Unit(column.unit, format="vounit")


def test_addresses_begin_with_the_sites(settings):
    settings.SITE_URL = "https://o'neill.example"
    (obscore,) = (t for t in tables() if t.qualified_name == "ivoa.obscore")
    assert obscore.column("access_url").source == (
        "'https://o''neill.example/products/' || product_id"
    )
