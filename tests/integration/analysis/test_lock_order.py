"""Jobs that meet over the same rows: no two wait for each other, nor take what is another's by now.

Jobs share leases and results. Two of them that lock the same rows in two orders end up waiting for
each other, and PostgreSQL ends one of them; so rows are locked in the order of identity.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection, transaction
from tiny_engine import TinyGraph

from analysis import cache_index
from analysis.cache import Cache
from analysis.ledger import SharedLedger
from analysis.models import CachedStep, StepHold, StepLease
from analysis.steps import Step

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[[SharedLedger, list[str]], object]

CHANGES: dict[str, tuple[type[StepLease | CachedStep | StepHold], Change]] = {
    "renew leases": (StepLease, lambda ledger, _: ledger.renew()),
    "leave leases": (StepLease, lambda ledger, _: ledger.close()),
    "end leases": (StepLease, lambda ledger, identities: ledger._end(identities)),
    "renew holds": (StepHold, lambda ledger, _: ledger.renew()),
    "release holds": (StepHold, lambda ledger, _: ledger.release()),
    "count uses": (CachedStep, lambda _, identities: cache_index.count_use(identities)),
    "forget": (CachedStep, lambda _, identities: cache_index.forget(identities)),
    "evict": (CachedStep, lambda ledger, _: cache_index.evict(ledger.cache, 0)),
}


@pytest.fixture
def steps(tmp_path: Path) -> list[Step]:
    """Four steps; the one with the last identity comes first."""
    tiny = TinyGraph(tmp_path)
    found = [tiny.add(tiny.raw(f"{n}", n)) for n in range(4)]
    return sorted(found, key=lambda step: step.identity, reverse=True)


@pytest.fixture
def ledger(tmp_path: Path, steps: list[Step]) -> SharedLedger:
    """Has leases and results of these steps, whose rows lie in that order."""
    ledger = SharedLedger(Cache(tmp_path / "cache"), "job")
    for step in steps:
        ledger.claim([step], "here")
        CachedStep.objects.create(
            identity=step.identity,
            size=1,
            seconds=1,
            entity_id=f"ivo://test/entity?{step.identity}",
            made_at=datetime.now(UTC),
        )
    return ledger


@pytest.mark.parametrize("what", CHANGES)
def test_rows_are_locked_in_the_order_of_identity(
    what: str, ledger: SharedLedger, steps: list[Step]
) -> None:
    model, change = CHANGES[what]
    if model is StepHold:
        for step in steps:
            ledger.hold([step])
    identities = [step.identity for step in steps]
    errors: list[Exception] = []

    def beside() -> None:
        try:
            with connection.cursor() as cursor:
                # however many rows there are one day: the order doesn't hang on the plan
                cursor.execute("SET enable_indexscan = off; SET enable_indexonlyscan = off")
            change(ledger, identities)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    other = Thread(target=beside)
    with transaction.atomic():
        rows = model.objects.order_by("identity")
        model.objects.select_for_update().get(identity=min(identities))
        other.start()
        _until_it_waits_for_us()
        rest = rows.select_for_update(nowait=True).values_list("identity", flat=True)
        assert list(rest) == sorted(identities), "it has locked nothing behind what it waits for"
    other.join(20)
    assert not other.is_alive()
    assert errors == []


def test_of_two_jobs_that_try_a_step_again_at_once_both_get_the_same_run(
    ledger: SharedLedger, steps: list[Step]
) -> None:
    step, other = steps[0], SharedLedger(ledger.cache, "other")
    assert other.claim([step], "here") == ledger.claim([step], "here")
    for one in (ledger, other):
        one.spent(step)
    told: list[dict[str, str]] = []

    def beside() -> None:
        told.append(other.claim([step], "here"))
        connection.close()

    thread = Thread(target=beside)
    with transaction.atomic():
        ours = ledger.claim([step], "here")
        thread.start()
        _until_it_waits_for_us()
    thread.join(20)
    assert told == [ours]


def _until_it_waits_for_us() -> None:
    until = time.monotonic() + 20
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone() == (1,):
                return
        assert time.monotonic() < until
        time.sleep(0.01)
