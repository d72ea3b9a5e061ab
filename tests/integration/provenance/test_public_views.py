"""What TAP publishes: the declared columns, and no row that isn't everybody's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection

from adql.schema import Column
from provenance import (
    ActivityRecord,
    AgentRecord,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    UsedRecord,
)
from provenance.statistics import Statistics, statistics
from provenance.store import enter, make_public
from provenance.tables import published_schemas

TABLES = {table.name: table for schema in published_schemas() for table in schema.tables}


def published(name: str) -> list[tuple[object, ...]]:
    """All rows of a published table, its columns as declared."""
    table = TABLES[name]
    columns = ", ".join(f'"{column.name}"' for column in table.columns if not column.source)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table.source} ORDER BY 1, 2")
        return list(cursor.fetchall())


def first(name: str) -> set[object]:
    """The values of a published table's first column."""
    return {row[0] for row in published(name)}


def postgresql_type(column: Column) -> str:
    """The type that a published column of this declaration has to have."""
    if column.xtype == "timestamp":
        return "timestamp without time zone"
    return {"char": "text", "int": "integer", "long": "bigint"}[column.datatype]


@pytest.mark.django_db
@pytest.mark.parametrize("name", TABLES)
def test_the_stored_relation_has_the_declared_columns_and_types(name: str) -> None:
    table = TABLES[name]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table.source],
        )
        found = dict(cursor.fetchall())
    stored = [column for column in table.columns if not column.source]
    assert {column.name: postgresql_type(column) for column in stored} == found


def a_private_analysis() -> list[ActivityRecord]:
    """Two steps, one job and one embargoed input, all private, all relations in use."""
    ada = InvolvedRecord(AgentRecord("agent:ada", "Ada", email="ada@example.org"), "operator")
    software = InvolvedRecord(AgentRecord("agent:vo_server", "vo_server 1"), "software")
    image = ActivityRecord(
        "activity:image",
        "image",
        used=(UsedRecord(EntityRecord("events")),),
        generated=(GeneratedRecord(EntityRecord("image")), GeneratedRecord(EntityRecord("spare"))),
        agents=(software,),
    )
    images = EntityRecord("images", entity_class=EntityClass.COLLECTION, members=("image",))
    mosaic = ActivityRecord(
        "activity:mosaic",
        "mosaic",
        version="3",
        used=(UsedRecord(images),),
        generated=(GeneratedRecord(EntityRecord("mosaic", derived_from=("image",))),),
        agents=(software,),
        parameters=(ParameterRecord("E1_keV", "20", value_entity="threshold"),),
        config_files=(ConfigFileRecord("osa.par"),),
        informants=("activity:image",),
    )
    product = EntityRecord("product", attributed_to=(ada,))
    job = ActivityRecord(
        "activity:job",
        "isgri_image",
        used=(UsedRecord(EntityRecord.reference("mosaic")),),
        generated=(GeneratedRecord(product),),
        agents=(ada,),
        informants=("activity:mosaic",),
    )
    return [image, mosaic, job]


HOLDS_INSTANCES = [
    name for name, table in TABLES.items() if table.source.startswith("provenance_public")
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOLDS_INSTANCES)
def test_nothing_of_a_private_analysis_is_published(name: str) -> None:
    enter(a_private_analysis())
    assert published(name) == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOLDS_INSTANCES)
def test_a_published_product_shows_the_whole_of_its_making(name: str) -> None:
    enter(a_private_analysis())
    make_public(["product"])
    assert published(name)


@pytest.mark.django_db
def test_what_a_published_product_does_not_come_from_stays_private() -> None:
    enter(a_private_analysis())
    make_public(["mosaic"])
    assert first("entity") == {"mosaic", "image", "images", "events", "threshold"}
    assert first("activity") == {"activity:image", "activity:mosaic"}
    assert first("agent") == {"agent:vo_server"}
    assert published("was_attributed_to") == []
    assert ("image", "spare") not in published("was_generated_by")
    assert [(row[0], row[1]) for row in published("lineage")] == [
        ("events", "image"),
        ("events", "images"),
        ("events", "mosaic"),
        ("image", "images"),
        ("image", "mosaic"),
        ("images", "mosaic"),
        ("threshold", "mosaic"),
    ]


@pytest.mark.django_db
def test_a_relation_is_published_only_where_both_its_ends_are() -> None:
    used = (UsedRecord(EntityRecord("secret")), UsedRecord(EntityRecord("open", public=True)))
    made = (GeneratedRecord(EntityRecord("result", public=True)),)
    enter(
        [
            ActivityRecord("activity:1", "x", used=used, generated=made, public=True),
            ActivityRecord("activity:2", "y", used=used[1:], informants=("activity:1",)),
        ]
    )
    assert [row[:2] for row in published("used")] == [("activity:1", "open")]
    assert published("lineage") == [("open", "result", 1, "used", "used")]
    assert published("was_informed_by") == []
    assert statistics() == Statistics(activities=1, entities=2)


@pytest.mark.django_db
def test_an_activity_that_is_only_named_is_not_published() -> None:
    enter([replace(ActivityRecord("activity:1", "x", public=True), informants=("activity:0",))])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE provenance_activity SET public = true")
    assert first("activity") == {"activity:1"}
    assert published("was_informed_by") == []


@pytest.mark.django_db
def test_times_are_published_in_utc_without_a_zone() -> None:
    in_geneva = datetime(2015, 6, 20, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    enter([ActivityRecord("activity:1", "x", start=in_geneva, public=True)])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
        cursor.execute("SELECT start_time FROM provenance_public_activity")
        assert cursor.fetchone() == (in_geneva.astimezone(UTC).replace(tzinfo=None),)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("view", "column"), [("entity", "comment"), ("parameter", "value"), ("agent", "comment")]
)
def test_a_condition_of_a_query_is_not_tried_on_rows_that_are_not_published(
    view: str, column: str
) -> None:
    """An error in a condition would tell of a value in a row that its asker may not see."""

    def activity(number: int, public: bool) -> ActivityRecord:
        text = str(number)
        return ActivityRecord(
            text,
            "x",
            used=(UsedRecord(EntityRecord(text, comment=text, public=public)),),
            agents=(InvolvedRecord(AgentRecord(text, text, comment=text)),),
            parameters=(ParameterRecord("x", text),),
            public=public,
        )

    enter([activity(0, False), activity(1, True)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM provenance_public_{view} WHERE 1 / {column}::integer = 1"
        )
        assert cursor.fetchall() == [("1",)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("view", "condition"),
    [
        ("used", "1 / role::integer = 1"),
        ("used", "1 / extract(minute FROM time) = 1"),
        ("was_generated_by", "1 / role::integer = 1"),
        ("was_associated_with", "1 / role::integer = 1"),
        ("was_attributed_to", "1 / role::integer = 1"),
        ("was_configured_by", "1 / (length(artefact_type) - 10) < 0"),
        ("lineage", "1 / (depth - 2) = -1"),
        ("lineage", "ancestor = 'open input' AND 1 / (depth - 2) = -1"),
        ("lineage", "1 / (length(path_kind) - length('mixed')) = -1"),
        ("lineage", "1 / (length(path_relations) - length('used was_derived_from')) = 0"),
    ],
)
@pytest.mark.parametrize("planned", ["as PostgreSQL likes", "without indexes", "without hashes"])
def test_a_condition_is_not_tried_on_relations_that_are_not_published(
    view: str, condition: str, planned: str
) -> None:
    """Each would divide by zero on a hidden relation, whatever way PostgreSQL takes."""

    def activity(name: str, public: bool) -> ActivityRecord:
        role = "1" if public else "0"
        time = datetime(2026, 11, 20, 12, 1 if public else 0, tzinfo=UTC)
        agent = InvolvedRecord(AgentRecord(f"{name} agent", name), role)
        result = EntityRecord(f"{name} result", attributed_to=(agent,), public=public)
        return ActivityRecord(
            name,
            "x",
            used=(UsedRecord(EntityRecord(f"{name} input", public=public), role, time),),
            generated=(GeneratedRecord(result, role),),
            agents=(agent,),
            parameters=(ParameterRecord("x", role),) if public else (),
            config_files=() if public else (ConfigFileRecord("x"),),
            public=public,
        )

    further = ActivityRecord(
        "further",
        "x",
        used=(UsedRecord(EntityRecord("open result"), "0", datetime(2026, 1, 1, tzinfo=UTC)),),
        generated=(
            GeneratedRecord(EntityRecord("hidden grandchild", derived_from=("open result",)), "0"),
        ),
    )
    copy = EntityRecord("hidden copy", derived_from=("open result",))
    enter([activity("open", True), activity("hidden", False), further, copy])
    with connection.cursor() as cursor:
        if planned == "without indexes":
            cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        elif planned == "without hashes":
            cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        cursor.execute(f"SELECT count(*) FROM provenance_public_{view} WHERE {condition}")
        (count,) = cursor.fetchone() or (0,)
        assert count == 1


@pytest.mark.django_db
def test_walking_the_lineage_of_a_product_uses_the_indexes() -> None:
    """Also where the views are joined: a graph of millions is walked in milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO provenance_entity (identifier, entity_class, public, location)"
            " SELECT 'entity:' || n, 'DatasetEntity', true, 'scw/' || n"
            " FROM generate_series(1, 5000) AS n"
        )
        cursor.execute(
            "INSERT INTO provenance_lineage_source"
            " (descendant_id, block_id, distance, kinds, public)"
            " SELECT id, id, 0, 240, true FROM provenance_entity"
        )
        cursor.execute(
            "INSERT INTO provenance_lineage (descendant_id, ancestor_id, depth, kinds, public)"
            " SELECT id, id - k, k, 17, true FROM provenance_entity, generate_series(1, 5) AS k"
            " WHERE EXISTS (SELECT 1 FROM provenance_entity AS e WHERE e.id ="
            " provenance_entity.id - k)"
        )
        cursor.execute("ANALYZE provenance_entity, provenance_lineage, provenance_lineage_source")
        cursor.execute(
            "EXPLAIN SELECT e.location FROM provenance_public_lineage AS l"
            " JOIN provenance_public_entity AS e ON e.id = l.ancestor"
            " WHERE l.descendant = 'entity:4000' AND e.location LIKE 'scw/%'"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


@pytest.mark.django_db
def test_locations_are_found_by_their_beginning_with_the_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO provenance_entity (identifier, entity_class, public, location)"
            " SELECT 'entity:' || n, 'DatasetEntity', true, 'scw/' || n"
            " FROM generate_series(1, 5000) AS n"
        )
        cursor.execute("ANALYZE provenance_entity")
        for condition in ("LIKE 'scw/123%'", "= 'scw/123'"):
            cursor.execute(
                f"EXPLAIN SELECT id FROM provenance_public_entity WHERE location {condition}"
            )
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "provenance_entity_location" in plan, plan


@pytest.mark.django_db
def test_an_activity_that_is_entered_again_as_public_becomes_so_with_all_that_belongs_to_it() -> (
    None
):
    image, mosaic, job = a_private_analysis()
    enter([image, mosaic, job])
    enter([replace(mosaic, public=True)])
    assert first("activity") == {"activity:mosaic"}
    assert first("agent") == {"agent:vo_server"}
    assert len(published("parameter")) == len(published("config_file")) == 1
    assert published("entity") == []


@pytest.mark.django_db
def test_an_agent_is_published_with_the_first_public_thing_that_it_is_responsible_for() -> None:
    ada = InvolvedRecord(AgentRecord("agent:ada", "Ada"), "author")
    enter([EntityRecord("draft", attributed_to=(ada,))])
    assert first("agent") == set()
    enter([EntityRecord("paper", attributed_to=(ada,), public=True)])
    assert first("agent") == {"agent:ada"}
    assert [row[:2] for row in published("was_attributed_to")] == [("paper", "agent:ada")]
