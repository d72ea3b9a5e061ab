"""How fast jobs are, against ``SELECT 1`` asked of PostgreSQL directly in the same run.

``make bench`` runs it on a server of its own (`own_server`): the production web server with two
processes, one worker, and a database that holds nothing. Times are milliseconds, medians unless
said otherwise. It prints whether each aim is met, and ends with 0 all the same: how fast a machine
is, is no error of the server.
"""

import http.client
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg2

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests" / "support")]

from measuring import median_ms, said, tell  # noqa: E402
from own_server import OwnServer  # noqa: E402 - tests and benchmarks share it

QUERY = "SELECT TOP 1 table_name FROM tap_schema.tables"
JOBS = 60
CLIENTS = 8
THROUGHPUT_S = 10.0
WAITING = 200


class Client:
    """One client with one connection, kept open."""

    def __init__(self, url: str) -> None:
        """url: of the server."""
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=90)

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str, bytes]:
        """Status, Location and body of the answer."""
        body = urlencode(form) if method == "POST" else None
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read()

    def job(self) -> str:
        """The path of a trivial query, handed in."""
        status, location, body = self.ask(
            "POST", "/tap/async", LANG="ADQL", QUERY=QUERY, PHASE="RUN"
        )
        assert status == 303, body
        return urlsplit(location).path

    def run(self) -> str:
        """A trivial query from POST to COMPLETED; its path."""
        path = self.job()
        phase = b"QUEUED"
        while phase in (b"QUEUED", b"EXECUTING"):
            _, _, body = self.ask("GET", f"{path}?WAIT=30&PHASE={phase.decode()}")
            phase = body.partition(b"phase>")[2].partition(b"<")[0]
        assert phase == b"COMPLETED", body
        return path


def select_1(server: OwnServer) -> tuple[float, float]:
    """``SELECT 1`` on an open connection, and with a connection of its own."""

    def ask(connection: "psycopg2.extensions.connection") -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()

    def connect_and_ask() -> None:
        connection = psycopg2.connect(server.database)
        ask(connection)
        connection.close()

    connection = psycopg2.connect(server.database)
    connection.autocommit = True
    kept = median_ms(lambda: ask(connection), 200)
    connection.close()
    return kept, median_ms(connect_and_ask, 50)


def start_latency_ms(server: OwnServer) -> float:
    """From the job's row to its start by a worker, of the jobs that were run one by one."""
    connection = psycopg2.connect(server.database)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM "
            "start_time - creation_time)) * 1000 FROM uws_job"
        )
        (found,) = cursor.fetchone()
    connection.close()
    return float(found)


def throughput(server: OwnServer) -> float:
    """Jobs per second of the clients together, each with one job at a time."""
    until = time.monotonic() + THROUGHPUT_S

    def work() -> int:
        client, done = Client(server.url), 0
        while time.monotonic() < until:
            client.run()
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as pool:
        done = sum(future.result() for future in [pool.submit(work) for _ in range(CLIENTS)])
    return done / THROUGHPUT_S


def waiting_clients(server: OwnServer, each_ms: float) -> None:
    """What 200 clients in WAIT cost the others, and how soon they learn of a change."""
    client = Client(server.url)

    def page() -> None:
        client.ask("GET", "/tap/capabilities")

    def query() -> None:
        client.ask("GET", f"/tap/sync?{urlencode({'LANG': 'ADQL', 'QUERY': QUERY})}")

    alone = {do: median_ms(do, 100) for do in (page, query)}
    _, location, _ = client.ask("POST", "/tap/async", LANG="ADQL", QUERY=QUERY)
    path = urlsplit(location).path
    heard: list[float] = []
    began = threading.Barrier(WAITING + 1)

    def wait() -> None:
        waiting = Client(server.url)
        began.wait()
        waiting.ask("GET", f"{path}?WAIT=60&PHASE=PENDING")
        heard.append(time.perf_counter())

    threads = [threading.Thread(target=wait) for _ in range(WAITING)]
    for thread in threads:
        thread.start()
    began.wait()
    time.sleep(5)
    assert not heard
    for name, do in (("a page", page), ("a synchronous query", query)):
        beside = median_ms(do, 100)
        ratio = beside / alone[do]
        tell(f"{name}, alone", alone[do], "ms", alone[do] / each_ms)
        aim = said(ratio <= 1.5, "ratio <= 1.5")
        tell(f"{name}, beside {WAITING} clients in WAIT", beside, "ms", beside / each_ms, aim)
        print(f"{'':<58}{ratio:>10.2f} times as long as alone")
    changed = time.perf_counter()
    client.ask("POST", f"{path}/phase", PHASE="ABORT")
    for thread in threads:
        thread.join()
    delays = sorted((then - changed) * 1e3 for then in heard)
    median, last = statistics.median(delays), delays[-1]
    tell(f"a change heard by {WAITING} clients, median", median, "ms", median / each_ms)
    aim = said(last <= 200, "<= 200 ms")
    tell(f"a change heard by {WAITING} clients, the last", last, "ms", last / each_ms, aim)


def main() -> None:
    """Measure and print."""
    with OwnServer(web_workers=2, variables={"VO_LOG_LEVEL": "WARNING"}) as server:
        server.start_worker("--jobs=0")
        server.start_web()
        Client(server.url).run()
        print(f"{'':<58}{'':>10} {'':<8}{'SELECT 1':>10}")
        kept, fresh = select_1(server)
        tell("SELECT 1, connection kept open", kept, "ms", kept / kept)
        tell("SELECT 1, connection of its own", fresh, "ms", fresh / kept)
        job = median_ms(Client(server.url).run, JOBS)
        aim = said(job <= 100, "<= 100 ms")
        tell("trivial TAP job, POST to COMPLETED", job, "ms", job / kept, aim)
        start = start_latency_ms(server)
        tell("trivial TAP job, creation to start", start, "ms", start / kept)
        rate = throughput(server)
        aim = said(rate >= 40, ">= 40 jobs/s")
        tell(f"trivial TAP jobs of {CLIENTS} clients", rate, "jobs/s", None, aim)
        waiting_clients(server, kept)


if __name__ == "__main__":
    main()
