"""Lineages tell of which kinds of steps their paths consist.

What was written before is written anew from the relations: some 2 ms for each activity.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The kinds are `provenance.models.PathKinds`, of single steps here.
STEP = """
    SELECT w.entity_id AS child_id, u.entity_id AS parent_id, 17::smallint AS kinds
    FROM provenance_was_generated_by AS w
    JOIN provenance_used AS u ON u.activity_id = w.activity_id
    UNION ALL
    SELECT w.entity_id, p.value_entity_id, 34::smallint
    FROM provenance_was_generated_by AS w
    JOIN provenance_was_configured_by AS c ON c.activity_id = w.activity_id
    JOIN provenance_parameter AS p ON p.id = c.parameter_id
    WHERE p.value_entity_id IS NOT NULL
    UNION ALL
    SELECT generated_entity_id, used_entity_id, 68::smallint FROM provenance_was_derived_from
    UNION ALL
    SELECT collection_id, entity_id, 136::smallint FROM provenance_had_member
"""

WHOLE_LINEAGE = """
    SELECT m.ancestor_id, s.descendant_id, s.distance + m.depth AS depth {more}
    FROM provenance_lineage_source AS s
    JOIN provenance_lineage AS m ON m.descendant_id = s.block_id
    WHERE s.distance = 0 OR (
        SELECT own.depth FROM provenance_lineage AS own
        WHERE own.descendant_id = s.descendant_id AND own.ancestor_id = m.ancestor_id
    ) IS NULL
"""

PUBLIC_LINEAGE = """
    SELECT a.identifier AS ancestor, d.identifier AS descendant, s.distance + m.depth AS depth
           {more}
    FROM provenance_lineage_source AS s
    JOIN provenance_lineage AS m ON m.descendant_id = s.block_id
    JOIN provenance_entity AS a ON a.id = m.ancestor_id
    JOIN provenance_entity AS d ON d.id = s.descendant_id
    WHERE s.public AND m.public AND a.public AND d.public AND (
        s.distance = 0 OR (
            SELECT own.depth FROM provenance_lineage AS own
            WHERE own.descendant_id = s.descendant_id AND own.ancestor_id = m.ancestor_id
        ) IS NULL
    )
"""

ALONG = """
    CREATE FUNCTION provenance_along(a smallint, b smallint) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT ((a | b) & 15::smallint) | (a & b & 240::smallint) $$
"""

_NAMES = ("used", "was_configured_by", "was_derived_from", "had_member")
_WORDS = ", ".join(
    "'" + " ".join(name for bit, name in enumerate(_NAMES) if kinds >> bit & 1) + "'"
    for kinds in range(1, 1 << len(_NAMES))
)
_FIRSTS = ", ".join(
    "'" + next((name for bit, name in enumerate(_NAMES) if alone >> bit & 1), "mixed") + "'"
    for alone in range(1 << len(_NAMES))
)

VIEWS = {
    "whole": (WHOLE_LINEAGE, ", provenance_along(s.kinds, m.kinds) AS kinds"),
    "public": (
        PUBLIC_LINEAGE,
        f", (ARRAY[{_FIRSTS}])[1 + ((s.kinds & m.kinds) >> 4)] AS path_kind"
        f", (ARRAY[{_WORDS}])[(s.kinds | m.kinds) & 15] AS path_relations",
    ),
}


def write_anew(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Write the lineages that there are with their kinds.

    By today's code, since they are nothing but what the relations say: a later migration that
    changes how they are stored does the same, and this one then does nothing.
    """
    from provenance.lineage import rebuild

    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM provenance_lineage_source WHERE distance = 0")
        (count,) = cursor.fetchone()
    if not count:
        return
    told = 0

    def tell(written: int) -> None:
        nonlocal told
        if written - told >= 10_000:
            told = written
            print(f"\n    lineages of {written} of some {count} entities", end="", flush=True)

    rebuild(tell)


class Migration(migrations.Migration):
    dependencies = [("provenance", "0010_messages_noted_again")]

    operations = [
        migrations.RunSQL(ALONG, "DROP FUNCTION provenance_along"),
        migrations.RunSQL(
            f"CREATE VIEW provenance_step AS {STEP}", "DROP VIEW provenance_step"
        ),
        *(
            migrations.AddField(model, "kinds", models.SmallIntegerField(default=0), False)
            for model in ("lineage", "lineagesource")
        ),
        # Back again, a view has to be made anew to lose a column.
        *(
            migrations.RunSQL(
                f"CREATE OR REPLACE VIEW provenance_{name}_lineage AS {query.format(more=more)}",
                f"DROP VIEW provenance_{name}_lineage;"
                f" CREATE VIEW provenance_{name}_lineage AS {query.format(more='')}",
            )
            for name, (query, more) in VIEWS.items()
        ),
        migrations.RunPython(write_anew, migrations.RunPython.noop),
        migrations.AddConstraint(
            "lineage",
            models.CheckConstraint(
                condition=models.Q(("kinds__range", (1, 255))), name="provenance_lineage_kinds"
            ),
        ),
        migrations.AddConstraint(
            "lineagesource",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("distance", 0), ("kinds", 240)),
                    models.Q(("distance__gt", 0), ("kinds__range", (1, 255))),
                    _connector="OR",
                ),
                name="provenance_lineage_source_kinds",
            ),
        ),
    ]
