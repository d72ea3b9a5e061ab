"""How fast provenance is asked and entered, among 0.3 million relations, or ten by an option.

``make bench`` runs it on a server of its own (`own_server`). ``--full``: ten million relations
(minutes, and some 12 GB of disk). The history is one of mosaics of 50 Science Windows with deep
reuse (``provenance_fill.sql``). Times are milliseconds, medians. Whether the aims are met depends
on the machine: the program ends with 0 all the same, unless an answer is wrong.
"""

import argparse
import csv
import http.client
import os
import random
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT)]

from measuring import said, tell, timed_ms  # noqa: E402
from own_server import OwnServer  # noqa: E402 - tests and benchmarks share it

JOBS, WINDOWS = 1_000, 1_000
FULL_JOBS, FULL_WINDOWS = 32_000, 10_000
ASKED = 30

ANCESTORS = """SELECT lineage.ancestor, lineage.depth, entity.location
FROM provenance.lineage JOIN provenance.entity ON entity.id = lineage.ancestor
WHERE lineage.descendant = '{}'"""
DEPENDANTS = """SELECT lineage.descendant, lineage.depth FROM provenance.lineage
WHERE lineage.ancestor = '{}'"""
#: The same ancestors by a walk over the relations, with no lineage kept.
WALK = """
WITH RECURSIVE reached (id) AS (
    SELECT id FROM provenance_entity WHERE identifier = %s
    UNION
    SELECT u.entity_id FROM reached
    JOIN provenance_was_generated_by AS w ON w.entity_id = reached.id
    JOIN provenance_used AS u ON u.activity_id = w.activity_id
)
SELECT e.identifier FROM reached JOIN provenance_entity AS e ON e.id = reached.id
WHERE e.identifier <> %s"""


def main() -> int:
    """Fill a database, measure, tell; non-zero where an answer is wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--full", action="store_true", help="ten million relations")
    options.add_argument("--jobs", type=int, default=None, help="how many mosaics")
    chosen = options.parse_args()
    jobs = chosen.jobs or (FULL_JOBS if chosen.full else JOBS)
    windows = FULL_WINDOWS if chosen.full else WINDOWS
    with OwnServer() as server:
        relations, pairs, rows = _fill(server.database, jobs, windows)
        print(
            f"{relations / 1e6:.1f} million relations; {pairs / 1e6:.1f} million pairs of lineage"
            f" in {rows / 1e6:.1f} million rows"
        )
        server.start_web()
        right = _measure(server, jobs, windows)
        _enter(server, jobs, windows)
    return 0 if right else 1


def _fill(database: str, jobs: int, windows: int) -> tuple[int, int, int]:
    """How many relations, pairs of lineage, and rows that hold these."""
    script = (Path(__file__).with_name("provenance_fill.sql")).read_text(encoding="utf-8")
    began = time.perf_counter()
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'; SET synchronous_commit = off")
        cursor.execute(script, {"jobs": jobs, "windows": windows})
        cursor.execute("SELECT count(*) FROM provenance_used")
        used = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM provenance_was_generated_by")
        made = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM provenance_lineage")
        rows = cursor.fetchone()[0]
    connection.close()
    print(f"filled in {time.perf_counter() - began:.0f} s")
    # mosaic 150, sources 151, 50 clean 152, mosaic 202, 4 products 203
    pairs = windows * 30 + jobs * (150 + 151 + 50 * 152 + 202 + 4 * 203)
    return used + made, pairs, rows


def _measure(server: OwnServer, jobs: int, windows: int) -> bool:
    """Ask for ancestors and dependants by TAP; whether the answers are those of a walk."""
    chance = random.Random(7)
    products = [_product(windows, chance.randrange(jobs), 54) for _ in range(ASKED)]
    events = [f"ivo://bench/e?{chance.randrange(windows) + 1}" for _ in range(ASKED)]
    web = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=300)

    def ask(query: str) -> list[list[str]]:
        form = urlencode({"LANG": "ADQL", "RESPONSEFORMAT": "csv", "MAXREC": 1000000,
                          "QUERY": query})  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        web.request("POST", "/tap/sync", form, headers)
        answer = web.getresponse()
        body = answer.read().decode()
        assert answer.status == 200, body
        return list(csv.reader(body.splitlines()))[1:]

    right = True
    with psycopg2.connect(server.database) as connection, connection.cursor() as cursor:
        for product in products[:5]:
            cursor.execute(WALK, [product, product])
            walked = {identifier for (identifier,) in cursor.fetchall()}
            right &= {row[0] for row in ask(ANCESTORS.format(product))} == walked
    connection.close()
    print("ancestors are those of a walk" if right else "ANCESTORS ARE WRONG")
    found = statistics.median(len(ask(ANCESTORS.format(p))) for p in products[:3])
    took = statistics.median(timed_ms(lambda p=p: ask(ANCESTORS.format(p))) for p in products[3:])
    tell(f"all {found:.0f} ancestors of a product, ADQL by HTTP", took, "ms", None,
         said(took <= 50, "50 ms"))  # fmt: skip
    count = statistics.median(len(ask(DEPENDANTS.format(e))) for e in events[:3])
    took = statistics.median(timed_ms(lambda e=e: ask(DEPENDANTS.format(e))) for e in events[3:])
    tell(f"all {count:.0f} dependants of an event list, ADQL by HTTP", took, "ms")
    return right


def _product(windows: int, job: int, number: int) -> str:
    return f"ivo://bench/e?{windows * 21 + job * 57 + number}"


def _enter(server: OwnServer, jobs: int, windows: int) -> None:
    """Enter activities with 10 relations, and a mosaic of 500 Science Windows, by the store."""
    os.environ.update(server.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "vo_server.settings"
    import django

    django.setup()
    from django.db import connection

    from provenance import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord
    from provenance.store import enter

    chance = random.Random(8)
    now = datetime.now(UTC)

    def activity(inputs: list[str], name: str) -> ActivityRecord:
        made = EntityRecord(f"ivo://bench/new?{name}", name=name, public=True)
        return ActivityRecord(
            f"ivo://bench/do?{name}",
            "bench",
            start=now,
            end=now,
            used=tuple(UsedRecord(EntityRecord.reference(i), "input", now) for i in inputs),
            generated=(GeneratedRecord(made, "output"),),
            public=True,
        )

    def sets(kind: str) -> list[ActivityRecord]:
        def one() -> str:
            if kind == "images":
                return f"ivo://bench/e?{windows * 11 + chance.randrange(windows * 10) + 1}"
            return _product(windows, chance.randrange(jobs), 53)

        return [activity([one() for _ in range(9)], f"{kind}-{n}") for n in range(ASKED)]

    for kind, words in (("images", "9 images"), ("mosaics", "9 mosaics of 50")):
        took = statistics.median(timed_ms(lambda r=record: enter([r])) for record in sets(kind))
        tell(f"enter one activity with 10 relations (of {words})", took, "ms", None,
             said(took <= 20, "20 ms"))  # fmt: skip
    for size in (50, 500):
        records = _mosaic(activity, size, windows, chance)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM provenance_lineage")
            before = cursor.fetchone()[0]
            took = timed_ms(lambda records=records: enter(records))
            cursor.execute("SELECT count(*) FROM provenance_lineage")
            rows = cursor.fetchone()[0] - before
        tell(f"enter a mosaic of {size} ({len(records)} activities)", took, "ms", None,
             f"{rows} rows of lineage")  # fmt: skip


def _mosaic(activity, size: int, windows: int, chance: random.Random) -> list:  # type: ignore[no-untyped-def,type-arg]
    """All activities of one mosaic of images that are there already."""
    name = f"mosaic{size}"
    numbers = chance.sample(range(1, windows * 10 + 1), size)
    images = [f"ivo://bench/e?{windows * 11 + n}" for n in numbers]
    records = [activity(images, f"{name}-first"),
               activity([f"ivo://bench/new?{name}-first"], f"{name}-sources")]  # fmt: skip
    sources = f"ivo://bench/new?{name}-sources"
    records += [activity([image, sources], f"{name}-clean-{n}") for n, image in enumerate(images)]
    cleaned = [f"ivo://bench/new?{name}-clean-{n}" for n in range(size)]
    records.append(activity(cleaned, f"{name}-last"))
    records += [activity([f"ivo://bench/new?{name}-last"], f"{name}-product-{n}") for n in range(4)]
    return records


if __name__ == "__main__":
    sys.exit(main())
