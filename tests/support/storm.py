"""A storm of faults over the queue: what becomes of jobs when everything dies now and then.

Clients hand in jobs over HTTP while workers, jobs' processes and templates are killed with
SIGKILL, PostgreSQL is restarted and the web server killed. Afterwards every job must be COMPLETED
exactly once, or ERROR or ABORTED for a reason that the storm made; no file may be without its job,
no job without its files. The server is the storm's own (`own_server`).
``python tests/support/storm.py`` is the long form; tests run a short one.
"""

import argparse
import http.client
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg2
from own_server import OwnServer

JOBS_PATH = "/uws/sample"
#: Kept by a trigger: every phase that a job has been in, so that a second completion is seen.
_HISTORY = """
CREATE TABLE storm_phase (job text, phase text);
CREATE FUNCTION storm_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.phase IS DISTINCT FROM OLD.phase THEN
        INSERT INTO storm_phase VALUES (NEW.id, NEW.phase);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER storm_note AFTER INSERT OR UPDATE OF phase ON uws_job
    FOR EACH ROW EXECUTE FUNCTION storm_note();
"""


@dataclass(slots=True)
class Outcome:
    """What became of the jobs, and what the storm did. wrong: a sentence per broken promise."""

    phases: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    handed_in: int = 0
    unanswered: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """The counts, a line for each kind."""
        lines = {
            "jobs handed in": self.handed_in,
            "requests without an answer": self.unanswered,
            "phases": dict(self.phases),
            "faults": dict(self.faults),
            "jobs by attempts": dict(sorted(self.attempts.items())),
            "seconds": round(self.seconds),
            "promises broken": len(self.wrong),
        }
        return "\n".join([*(f"{name}: {what}" for name, what in lines.items()), *self.wrong[:20]])


class _Storm:
    """One run."""

    def __init__(self, server: OwnServer, jobs: int, clients: int, chance: random.Random) -> None:
        self.server = server
        self.jobs = jobs
        self.clients = clients
        self.chance = chance
        self.outcome = Outcome()
        self._lock = threading.Lock()
        self._left = jobs
        self._known: set[str] = set()
        self._aborted: set[str] = set()

    def run(self, restarts: int, web_kills: int, kills: int) -> Outcome:
        began = time.monotonic()
        connection = psycopg2.connect(self.server.database)
        with connection, connection.cursor() as cursor:
            cursor.execute(_HISTORY)
        connection.close()
        for _ in range(2):
            self._start_worker()
        self.server.start_web()
        with ThreadPoolExecutor(self.clients + 1) as pool:
            asking = [pool.submit(self._client, number) for number in range(self.clients)]
            self._blow(restarts, web_kills, kills)
            for client in asking:
                client.result()
        self._wait_for_the_end()
        self.outcome.seconds = time.monotonic() - began
        self._check()
        return self.outcome

    def _start_worker(self) -> None:
        self.server.start_worker("--jobs=0", "--short-jobs=3")

    # the clients

    def _client(self, number: int) -> None:
        chance = random.Random(number)
        while True:
            with self._lock:
                if not self._left:
                    return
                self._left -= 1
            self._one_job(chance)

    def _one_job(self, chance: random.Random) -> None:
        told = {"TEXT": "hello", "PHASE": "RUN", "SLEEP_S": f"{chance.uniform(0, 0.6):.2f}"}
        location = None
        while location is None:
            location = self._ask("POST", JOBS_PATH, told)
        path = urlsplit(location).path
        job_id = path.rpartition("/")[2]
        with self._lock:
            self._known.add(job_id)
        if chance.random() < 0.05:
            with self._lock:
                self._aborted.add(job_id)
            self._ask("POST", f"{path}/phase", {"PHASE": "ABORT"})
            return
        until = time.monotonic() + 120
        while time.monotonic() < until:
            document = self._ask("GET", f"{path}?WAIT=5")
            if document and any(f"phase>{end}<" in document for end in ("COMPLETED", "ERROR")):
                return

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> str | None:
        """Location or text of the answer; ``None`` where there was none, or a server's error."""
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=30)
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status < 400:
                return answer.headers.get("Location") or text
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        with self._lock:
            self.outcome.unanswered += 1
        time.sleep(0.2)
        return None

    # the faults

    def _blow(self, restarts: int, web_kills: int, kills: int) -> None:
        faults = ["restart of PostgreSQL"] * restarts + ["kill of the web server"] * web_kills
        faults += [
            self.chance.choice(("kill of a worker", "kill of a child")) for _ in range(kills)
        ]
        self.chance.shuffle(faults)
        for number, fault in enumerate(faults):
            # spread over the run: each waits until its share of the jobs has been handed in
            until = time.monotonic() + 60
            while self.jobs - self._left < self.jobs * (number + 1) / (len(faults) + 2):
                if time.monotonic() > until:
                    break
                time.sleep(0.02)
            match fault:
                case "restart of PostgreSQL":
                    self.server.restart_database()
                case "kill of the web server":
                    self.server.kill_web()
                    self.server.start_web()
                case "kill of a worker":
                    alive = [worker for worker in self.server.workers if worker.poll() is None]
                    self.chance.choice(alive).kill()
                    self._start_worker()
                case _ if not self._kill_child():
                    fault = "kill that found nobody"
            self.outcome.faults[fault] += 1

    def _kill_child(self) -> bool:
        """Kill a process that a worker's template has forked, whether idle or at work."""
        found = []
        for worker in self.server.workers:
            if worker.poll() is None:
                found += [
                    child for template in _children(worker.pid) for child in _children(template)
                ]
        if not found:
            return False
        try:
            os.kill(self.chance.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    # the end

    def _wait_for_the_end(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            connection = psycopg2.connect(self.server.database)
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM uws_job WHERE phase IN ('QUEUED', 'EXECUTING')"
                )
                (left,) = cursor.fetchone() or (0,)
            connection.close()
            if not left:
                self._wait_for_the_tidying()
                return
            time.sleep(0.2)
        self.outcome.wrong.append(f"{left} jobs have not ended")

    def _wait_for_the_tidying(self) -> None:
        """Files of what was killed last are removed at once, or by the janitor's next round."""
        until = time.monotonic() + 45
        while self._strays() and time.monotonic() < until:
            time.sleep(0.5)

    def _strays(self) -> list[str]:
        """What lies in the folder of all jobs, and is no result."""
        connection = psycopg2.connect(self.server.database)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT path FROM uws_jobresult")
            kept = {self.server.jobs / path for (path,) in cursor.fetchall()}
        connection.close()
        folders = {path.relative_to(self.server.jobs).parts[0] for path in kept}
        marker = self.server.jobs / ".database"
        files = {path for path in self.server.jobs.rglob("*") if path.is_file()} - {marker}
        return [
            f"a file without a job: {path.relative_to(self.server.jobs)}" for path in files - kept
        ] + [
            f"a folder without a job's file: {folder.name}"
            for folder in self.server.jobs.iterdir()
            if folder.name not in folders and folder != marker
        ]

    def _check(self) -> None:
        connection = psycopg2.connect(self.server.database)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, phase, attempts, error_message FROM uws_job")
            jobs = cursor.fetchall()
            cursor.execute(
                "SELECT job, count(*) FROM storm_phase WHERE phase = 'COMPLETED' GROUP BY 1"
            )
            completions: dict[str, int] = dict(cursor.fetchall())
            cursor.execute("SELECT job_id, path FROM uws_jobresult")
            results = cursor.fetchall()
        connection.close()
        paths: dict[str, list[str]] = {}
        for job_id, path in results:
            paths.setdefault(job_id, []).append(path)
        wrong = self.outcome.wrong
        self.outcome.handed_in = len(jobs)
        ids = {job[0] for job in jobs}
        wrong += [f"job {lost} was lost" for lost in self._known - ids]
        for job_id, phase, attempts, error in jobs:
            self.outcome.phases[phase] += 1
            self.outcome.attempts[attempts] += 1
            found = paths.get(job_id, [])
            if phase == "COMPLETED":
                if completions.get(job_id) != 1:
                    wrong.append(f"job {job_id} was completed {completions.get(job_id)} times")
                if len(found) != 1 or not (self.server.jobs / found[0]).is_file():
                    wrong.append(f"job {job_id} is COMPLETED without its one file")
            elif phase == "ERROR":
                if "given up after 3 attempts" not in error:
                    wrong.append(f"job {job_id} is an ERROR of no fault's making: {error}")
            elif phase != "ABORTED" or job_id not in self._aborted:
                wrong.append(f"job {job_id} is {phase}")
        wrong += self._strays()


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def blow(jobs: int, clients: int, restarts: int, web_kills: int, kills: int, seed: int) -> Outcome:
    """Run one storm on a server of its own."""
    variables = {"VO_UWS_JOB_MODULES": "sample_jobs", "VO_UWS_LEASE_S": "3"}
    with OwnServer(variables=variables) as server:
        outcome = _Storm(server, jobs, clients, random.Random(seed)).run(restarts, web_kills, kills)
        if outcome.wrong:
            sys.stderr.write(server.log.read_text(errors="replace")[-30_000:])
        return outcome


def main() -> int:
    """The long form; prints the counts, and fails where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--restarts", type=int, default=2, help="of PostgreSQL")
    parser.add_argument("--web-kills", type=int, default=1)
    parser.add_argument("--kills", type=int, default=30, help="of workers and jobs' processes")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    outcome = blow(**vars(asked))
    print(outcome)
    return int(bool(outcome.wrong))


if __name__ == "__main__":
    sys.exit(main())
