"""TAP_SCHEMA, which tells what is published, as published tables itself (TAP 1.1, section 4)."""

from adql.schema import Column, ForeignKey, Schema, Table


def _text(name: str, description: str, *, principal: bool = True) -> Column:
    return Column(
        name, "char", arraysize="*", description=description, principal=principal, std=True
    )


def _number(name: str, description: str, *, principal: bool = False) -> Column:
    return Column(name, "int", description=description, principal=principal, std=True)


def _table(
    name: str, description: str, *columns: Column, keys: tuple[ForeignKey, ...] = ()
) -> Table:
    return Table(
        schema="tap_schema",
        name=name,
        columns=columns,
        description=description,
        source=f"tap_{name}",
        foreign_keys=keys,
    )


TAP_SCHEMA = Schema(
    name="tap_schema",
    description="What this service publishes, as tables that can be queried themselves",
    tables=(
        _table(
            "schemas",
            "Published schemas",
            _text("schema_name", "Name of the schema"),
            _text("utype", "Utype of the schema", principal=False),
            _text("description", "What the schema holds"),
            _number("schema_index", "Place in a list of schemas"),
        ),
        _table(
            "tables",
            "Published tables",
            _text("schema_name", "Schema that the table belongs to"),
            _text("table_name", "Name of the table, as a query writes it"),
            _text("table_type", "table or view"),
            _text("utype", "Utype of the table", principal=False),
            _text("description", "What the table holds"),
            _number("table_index", "Place in a list of tables"),
            keys=(ForeignKey("tap_schema.schemas", (("schema_name", "schema_name"),)),),
        ),
        _table(
            "columns",
            "Columns of the published tables",
            _text("table_name", "Table that the column belongs to"),
            _text("column_name", "Name of the column, as a query writes it"),
            _text("datatype", "Datatype, as in a VOTable"),
            _text("arraysize", "Arraysize, as in a VOTable"),
            _text("xtype", "Extended type, as DALI has them", principal=False),
            _number("size", "Fixed length; deprecated, read arraysize instead"),
            _text("description", "What the column holds"),
            _text("utype", "Utype of the column", principal=False),
            _text("unit", "Unit, in VOUnits"),
            _text("ucd", "UCD"),
            _number("indexed", "1 where an index makes searches by it quick", principal=True),
            _number("principal", "1 where most users want it", principal=True),
            _number("std", "1 where a standard defines it"),
            _number("column_index", "Place within the table"),
            keys=(ForeignKey("tap_schema.tables", (("table_name", "table_name"),)),),
        ),
        _table(
            "keys",
            "Foreign keys between published tables",
            _text("key_id", "Identifier of the key"),
            _text("from_table", "Table that refers"),
            _text("target_table", "Table that is referred to"),
            _text("description", "What the key means"),
            _text("utype", "Utype of the key", principal=False),
            keys=(
                ForeignKey("tap_schema.tables", (("from_table", "table_name"),)),
                ForeignKey("tap_schema.tables", (("target_table", "table_name"),)),
            ),
        ),
        _table(
            "key_columns",
            "Pairs of columns of the foreign keys",
            _text("key_id", "Key that the pair belongs to"),
            _text("from_column", "Column of the table that refers"),
            _text("target_column", "Column of the table that is referred to"),
            keys=(ForeignKey("tap_schema.keys", (("key_id", "key_id"),)),),
        ),
    ),
)
