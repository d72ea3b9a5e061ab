"""A catalogue to resolve queries against."""

import pytest

from adql.schema import Catalogue, Column, Schema, Table

OBSCORE = Table(
    "ivoa",
    "obscore",
    (
        Column("obs_id", "char", "*", ucd="meta.id"),
        Column("dataproduct_type", "char", "*"),
        Column("calib_level", "int"),
        Column("target_name", "unicodeChar", "*"),
        Column("s_ra", "double", unit="deg", ucd="pos.eq.ra", utype="Char.SpatialAxis.C1"),
        Column("s_dec", "double", unit="deg", ucd="pos.eq.dec"),
        Column("s_region", "double", "*", "polygon", "deg", "pos.outline"),
        Column("t_min", "double", unit="d", ucd="time.start;obs.exposure"),
        Column("t_max", "double", unit="d", ucd="time.end;obs.exposure"),
        Column("t_exptime", "float", unit="s", ucd="time.duration;obs.exposure"),
        Column("access_estsize", "long", unit="kbyte"),
        Column("obs_release_date", "char", "*", "timestamp"),
    ),
    "Observations",
    "archive_obscore",
)

SOURCE = Table(
    "integral",
    "source",
    (
        Column("name", "char", "*"),
        Column("ra", "double", unit="deg"),
        Column("dec", "double", unit="deg"),
        Column("position", "double", "2", "point"),
        Column("error_circle", "double", "3", "circle"),
        Column("size", "int"),
        Column("Flux", "float", unit="count/s"),
        Column("is_new", "boolean"),
    ),
    "Sources",
    "archive_source",
)

PRODUCT = Table(
    "integral",
    "product",
    (
        Column("obs_id", "char", "*"),
        Column("path", "char", "*"),
        Column("calib_level", "short"),
    ),
    "Files",
    "archive_product",
)

TABLES = Table(
    "tap_schema",
    "tables",
    (Column("table_name", "char", "*"), Column("description", "char", "*")),
    "Tables",
    "tap_tables",
)

UPLOAD = Table(
    "TAP_UPLOAD", "mine", (Column("oid", "char", "*"), Column("ra", "double")), "", "upload_0"
)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """A few published tables and an upload."""
    return Catalogue(
        (
            Schema("ivoa", "", (OBSCORE,)),
            Schema("integral", "", (SOURCE, PRODUCT)),
            Schema("tap_schema", "", (TABLES,)),
            Schema("TAP_UPLOAD", "", (UPLOAD,)),
        )
    )
