"""How fast TAP is, against PostgreSQL asked directly in the same run.

``make bench`` runs it on a server of its own (`own_server`): the production web server with two
processes. Its rows are those of the file that ``--csv`` or ``VO_BENCH_CSV`` names, or made for it,
``--rows`` of them; the aims are meant for a million. Times are medians. It prints whether each aim
is met, and ends with 0 all the same: how fast a machine is, is no error of the server.
"""

import argparse
import http.client
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
# not this folder, whose files are named after what they measure
sys.path[:1] = [str(ROOT / "tests" / "support"), str(ROOT)]

import obscore_rows  # noqa: E402
from measuring import median_ms, said, tell, timed_ms  # noqa: E402
from own_server import OwnServer  # noqa: E402 - tests and benchmarks share it

import adql  # noqa: E402
from adql.schema import Catalogue, Schema  # noqa: E402
from archive.obscore_table import obscore  # noqa: E402
from archive.obsplan_table import OBSPLAN  # noqa: E402

CONE_WITH_JOIN = (
    "SELECT TOP 100 o.obs_id, o.obs_publisher_did, o.access_url, o.s_ra, o.s_dec, o.t_min, o.t_max,"
    " o.instrument_name, p.t_planning, p.priority, p.execution_status FROM ivoa.obscore o JOIN"
    " ivoa.obsplan p ON o.obs_id = p.obs_id WHERE 1 = CONTAINS(POINT('ICRS', o.s_ra, o.s_dec),"
    " CIRCLE('ICRS', 83.6331, 22.0145, 5.0)) AND o.t_min BETWEEN 52640.5 AND 60000.5 ORDER BY t_min"
)
THIRTY = [
    name for name in obscore_rows.COLUMNS if name not in {"access_url", "pol_xel", "pol_states"}
]
CLIENTS = 8
THROUGHPUT_S = 8.0
FORMATS = (
    ("BINARY2", "votable/b2", 2.0),
    ("CSV", "csv", 1.4),
    ("TABLEDATA", "votable/td", 2.6),
    ("Parquet", "parquet", 2.0),
    ("FITS", "fits", 3.0),
)


@dataclass(frozen=True)
class Answer:
    """A read answer. first_ms, whole_ms: from asking to the first byte and the last."""

    size: int
    first_ms: float
    whole_ms: float


class Client:
    """One client with one connection, kept open."""

    def __init__(self, url: str) -> None:
        """url: of the server."""
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)

    def ask(self, query: str, **more: str) -> Answer:
        """The answer to a query at ``/tap/sync``."""
        began = time.perf_counter()
        form = urlencode({"LANG": "ADQL", "QUERY": query, **more})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", "/tap/sync", form, headers)
        answer = self._connection.getresponse()
        size = len(answer.read(1))
        first = time.perf_counter()
        while piece := answer.read(1 << 18):
            size += len(piece)
        assert answer.status == 200, answer.status
        return Answer(size, (first - began) * 1e3, (time.perf_counter() - began) * 1e3)


def load(server: OwnServer, csv: Path) -> int:
    """Copy the rows into the archive's table, then make its indexes; the number of rows."""
    names = ", ".join(n for n in obscore_rows.COLUMNS if n != "access_url")
    with psycopg2.connect(server.database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' "
            "AND conrelid = 'archive_obscore'::regclass"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE archive_obscore DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'archive_obscore' "
            "AND indexdef NOT LIKE 'CREATE UNIQUE%'"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(
            "CREATE TEMP TABLE sent AS SELECT dataproduct_type AS access_url, * "
            "FROM archive_obscore LIMIT 0"
        )
        with csv.open() as file:
            columns = file.readline().strip()
            cursor.copy_expert(f"COPY sent ({columns}) FROM STDIN (FORMAT csv)", file)
        cursor.execute(
            f"INSERT INTO archive_obscore (product_id, data_rights, obs_release_date, {names}) "
            f"SELECT obs_publisher_did, 'public', '2020-01-01', {names} FROM sent"
        )
        rows = cursor.rowcount
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("DROP TABLE sent")
    connection.close()
    direct = psycopg2.connect(server.database)
    direct.autocommit = True
    with direct.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE archive_obscore")
    direct.close()
    return rows


def memory_mb(server: OwnServer) -> float:
    """What all processes of the web server hold, shared pages shared out."""
    group = server.web_group
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) != group:
                continue
            rollup = (folder / "smaps_rollup").read_text()
        except OSError:
            continue
        total += int(rollup.partition("\nPss:")[2].split()[0])
    return total / 1024


@contextmanager
def highest_memory(server: OwnServer) -> Iterator[list[float]]:
    """Meanwhile the memory is read all the time; afterwards the list holds the highest."""
    found = [0.0]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            found[0] = max(found[0], memory_mb(server))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def translation() -> None:
    """The time to understand a query that no cache holds."""
    tables = (obscore("access_url", "data_rights"), OBSPLAN)
    catalogue = Catalogue((Schema("ivoa", "", tables),))
    assert len(CONE_WITH_JOIN) == 366, len(CONE_WITH_JOIN)
    taken = median_ms(
        lambda: adql.translate(CONE_WITH_JOIN, catalogue, adql.CATALOGUE_FUNCTIONS, 100), 100
    )
    aim = said(taken <= 2, "<= 2 ms")
    tell("parse, resolve, translate a cone with a join", taken, "ms", None, aim)


def directly(cursor: "psycopg2.extensions.cursor", sql: str) -> Callable[[], object]:
    """Asking PostgreSQL and reading all rows."""

    def ask() -> None:
        cursor.execute(sql)
        cursor.fetchall()

    return ask


def one_row(server: OwnServer, cursor: "psycopg2.extensions.cursor") -> None:
    """The least that a query costs."""
    direct = median_ms(directly(cursor, "SELECT * FROM ivoa.obscore LIMIT 1"), 200)
    client = Client(server.url)
    served = median_ms(lambda: client.ask("SELECT TOP 1 * FROM ivoa.obscore"), 200)
    tell("TOP 1 *, PostgreSQL", direct, "ms", 1)
    over = served - direct
    aim = said(over <= 5, f"<= 5 ms over PostgreSQL ({over:.1f})")
    tell("TOP 1 *, server", served, "ms", served / direct, aim)


def cones(server: OwnServer, cursor: "psycopg2.extensions.cursor") -> None:
    """Cones about places that differ each time, by clients that each ask one after the other."""
    cursor.execute("SELECT s_ra, s_dec FROM ivoa.obscore ORDER BY obs_publisher_did LIMIT 50000")
    places = cursor.fetchall()
    sql = (
        "SELECT * FROM ivoa.obscore WHERE spoint(radians(s_ra), radians(s_dec)) <@ "
        "scircle(spoint(radians({}), radians({})), radians(5)) LIMIT 100"
    )
    chosen = random.Random(1)

    def ask_directly() -> None:
        cursor.execute(sql.format(*chosen.choice(places)))
        cursor.fetchall()

    direct = median_ms(ask_directly, 100)
    tell("cone 5 deg, TOP 100 *, PostgreSQL, one client", direct, "ms", 1)
    until = time.monotonic() + THROUGHPUT_S

    def work(number: int) -> list[float]:
        client, mine, taken = Client(server.url), random.Random(number), []
        while time.monotonic() < until:
            ra, dec = mine.choice(places)
            answer = client.ask(
                "SELECT TOP 100 * FROM ivoa.obscore WHERE 1 = CONTAINS(POINT('ICRS', s_ra, s_dec), "
                f"CIRCLE('ICRS', {ra}, {dec}, 5))"
            )
            taken.append(answer.whole_ms)
        return taken

    with ThreadPoolExecutor(CLIENTS) as pool:
        taken = sorted(t for times in pool.map(work, range(CLIENTS)) for t in times)
    rate, late = len(taken) / THROUGHPUT_S, taken[int(len(taken) * 0.95)]
    aim = said(rate >= 200, ">= 200 requests/s")
    tell(f"same, {CLIENTS} clients of the server", rate, "req/s", None, aim)
    aim = said(late <= 100, "<= 100 ms")
    tell("same, 95 of 100 are faster than", late, "ms", late / direct, aim)


def streams(server: OwnServer, rows: int) -> None:
    """Memory while four clients read all rows, and a quarter of them."""
    query = f"SELECT {', '.join(THIRTY)} FROM ivoa.obscore"
    Client(server.url).ask("SELECT TOP 1 * FROM ivoa.obscore")
    idle = memory_mb(server)
    tell("memory of the web server, idle", idle, "MB")
    for wanted in (rows // 4, rows):
        with highest_memory(server) as highest, ThreadPoolExecutor(4) as pool:
            asked = [
                pool.submit(
                    Client(server.url).ask, query, MAXREC=str(wanted), RESPONSEFORMAT="votable/b2"
                )
                for _ in range(4)
            ]
        assert all(answer.result().size > wanted for answer in asked)
        over = highest[0] - idle
        aim = said(over <= 250, "<= 250 MB")
        tell(f"more, while four read {wanted} rows as BINARY2", over, "MB", None, aim)


def formats(server: OwnServer, cursor: "psycopg2.extensions.cursor", rows: int, times: int) -> None:
    """All rows, in the formats whose speed matters."""
    columns = ", ".join(THIRTY)
    direct_columns = columns.replace("s_region", "s_region::text")
    copy = f"COPY (SELECT {direct_columns} FROM ivoa.obscore) TO STDOUT (FORMAT binary)"

    def copy_all() -> None:
        with Path(os.devnull).open("wb") as nowhere:
            cursor.copy_expert(copy, nowhere)

    client = Client(server.url)

    def ask(words: str) -> Answer:
        query = f"SELECT {columns} FROM ivoa.obscore"
        return client.ask(query, MAXREC=str(rows), RESPONSEFORMAT=words)

    # each round asks for everything once: what else the machine does meets all alike
    direct: list[float] = []
    served: dict[str, list[Answer]] = {name: [] for name, _, _ in FORMATS}
    for _ in range(times):
        for name, words, _ in FORMATS:
            direct.append(timed_ms(copy_all))
            served[name].append(ask(words))
    copied = statistics.median(direct)
    tell(f"{rows} rows x {len(THIRTY)}, COPY BINARY", copied, "ms", 1)
    for name, _, most in FORMATS:
        whole = statistics.median(answer.whole_ms for answer in served[name])
        ratio = whole / copied
        aim = said(ratio <= most, f"<= {most} x ({ratio:.2f})")
        tell(f"same, {name}, {served[name][0].size / 1e6:.0f} MB", whole, "ms", ratio, aim)
        first = statistics.median(answer.first_ms for answer in served[name])
        aim = said(first <= 150, "<= 150 ms") if name == "BINARY2" else ""
        tell(f"same, {name}, first byte", first, "ms", None, aim)


def main() -> None:
    """Load, measure and print."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rows", type=int, default=200_000, help="how many to make")
    asked.add_argument("--times", type=int, default=5, help="how often each format is read")
    asked.add_argument("--csv", type=Path, default=os.environ.get("VO_BENCH_CSV"), help="the rows")
    options = asked.parse_args()
    variables = {"VO_LOG_LEVEL": "WARNING", "VO_TAP_SYNC_TIMEOUT_S": "600"}
    with OwnServer(web_workers=2, variables=variables) as server:
        csv = options.csv
        if csv is None:
            csv = server.folder / "rows.csv"
            obscore_rows.write(csv, options.rows)
        rows = load(server, Path(csv))
        server.start_web()
        connection = psycopg2.connect(server.database)
        connection.autocommit = True
        print(f"{f'{rows} rows':<58}{'':>10} {'':<8}{'PostgreSQL':>10}")
        with connection.cursor() as cursor:
            translation()
            streams(server, rows)
            one_row(server, cursor)
            cones(server, cursor)
            formats(server, cursor, rows, options.times)
        connection.close()


if __name__ == "__main__":
    main()
