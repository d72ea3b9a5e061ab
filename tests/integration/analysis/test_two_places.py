"""Drivers at several places, on one database and one cache: each step is made once."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from graph_driver import graph
from graph_jobs import eventually
from graph_running import Runner, value
from tiny_engine import TinyGraph

from analysis.cache import Cache
from analysis.executors import Ended, LocalExecutor
from analysis.ledger import SharedLedger
from analysis.making import Making
from analysis.models import StepHold, StepLease
from analysis.steps import Step
from provenance.models import Activity
from provenance.statements import take_turn

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[3]
LEASE_S = 3.0


class Driver:
    """A job that drives the graph in a process of its own, at a place of its own."""

    def __init__(self, job: str, folder: Path) -> None:
        database = connection.settings_dict
        host = f"?host={database['HOST']}" if database["HOST"] else ""
        credentials = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "graph_driver", job, str(folder), str(LEASE_S)],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": f"postgresql://{credentials}@/{database['NAME']}{host}",
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def hear(self) -> dict[str, object]:
        """What it tells next."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 60)[0], "it told nothing"
        return dict(json.loads(self.process.stdout.readline()))

    def kill(self) -> None:
        """As the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Callable[[str], Driver]]:
    """Starts a driver for a job of that name."""
    with ExitStack() as stack:
        yield lambda job: stack.enter_context(Driver(job, tmp_path))


@pytest.fixture
def long_step(tmp_path: Path) -> Step:
    """That which the graph waits for."""
    total, _ = graph(tmp_path, "")
    return next(step for step in total.needed_steps() if step.label == "long")


def counts(folder: Path) -> list[int]:
    """The sums that the steps which were begun had before them."""
    return sorted(int(line.split()[1]) for line in (folder / "runs.begun").read_text().splitlines())


def test_two_places_make_each_step_of_a_graph_once_though_one_outlasts_its_lease(
    tmp_path: Path, drive: Callable[[str], Driver], long_step: Step
) -> None:
    here = drive("here")
    assert here.hear() == {"waits": True}
    lease = eventually(StepLease.objects.filter(identity=long_step.identity).first)
    hold = StepHold.objects.get(job="here", identity=long_step.identity)
    there = drive("there")
    assert there.hear() == {"waits": True}
    # so long that who waits has seen it end, had it not been renewed
    enough = timedelta(seconds=1.5 * LEASE_S)
    begin = StepLease.objects.get(pk=lease.pk).expires_at
    eventually(lambda: StepLease.objects.get(pk=lease.pk).expires_at > begin + enough)
    assert StepLease.objects.get(pk=lease.pk).fence == lease.fence, "nobody took it over"
    renewed = StepHold.objects.get(job="here", identity=long_step.identity)
    assert renewed.expires_at > hold.expires_at + enough, "what the job needs is held on"
    (tmp_path / "runs.go").touch()
    assert here.hear() == {"sum": 9, "made": ["1", "2", "3", "here", "long", "sum"]}
    assert there.hear() == {"sum": 9, "made": ["there"]}
    assert counts(tmp_path) == [1, 2, 3, 3, 9, 100, 100]
    assert Activity.objects.count() == 7
    assert not StepLease.objects.exists()
    assert not StepHold.objects.exists()


def waits_for_its_turn() -> bool:
    """Whether another connection waits to write history."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return cursor.fetchone() == (1,)


def test_a_driver_keeps_its_leases_while_it_waits_for_its_turn_to_write_history(
    tmp_path: Path, drive: Callable[[str], Driver]
) -> None:
    with transaction.atomic():
        take_turn()
        here = drive("here")
        eventually(waits_for_its_turn)
        fences = dict(StepLease.objects.values_list("identity", "fence"))
        last = StepLease.objects.latest("expires_at").expires_at + timedelta(seconds=1.5 * LEASE_S)
        eventually(lambda: not StepLease.objects.filter(expires_at__lte=last), 20)
        assert waits_for_its_turn(), "all the while"
        assert dict(StepLease.objects.values_list("identity", "fence")) == fences
    assert here.hear() == {"waits": True}
    (tmp_path / "runs.go").touch()
    assert here.hear() == {"sum": 9, "made": ["1", "2", "3", "here", "long", "sum"]}
    assert counts(tmp_path) == [1, 2, 3, 3, 9, 100]
    assert not StepLease.objects.exists()


def test_who_waits_takes_over_from_a_driver_that_was_killed_in_the_midst_of_a_step(
    tmp_path: Path, drive: Callable[[str], Driver], long_step: Step
) -> None:
    dies = drive("dies")
    assert dies.hear() == {"waits": True}
    lease = eventually(StepLease.objects.filter(identity=long_step.identity).first)
    heir = drive("heir")
    assert heir.hear() == {"waits": True}
    begun = eventually(lambda: counts(tmp_path) == [1, 2, 3, 3, 100, 100] and counts(tmp_path))
    lines = (tmp_path / "runs.begun").read_text().splitlines()
    pids = [int(pid) for pid, total in map(str.split, lines) if total != "100"]
    dies.kill()
    eventually(lambda: counts(tmp_path) == sorted([*begun, 3]))
    assert StepLease.objects.get(pk=lease.pk).fence > lease.fence
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == [], "the first run has ended"
    (tmp_path / "runs.go").touch()
    assert heir.hear() == {"sum": 9, "made": ["heir", "long", "sum"]}
    assert counts(tmp_path) == [1, 2, 3, 3, 3, 9, 100, 100], "nothing that was finished ran again"
    found = Cache(tmp_path / "cache").read(long_step.identity)
    assert found is not None
    assert int(found[1].key.rpartition("-")[2]) > lease.fence


def test_who_waits_hears_when_another_place_gives_a_step_up(tmp_path: Path) -> None:
    tiny = TinyGraph(tmp_path)
    step = tiny.add(tiny.raw("a", 1))
    cache = Cache(tmp_path / "cache")
    other = SharedLedger(cache, "other")
    assert step.identity in other.claim([step], "there")
    heard: list[bool] = []

    def give_up() -> None:
        other.give_up(step)
        connection.close()

    class Hearing(LocalExecutor):
        def wait(
            self, timeout_s: float, made: Callable[[str], Making | None], ear: int | None = None
        ) -> list[Ended]:
            if ear is not None and not heard:
                assert not select.select([ear], [], [], 0)[0]
                thread = threading.Thread(target=give_up)
                thread.start()
                thread.join()
                heard.append(bool(select.select([ear], [], [], 30)[0]))
            return super().wait(timeout_s, made, ear)

    executor = Hearing(1, ("tiny_engine",))
    run = Runner(cache.root, lambda: executor)
    outcome = run(step)
    executor.close()
    assert value(outcome, step) == 1
    assert heard == [True]
