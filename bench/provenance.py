"""How fast provenance is asked and entered, among 0.4 million relations, or twelve by an option.

``make bench`` runs it on a server of its own (`own_server`) with 500 mosaics; ``--full``: twelve
million relations of 21 000 (minutes, and some 10 GB of disk in ``/tmp``). The history is
`long_history`'s: mosaics of 50 Science Windows with deep reuse, calibration files and catalogues
that hundreds of thousands of entities come from, chains of ten steps. Times are milliseconds,
medians, each over objects chosen by chance. Whether the aims are met depends on the machine: the
program ends with 0 all the same, unless an answer is wrong, or an aim is missed and ``--strict``
was given.
"""

import argparse
import csv
import http.client
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT)]

from long_history import RELATIONS, LongHistory  # noqa: E402
from measuring import offer_strict, said, status, tell, timed_ms  # noqa: E402
from model_history import use_django, version_of  # noqa: E402
from own_server import OwnServer  # noqa: E402 - tests and benchmarks share it

JOBS, WINDOWS = 500, 1_000
FULL_JOBS, FULL_WINDOWS = 21_000, 10_000
ASKED = 30

ANCESTORS = """SELECT lineage.ancestor, lineage.depth, lineage.path_kind, entity.location
FROM provenance.lineage JOIN provenance.entity ON entity.id = lineage.ancestor
WHERE lineage.descendant = '{}'"""
DEPENDANTS = """SELECT lineage.descendant, lineage.depth FROM provenance.lineage
WHERE lineage.ancestor = '{}'"""
DEPENDANT_PRODUCTS = """SELECT obscore.obs_publisher_did, lineage.depth FROM provenance.lineage
JOIN ivoa.obscore ON obscore.obs_publisher_did = lineage.descendant
WHERE lineage.ancestor = '{}'"""
HOW_MANY = "SELECT COUNT(*) FROM provenance.lineage WHERE lineage.ancestor = '{}'"
#: The same ancestors by a walk over the relations, with no lineage kept.
WALK = """
WITH RECURSIVE reached (id, depth, kinds) AS (
    SELECT id, 0, 240::smallint FROM provenance_entity WHERE identifier = %s
    UNION
    SELECT step.parent_id, reached.depth + 1, provenance_along(reached.kinds, step.kinds)
    FROM reached JOIN provenance_step AS step ON step.child_id = reached.id
)
SELECT DISTINCT ON (e.id) e.identifier, reached.depth, bit_or(reached.kinds)
FROM reached JOIN provenance_entity AS e ON e.id = reached.id
WHERE reached.depth > 0
GROUP BY e.id, reached.depth
ORDER BY e.id, reached.depth"""

Lineage = set[tuple[str, int, str]]
"""Ancestors, how far they are, and by which kind of path."""


def main() -> int:
    """Fill a database, measure, tell; the status to end with."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--full", action="store_true", help="twelve million relations")
    options.add_argument("--jobs", type=int, default=None, help="how many mosaics")
    offer_strict(options)
    chosen = options.parse_args()
    history = LongHistory(
        chosen.jobs or (FULL_JOBS if chosen.full else JOBS),
        FULL_WINDOWS if chosen.full else WINDOWS,
    )
    with OwnServer() as server:
        began = time.perf_counter()
        history.fill(server)
        print(f"filled in {time.perf_counter() - began:.0f} s")
        _count(server)
        server.start_web()
        right = _ask(server, history)
        _ask_questions(server)
        right &= _enter(server, history)
        _tend(server, history)
    return status(chosen.strict) if right else 1


def _count(server: OwnServer) -> None:
    """Say how much there is."""
    with psycopg2.connect(server.database) as connection, connection.cursor() as cursor:

        def one(query: str) -> int:
            cursor.execute(query)
            return int(cursor.fetchone()[0])

        counts = {name: one(f"SELECT count(*) FROM {name}") for name in RELATIONS}
        rows = one("SELECT count(*) FROM provenance_lineage")
        entities = one("SELECT count(*) FROM provenance_entity")
        size = one("SELECT pg_database_size(current_database())")
    connection.close()
    print(
        f"{sum(counts.values()) / 1e6:.2f} million relations ("
        + ", ".join(f"{n.removeprefix('provenance_')} {c / 1e6:.2f}" for n, c in counts.items())
        + f"), {entities / 1e6:.2f} million entities, {rows / 1e6:.1f} million rows of lineage,"
        f" {size / 1e9:.1f} GB"
    )


class _Client:
    """A client of the web server with one connection."""

    def __init__(self, server: OwnServer) -> None:
        self._web = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=600)

    def ask(self, query: str) -> list[list[str]]:
        """The rows of an answer to ADQL."""
        form = urlencode({"LANG": "ADQL", "RESPONSEFORMAT": "csv", "MAXREC": 10_000_000,
                          "QUERY": query})  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, body, _ = self._answer("POST", "/tap/sync", form, headers)
        assert status == 200, body[:2000]
        return list(csv.reader(body.splitlines()))[1:]

    def provsap(self, identifier: str, **more: str) -> tuple[int, str, str]:
        """Status, document, and what was cut, of a whole history."""
        asked = {"ID": identifier, "DEPTH": "ALL", "RESPONSEFORMAT": "PROV-JSON", **more}
        return self._answer("GET", f"/provsap?{urlencode(asked)}")

    def _answer(
        self, method: str, path: str, form: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        self._web.request(method, path, form, headers or {})
        answer = self._web.getresponse()
        return answer.status, answer.read().decode(), answer.headers.get("ProvSAP-Cut", "")


def _median(do: Callable[[str], object], of: Sequence[str]) -> float:
    """The median time of doing something with each of these; the first doesn't count."""
    do(of[0])
    return statistics.median(timed_ms(lambda one=one: do(one)) for one in of[1:])


def _walked(server: OwnServer, identifier: str) -> Lineage:
    from provenance.models import PathKinds

    with psycopg2.connect(server.database) as connection, connection.cursor() as cursor:
        cursor.execute(WALK, [identifier])
        found = {
            (one, depth, PathKinds.from_stored(kinds).word)
            for one, depth, kinds in cursor.fetchall()
        }
    connection.close()
    return found


def _lineage(rows: list[list[str]]) -> Lineage:
    """What is answered to the question for ancestors; each must be there once."""
    found = {(ancestor, int(depth), kind) for ancestor, depth, kind, _ in rows}
    assert len(found) == len({ancestor for ancestor, _, _ in found}) == len(rows)
    return found


def _ask(server: OwnServer, history: LongHistory) -> bool:
    """Ask for ancestors and dependants; whether the answers are those of a walk."""
    chance = random.Random(7)
    web = _Client(server)

    def some(identify: Callable[[int], str], count: int, most: int = ASKED) -> list[str]:
        return [identify(chance.randrange(count)) for _ in range(most)]

    def ancestors(identifier: str) -> Lineage:
        return _lineage(web.ask(ANCESTORS.format(identifier)))

    kinds = (
        ("a product", some(history.product, history.jobs)),
        ("the end of a chain", some(history.end, history.jobs)),
        ("an image", some(history.image, history.windows * 10)),
    )
    right = all(
        ancestors(one) == _walked(server, one) != set() for _, those in kinds for one in those[:3]
    )
    print("ancestors are those of a walk" if right else "ANCESTORS ARE WRONG")
    for name, those in kinds:
        found = len(ancestors(those[0]))
        aim = said((took := _median(ancestors, those)) <= 50, "50 ms")
        tell(f"all {found} ancestors of {name}, ADQL by HTTP", took, "ms", None, aim)
    events = some(history.events, history.windows)
    count = len(web.ask(DEPENDANTS.format(events[0])))
    took = _median(lambda e: web.ask(DEPENDANTS.format(e)), events)
    tell(f"all {count} dependants of an event list, ADQL by HTTP", took, "ms")
    took = _median(lambda e: web.ask(DEPENDANT_PRODUCTS.format(e)), events)
    tell("the products among them", took, "ms")
    for name, number in (("calibration file", 0), ("catalogue", 2)):
        shared = f"ivo://model/e?shared-0-{number}"
        count = int(web.ask(HOW_MANY.format(shared))[0][0])
        tell(f"number of all {count} dependants of a {name}",
             timed_ms(lambda s=shared: web.ask(HOW_MANY.format(s))), "ms")  # fmt: skip
        found = len(web.ask(DEPENDANT_PRODUCTS.format(shared)))
        tell(f"all {found} products among them",
             timed_ms(lambda s=shared: web.ask(DEPENDANT_PRODUCTS.format(s))), "ms")  # fmt: skip
    _walk(server, history, web)
    return right


def _walk(server: OwnServer, history: LongHistory, web: _Client) -> None:
    """Whole histories as documents and records."""
    use_django(server)
    from provenance.history import backwards

    chance = random.Random(9)
    products = [history.product(chance.randrange(history.jobs)) for _ in range(10)]
    took = _median(lambda p: backwards([p], None, hidden=True), products)
    tell("whole history of a product, as `manage.py prov` walks it", took, "ms")
    took = _median(web.provsap, products)
    tell("the same from ProvSAP, PROV-JSON", took, "ms")
    for name, identifier in (
        ("an event list", history.events(7)),
        ("a calibration file", "ivo://model/e?shared-0-0"),
        ("a catalogue", "ivo://model/e?shared-0-2"),
    ):
        status, document, cut = web.provsap(identifier, DIRECTION="FORWARD")
        took = timed_ms(lambda i=identifier: web.provsap(i, DIRECTION="FORWARD"))
        ended = cut or ("whole" if status == 200 else "refused")
        tell(f"ProvSAP FORWARD, DEPTH=ALL from {name}", took, "ms", None,
             f"{status}, {len(document) / 1e3:.0f} kB. {ended}")  # fmt: skip


def _ask_questions(server: OwnServer) -> None:
    """Ask what `/examples` asks."""
    from provenance.tables.questions import questions

    web = _Client(server)
    day = datetime.now(UTC).date() - timedelta(days=3)
    for question in questions(version_of(0)):
        query = question.query.replace("gnrl_refr_cat_0043", "gnrl_refr_cat_0000")
        query = query.replace("2026-11-21T", f"{day}T")
        query = query.replace("2026-11-22T", f"{day + timedelta(days=1)}T")
        for asked in (query, query.replace("TOP 1000 ", "").replace("TOP 100 ", "")):
            rows: list[list[str]] = []
            took = timed_ms(lambda q=asked, r=rows: r.extend(web.ask(q)))
            few = "" if asked is not query else ", TOP"
            tell(f"{question.identifier}{few}: {len(rows)} rows", took, "ms")


def _enter(server: OwnServer, history: LongHistory) -> bool:
    """Enter activities with 10 relations, and mosaics, by the store; whether lineages are true."""
    from django.db import connection

    from provenance import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord
    from provenance.store import enter, make_public

    chance = random.Random(8)
    now = datetime.now(UTC)

    def activity(inputs: list[str], name: str, *, public: bool = True) -> ActivityRecord:
        made = EntityRecord(f"ivo://bench/new?{name}", name=name, public=public)
        return ActivityRecord(
            f"ivo://bench/do?{name}",
            "bench",
            start=now,
            end=now,
            used=tuple(UsedRecord(EntityRecord.reference(i), "input", now) for i in inputs),
            generated=(GeneratedRecord(made, "output"),),
            public=public,
        )

    def image() -> str:
        return history.image(chance.randrange(history.windows * 10))

    def mosaic() -> str:
        return history.mosaic(chance.randrange(history.jobs))

    def end() -> str:
        return history.end(chance.randrange(history.jobs))

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    right = True
    for one, words in ((image, "9 images"), (mosaic, "9 mosaics of 50"), (end, "9 ends of chains")):
        records = [activity([one() for _ in range(9)], f"{words}-{n}") for n in range(ASKED)]
        statements: list[str] = []

        def count(execute, sql, *rest, seen=statements):  # type: ignore[no-untyped-def]
            seen.append(sql)
            return execute(sql, *rest)

        with connection.execute_wrapper(count):
            enter(records[:1])
        times, busy = [], []
        for record in records[1:]:
            before = _processor_ms(backend)
            times.append(timed_ms(lambda r=record: enter([r])))
            busy.append(_processor_ms(backend) - before)
        tell(f"enter one activity with 10 relations (of {words})", statistics.median(times), "ms",
             None, f"{said(statistics.median(times) <= 20, '20 ms')}; {min(times):.0f} to"
             f" {max(times):.0f} ms, {statistics.median(busy):.1f} ms on a processor,"
             f" {len(statements)} statements")  # fmt: skip
        right &= _is_true(server, f"ivo://bench/new?{words}-3")
    for size in (50, 500):
        records = _mosaic(activity, size, history, chance)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM provenance_lineage")
            before = cursor.fetchone()[0]
            took = timed_ms(lambda records=records: enter(records))
            cursor.execute("SELECT count(*) FROM provenance_lineage")
            rows = cursor.fetchone()[0] - before
        tell(f"enter a mosaic of {size} ({len(records)} activities)", took, "ms", None,
             f"{rows} rows of lineage")  # fmt: skip
        right &= _is_true(server, f"ivo://bench/new?mosaic{size}-product-3")
    hidden = []
    for n in range(10):
        used = [history.product(chance.randrange(history.jobs)), "ivo://model/e?shared-0-2"]
        hidden.append(f"ivo://bench/new?hidden{n}")
        enter([activity(used, f"hidden{n}", public=False)])
    tell("publish a product of a mosaic", _median(lambda p: make_public([p]), hidden), "ms")
    print("lineages entered are those of a walk" if right else "LINEAGES ENTERED ARE WRONG")
    return right


def _processor_ms(backend: int) -> float:
    """How long this process and a backend of PostgreSQL have had a processor, together.

    It tells what something costs also where other programs want the processors.
    """
    schedule = Path(f"/proc/{backend}/schedstat").read_text(encoding="ascii")
    return int(schedule.split()[0]) / 1e6 + time.process_time() * 1e3


def _is_true(server: OwnServer, identifier: str) -> bool:
    """Whether an entity's lineage is that of a walk."""
    web = _Client(server)
    found = _lineage(web.ask(ANCESTORS.format(identifier)))
    return found == _walked(server, identifier) != set()


def _mosaic(activity, size: int, history: LongHistory, chance: random.Random) -> list:  # type: ignore[no-untyped-def,type-arg]
    """All activities of one mosaic of images that are there already."""
    name = f"mosaic{size}"
    images = [history.image(n) for n in chance.sample(range(history.windows * 10), size)]
    records = [activity(images, f"{name}-first"),
               activity([f"ivo://bench/new?{name}-first"], f"{name}-sources")]  # fmt: skip
    sources = f"ivo://bench/new?{name}-sources"
    records += [activity([image, sources], f"{name}-clean-{n}") for n, image in enumerate(images)]
    cleaned = [f"ivo://bench/new?{name}-clean-{n}" for n in range(size)]
    records.append(activity(cleaned, f"{name}-last"))
    records += [activity([f"ivo://bench/new?{name}-last"], f"{name}-product-{n}") for n in range(4)]
    return records


def _tend(server: OwnServer, history: LongHistory) -> None:
    """Mark data as bad, remove what is old, and write what a graph store is sent."""
    from provenance import rdf
    from provenance.models import Activity
    from provenance.publisher import neighbourhood
    from provenance.retention import expire
    from provenance.validity import dependants, mark_bad, mark_good

    for name, identifier in (
        ("an event list", history.events(3)),
        ("a calibration file", "ivo://model/e?shared-0-0"),
    ):
        tell(f"mark {name} as bad",
             timed_ms(lambda i=identifier: mark_bad(i, "bench", authority="bench")),
             "ms")  # fmt: skip
        found: list[object] = []
        took = timed_ms(lambda i=identifier, f=found: f.extend(dependants([i])))
        tell(f"list its {len(found)} dependants", took, "ms")
        mark_good(identifier, "bench", authority="bench")
    keep = timedelta(days=365)
    tell("retention where nothing is to be removed", timed_ms(lambda: expire(keep)), "ms")
    later = datetime.now(UTC) + timedelta(days=400)
    _enter_hidden(history, 300)
    removed: list[int] = []
    took = timed_ms(lambda: removed.append(expire(keep, now=later)))
    tell(f"retention that removes {removed[0]} activities", took, "ms")
    some = [str(k) for k in Activity.objects.filter(name="mosaic").values_list("pk", flat=True)[:9]]
    took = _median(
        lambda k: rdf.to_turtle(rdf.graph(neighbourhood(Activity.objects.get(pk=k)))), some
    )
    tell("write a mosaic's activity for a graph store", took, "ms")


def _enter_hidden(history: LongHistory, count: int) -> None:
    """Enter hidden activities, of products and of each other."""
    from provenance import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord
    from provenance.store import enter

    now = datetime.now(UTC)
    last = history.product(0)
    records = []
    for n in range(count):
        made = EntityRecord(f"ivo://bench/old?{n}")
        records.append(
            ActivityRecord(
                f"ivo://bench/forgotten?{n}",
                "bench",
                start=now,
                end=now,
                used=(UsedRecord(EntityRecord.reference(last)),),
                generated=(GeneratedRecord(made),),
            )
        )
        # chains of three
        last = made.id if n % 3 < 2 else history.product(n % history.jobs)
    enter(records)


if __name__ == "__main__":
    sys.exit(main())
