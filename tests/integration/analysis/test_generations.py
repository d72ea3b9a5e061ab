"""An entity is one generation of a file: whatever is made again is a new one, made once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, connections
from graph_running import Runner
from lineages import run as record
from tiny_engine import TinyGraph

from analysis import cache_index
from analysis.executors import LocalExecutor
from analysis.ledger import PrivateLedger
from provenance.errors import ProvenanceError
from provenance.history import backwards
from provenance.models import Activity, Entity, WasGeneratedBy
from provenance.store import enter


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    executor = LocalExecutor(1, ("tiny_engine",))
    yield executor
    executor.close()


@pytest.mark.django_db
def test_what_is_evicted_damaged_or_made_anew_becomes_a_new_entity_of_the_same_content(
    tmp_path: Path, executor: LocalExecutor
) -> None:
    runner = Runner(tmp_path / "cache", lambda: executor)
    step = TinyGraph(tmp_path).add(TinyGraph(tmp_path).raw("a", 5))
    made = [runner(step).of(step)]
    assert len(cache_index.evict(runner.cache, 0)) == 1
    made.append(runner(step).of(step))
    made[-1].file.path.write_text("6")
    made.append(runner(step).of(step))
    private = runner.cache.private()
    made.append(runner(step, ledger=PrivateLedger(private)).of(step))
    private.discard()
    made_again = runner(step).of(step)
    assert made_again.restored
    assert made_again.file.entity.id == made[2].file.entity.id

    generations = [result.file.entity.id for result in made]
    assert len(set(generations)) == 4
    found = Entity.objects.filter(identifier__in=generations)
    assert found.values("checksum", "step_identity").distinct().count() == 1
    makers = WasGeneratedBy.objects.filter(entity__in=found)
    assert makers.values("activity").distinct().count() == 4
    # each generation stays explained, also where its file is gone
    for generation in generations:
        origins = {
            entity.location for entity in backwards([generation], None, hidden=True).entities
        }
        assert "scw/a.txt" in origins


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_who_claim_to_have_made_an_entity_one_is_refused() -> None:
    ready = threading.Barrier(4)
    outcomes: list[str] = []

    def claim(number: int) -> None:
        try:
            ready.wait(30)
            enter([record(f"run{number}", ["events"], ["image", f"other{number}"])])
            outcomes.append("entered")
        except ProvenanceError as refusal:
            outcomes.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes)[:1] == ["entered"]
    assert sum("made by another activity already" in outcome for outcome in outcomes) == 3
    assert Activity.objects.count() == 1, "nothing of the others is in"
    assert WasGeneratedBy.objects.count() == 2
    assert (
        not Entity.objects.filter(identifier__contains="other")
        .exclude(wasgeneratedby__isnull=False)
        .exists()
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM provenance_whole_lineage")
        assert cursor.fetchone() == (2,)
