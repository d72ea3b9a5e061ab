"""A history of any length in seconds: a few mosaics that the store entered, copied many times.

Every copy has the rows that the store wrote for its model, lineages included, with other keys.
What many have in common stays common: Science Windows, their shadowgrams and images, a calibration
file, editions of the catalogue. Indexes and foreign keys are made afterwards, and so are checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
from model_history import ACTIVITIES, EDITIONS, ENTITIES, SIZE, enter_models
from own_server import OwnServer
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class

BANDS = 10
_TOGETHER = 10_000_000
"""The first key of what is copied; the models have lower ones."""

_TABLES = {
    "provenance_entity": (("id", "entity"),),
    "provenance_activity": (("id", "activity"),),
    "provenance_used": (("activity_id", "activity"), ("entity_id", "entity")),
    "provenance_was_generated_by": (("activity_id", "activity"), ("entity_id", "entity")),
    "provenance_was_derived_from": (
        ("generated_entity_id", "entity"),
        ("used_entity_id", "entity"),
    ),
    "provenance_was_informed_by": (("informed_id", "activity"), ("informant_id", "activity")),
    "provenance_was_associated_with": (("activity_id", "activity"),),
    "provenance_was_attributed_to": (("entity_id", "entity"),),
    "provenance_had_member": (("collection_id", "entity"), ("entity_id", "entity")),
    "provenance_parameter": (("id", "parameter"),),
    "provenance_was_configured_by": (("activity_id", "activity"), ("parameter_id", "parameter")),
    "provenance_lineage_source": (("descendant_id", "entity"), ("block_id", "entity")),
    "provenance_lineage": (("descendant_id", "entity"), ("ancestor_id", "entity")),
}
"""The tables that are filled: their keys, and of what; the first tells to what a row belongs."""
RELATIONS = tuple(
    name
    for name in _TABLES
    if name.removeprefix("provenance_").startswith(("used", "was_", "had_"))
)


@dataclass(frozen=True, slots=True)
class LongHistory:
    """``jobs`` mosaics of 50 of ``windows`` Science Windows, in one of ten energy bands.

    Shadowgrams and images are made once and used again; each mosaic finds sources, cleans its
    images with them, adds them up again and gives products, from the first of which a chain of
    ten more comes.
    """

    jobs: int
    windows: int

    def entity(self, number: int) -> str:
        """The identifier of the entity of that number."""
        return f"ivo://bench/e?{_TOGETHER + number}"

    def events(self, window: int) -> str:
        """The event list of a Science Window."""
        return self.entity(window)

    def image(self, number: int) -> str:
        """The image of a Science Window in a band: there are ten times as many as windows."""
        return self.entity(self.windows * (1 + BANDS) + number)

    def _of_job(self, job: int, number: int) -> str:
        return self.entity(self.windows * (1 + 2 * BANDS) + job * ENTITIES + number)

    def mosaic(self, job: int) -> str:
        """The last mosaic of a job."""
        return self._of_job(job, 2 + SIZE)

    def product(self, job: int) -> str:
        """A product of a job."""
        return self._of_job(job, 3 + SIZE)

    def end(self, job: int) -> str:
        """The end of a job's chain."""
        return self._of_job(job, ENTITIES - 1)

    def fill(self, server: OwnServer) -> None:
        """Fill the tables of a new server, whose database is restarted for it."""
        for setting in ("wal_level = minimal", "max_wal_senders = 0", "max_wal_size = '8GB'",
                        "checkpoint_timeout = '1h'", "autovacuum = off"):  # fmt: skip
            server.cluster.query(f"ALTER SYSTEM SET {setting}")
        server.restart_database()
        enter_models(server)
        with psycopg2.connect(server.database) as connection, connection.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'")
            cursor.execute("SET synchronous_commit = off; SET max_parallel_maintenance_workers = 2")
            cursor.execute(
                "UPDATE provenance_activity_description SET type = 'Analysis', subtype = 'job'"
                " WHERE name = 'isgri_image'"
            )
            cursor.execute(
                "UPDATE provenance_activity_description SET subtype = 'coded_mask'"
                " WHERE name <> 'isgri_image'"
            )
            again = list(_drop_indexes(cursor))
            for table in _TABLES:
                # a new file, into which PostgreSQL writes without a log
                cursor.execute(f"ALTER TABLE {table} SET UNLOGGED")
                cursor.execute(f"ALTER TABLE {table} SET LOGGED")
            self._copy(cursor)
            _list_products(cursor)
            for statement in again:
                cursor.execute(statement)
        connection.close()
        server.cluster.query("ALTER SYSTEM RESET ALL")
        server.restart_database()
        connection = psycopg2.connect(server.database)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '1GB'")
            cursor.execute(f"VACUUM ANALYZE {', '.join(_TABLES)}, archive_obscore")
        connection.close()

    def _copy(self, cursor: Cursor) -> None:
        """Copy the rows of the models' images for all images, and of the models for all jobs."""
        w = self.windows
        cursor.execute(_MODELS.format(size=SIZE))
        # job j takes the k-th of 50 images of its band, from a start that repeats
        image = f"(j % {BANDS}) * {w} + (j * 37 + number / 10) % {w}"
        places = {
            "job": (image, w * (1 + 2 * BANDS), w * 2 * BANDS, "j"),
            # of images alone, j is the number of the image
            "image": ("j", 0, 0, "j"),
        }
        for name, (n, entities, activities, j) in places.items():
            cursor.execute(
                f"CREATE FUNCTION pg_temp.{name}_entity(kind int, number bigint, j bigint)"
                " RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT CASE kind"
                " WHEN 0 THEN number"
                f" WHEN 1 THEN {_TOGETHER} + CASE number % 10"
                f" WHEN 0 THEN ({n}) % {w} WHEN 1 THEN {w} + {n} ELSE {w * (1 + BANDS)} + {n} END"
                f" ELSE {_TOGETHER + entities} + {j} * {ENTITIES} + number END $$"
            )
            cursor.execute(
                f"CREATE FUNCTION pg_temp.{name}_activity(kind int, number bigint, j bigint)"
                " RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT CASE kind"
                " WHEN 0 THEN number"
                f" WHEN 1 THEN {_TOGETHER} + CASE number % 10"
                f" WHEN 1 THEN {n} ELSE {w * BANDS} + {n} END"
                f" ELSE {_TOGETHER + activities} + {j} * {ACTIVITIES} + number END $$"
            )
            cursor.execute(
                f"CREATE FUNCTION pg_temp.{name}_parameter(kind int, number bigint, j bigint)"
                " RETURNS bigint LANGUAGE sql IMMUTABLE AS"
                " $$ SELECT kind * 1000000000000 + j * 1000 + number $$"
            )
        for table, keys in _TABLES.items():
            for edition in range(EDITIONS):
                of_images = f"j / {w} % {EDITIONS} = {edition}"
                of_jobs = f"j % {BANDS} % {EDITIONS} = {edition}"
                _copy_rows(cursor, table, keys, edition, "image", 1, w * BANDS, of_images)
                _copy_rows(cursor, table, keys, edition, "job", 2, self.jobs, of_jobs)
        cursor.execute(
            "INSERT INTO provenance_entity (id, identifier, entity_class, name, location, public)"
            " OVERRIDING SYSTEM VALUE"
            " SELECT n, 'ivo://bench/e?' || n, 'DatasetEntity', 'isgri_events.fits',"
            f" 'scw/' || lpad((n - {_TOGETHER})::text, 12, '0') || '/isgri_events.fits', true"
            f" FROM generate_series({_TOGETHER}, {_TOGETHER + w - 1}) AS n"
        )
        for table in ("entity", "activity", "parameter"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('provenance_{table}', 'id'), max(id))"
                f" FROM provenance_{table}"
            )


def _copy_rows(
    cursor: Cursor,
    table: str,
    keys: tuple[tuple[str, str], ...],
    edition: int,
    place: str,
    kind: int,
    count: int,
    condition: str,
) -> None:
    """Copy the rows of one table that belong to what is of that kind in a model."""
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND NOT (attname = 'id' AND attidentity <> '' AND NOT %s)",
        [table, keys[0][0] == "id"],
    )
    columns = [name for (name,) in cursor.fetchall()]
    chosen = {name: f'r."{name}"' for name in columns}
    joins = "".join(
        f" LEFT JOIN model_{what} AS k{n} ON k{n}.id = r.{key}"
        for n, (key, what) in enumerate(keys)
    )
    models = ", ".join(f"k{n}.kind AS kind{n}, k{n}.number AS number{n}" for n in range(len(keys)))
    for n, (key, what) in enumerate(keys):
        placed = f"pg_temp.{place}_{what}(r.kind{n}, r.number{n}, j)"
        # a reference to nothing stays one; what no model has is not copied but named
        chosen[key] = f'CASE WHEN r.kind{n} IS NULL THEN r."{key}" ELSE {placed} END'
    chosen.update(_VARIED.get(table, {}))
    if "identifier" in chosen:
        chosen["identifier"] = f"'ivo://bench/{table[11]}?' || {chosen['id']}"
    cursor.execute("DROP TABLE IF EXISTS model_rows")
    cursor.execute(
        f"CREATE TEMP TABLE model_rows AS SELECT r.*, {models} FROM {table} AS r {joins}"
        f" WHERE k0.kind = {kind} AND k0.edition = {edition}"
        + (" AND k0.number BETWEEN 1 AND 9" if kind == 1 else "")
    )
    cursor.execute("ANALYZE model_rows")
    names = ", ".join(f'"{name}"' for name in columns)
    # All rows of one job after all of another, as they come about: the condition on j makes sure.
    cursor.execute(
        f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE"
        f" SELECT {', '.join(chosen[name] for name in columns)}"
        f" FROM (SELECT j FROM generate_series(0::bigint, {count - 1}) AS j"
        f" WHERE {condition} OFFSET 0) AS jobs"
        " CROSS JOIN LATERAL (SELECT * FROM model_rows WHERE jobs.j >= 0 OFFSET 0) AS r"
    )


_VARIED = {
    "provenance_entity": {
        "checksum": "'sha256:' || md5(j::text) || md5(r.id::text)",
        "step_identity": "md5(r.id::text) || md5(j::text)",
        "location": "CASE WHEN r.location IS NOT NULL THEN r.location || j END",
    },
    "provenance_activity": {
        "start_time": "r.start_time - interval '10 minutes' * (j + 1)",
        "end_time": "r.end_time - interval '10 minutes' * (j + 1)",
    },
    "provenance_parameter": {
        "value": f"CASE WHEN r.name = 'E1_keV' THEN (20 + 5 * (j % {BANDS}))::text ELSE r.value END"
    },
}
"""What differs between copies beside the keys."""

_MODELS = """
CREATE TEMP TABLE model_entity AS
SELECT id, split_part(identifier, '-', 2)::int AS edition,
       CASE WHEN identifier LIKE '%?window-%' THEN 1
            WHEN identifier LIKE '%?job-%' THEN 2 ELSE 0 END AS kind,
       CASE WHEN identifier LIKE '%?shared-%' THEN id
            ELSE split_part(identifier, '-', 3)::bigint END AS number
FROM provenance_entity WHERE identifier LIKE 'ivo://model/%';
CREATE TEMP TABLE model_activity AS
SELECT id, split_part(identifier, '-', 2)::int AS edition,
       CASE WHEN identifier LIKE '%?window-%' THEN 1
            WHEN identifier LIKE '%?job-%' THEN 2 ELSE 0 END AS kind,
       CASE WHEN identifier LIKE '%?shared-%' THEN id
            ELSE split_part(identifier, '-', 3)::bigint END AS number
FROM provenance_activity WHERE identifier LIKE 'ivo://model/%';
CREATE TEMP TABLE model_parameter AS
SELECT w.parameter_id AS id, a.edition, a.kind,
       row_number() OVER (PARTITION BY a.edition, a.kind ORDER BY w.parameter_id) AS number
FROM provenance_was_configured_by AS w JOIN model_activity AS a ON a.id = w.activity_id
WHERE a.kind = 2 OR (a.kind = 1 AND a.number < 10);
ANALYZE model_entity; ANALYZE model_activity; ANALYZE model_parameter;
"""
"""What each entity, activity and parameter of the models is, as its identifier says it."""


def _drop_indexes(cursor: Cursor) -> Iterator[str]:
    """Drop all indexes and keys of the tables; gives the statements that make them again."""
    tables = "ARRAY[" + ", ".join(f"'{table}'::regclass" for table in _TABLES) + "]::oid[]"
    cursor.execute(
        "SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid)"
        f" FROM pg_constraint WHERE contype IN ('f', 'p', 'u') AND (conrelid = ANY ({tables})"
        f" OR confrelid = ANY ({tables})) ORDER BY contype"
    )
    constraints = cursor.fetchall()
    for table, name, _, _ in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        f" WHERE indrelid = ANY ({tables})"
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield from (definition for _, definition in indexes)
    # keys first, which those of other tables refer to
    for table, name, _, definition in sorted(constraints, key=lambda row: row[2] == "f"):
        yield f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'


def _list_products(cursor: Cursor) -> None:
    """Enter the jobs' products into ``ivoa.obscore``, all over the sky, one in fifty at the Crab.

    They have no files.
    """
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'f'"
        " AND conrelid = 'archive_obscore'::regclass"
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE archive_obscore DROP CONSTRAINT "{name}"')
    cursor.execute(
        "INSERT INTO archive_obscore (product_id, dataproduct_type, calib_level, obs_collection,"
        " obs_id, obs_title, obs_publisher_did, access_format, access_estsize, s_ra, s_dec,"
        " facility_name, instrument_name, data_rights, obs_release_date)"
        " SELECT e.identifier, 'image', 4, 'BENCH', a.identifier, 'a mosaic', e.identifier,"
        " 'application/fits', 1000, CASE WHEN w.activity_id % 50 = 0 THEN 83.6"
        " ELSE w.activity_id * 7 % 360 END,"
        " CASE WHEN w.activity_id % 50 = 0 THEN 22 ELSE w.activity_id * 11 % 170 - 85 END,"
        " 'INTEGRAL', 'IBIS', 'public', '2020-01-01'"
        " FROM provenance_was_generated_by AS w"
        " JOIN provenance_activity AS a ON a.id = w.activity_id"
        " JOIN provenance_entity AS e ON e.id = w.entity_id"
        f" WHERE a.name = 'isgri_image' AND a.id >= {_TOGETHER}"
    )
