"""Running graphs: what is computed, what is reused, what is recorded."""

from dataclasses import replace

import pytest
import tiny_engine
from django.db import connection
from graph_running import Runner, Told, value
from tiny_engine import TinyGraph

from analysis import cache_index
from analysis.cache import Cache
from analysis.errors import (
    ScWDataCorrupted,
)
from analysis.executors import Executor, LocalExecutor
from analysis.ledger import PrivateLedger
from analysis.models import CachedStep, StepHold
from analysis.outcomes import StepResult

pytestmark = pytest.mark.django_db


def test_a_graph_gives_its_result(run: Runner, tiny: TinyGraph) -> None:
    left, right = tiny.add(tiny.raw("a", 1), plus=10), tiny.add(tiny.raw("b", 2), plus=20)
    top = tiny.add(left, right, plus=100)
    assert value(run(top), top) == 133


def test_the_same_again_runs_nothing_and_needs_no_place_to_run(
    run: Runner, tiny: TinyGraph
) -> None:
    top = tiny.add(tiny.add(tiny.raw("a", 1)), tiny.add(tiny.raw("b", 2)))
    run(top)
    assert len(tiny.runs()) == 3

    def nowhere() -> Executor:
        raise AssertionError("a place for steps was asked for")

    run.executor = nowhere
    told = Told()
    again = run(top, told=told)
    assert tiny.runs() == []
    assert again.of(top).restored  # type: ignore[union-attr]
    assert told.looked_at == [top], "nothing behind a cached step is looked at"
    assert CachedStep.objects.get(identity=top.identity).hits == 1


def test_of_fifty_inputs_one_new_one_runs_its_own_steps_and_the_sum(
    run: Runner, tiny: TinyGraph
) -> None:
    old = [tiny.add(tiny.add(tiny.raw(f"a{number}", number))) for number in range(50)]
    run(tiny.add(*old))
    assert len(tiny.runs()) == 50 * 2 + 1
    new = tiny.add(tiny.add(tiny.raw("new", 4000)), label="new")
    told = Told()
    run(tiny.add(*old[1:], new), told=told)
    assert tiny.runs() == ["4000", "4000", "5225"]
    restored = [item for item in told.told if isinstance(item, StepResult) and item.restored]
    assert len(restored) == 49


def test_other_software_runs_all_again_and_the_old_results_stay_explained(
    run: Runner, tiny: TinyGraph
) -> None:
    old, new = (tiny.add(tiny.raw("a", 1), software=version) for version in "12")
    before = run(old).of(old)
    run(new)
    assert tiny.runs() == ["1", "1"]
    assert before is not None
    assert before.file.path.read_text() == "1"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM provenance_entity WHERE identifier = %s AND checksum = %s",
            [before.file.entity.id, before.file.entity.checksum],
        )
        assert cursor.fetchone() == (1,)


def test_what_is_not_known_yet_is_not_run(run: Runner, tiny: TinyGraph) -> None:
    teller = tiny.add(tiny.raw("a", 1))
    waiting = replace(tiny.add(tiny.raw("b", 2)), told_by=(teller,), provisional=True)
    for target in (waiting, tiny.add(waiting)):
        with pytest.raises(ValueError, match="provisional"):
            run(target)
    assert tiny.runs() == []


def test_a_step_follows_what_tells_it(run: Runner, tiny: TinyGraph) -> None:
    teller = tiny.add(tiny.raw("a", 1))
    told = replace(tiny.add(tiny.raw("b", 2)), told_by=(teller,))
    assert value(run(told), told) == 2
    assert tiny.runs() == ["1", "2"]


def test_software_that_changed_under_the_server_makes_nothing(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    changed = replace(step, kind=replace(step.kind, software=tiny_engine.changing))
    with pytest.raises(Exception, match="must start it anew"):
        run(changed)
    assert tiny.runs() == []


def test_a_file_of_the_archive_that_is_not_what_was_ingested_is_refused(
    run: Runner, tiny: TinyGraph
) -> None:
    raw = tiny.raw("a", 5)
    raw.path.write_text("6")
    step = tiny.add(raw)
    (failure,) = run(step).failures.values()
    assert isinstance(failure.cause, ScWDataCorrupted)


def test_results_are_told_before_what_uses_them(run: Runner, tiny: TinyGraph) -> None:
    told = Told()
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner)
    run(top, told=told)
    assert [item.step for item in told.told] == [inner, top]
    assert isinstance(told.told[0], StepResult)
    assert told.told[0].messages == ("the sum is 1",)


def test_what_lies_in_the_cache_tells_under_which_lease_it_was_made_and_what_was_told(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    run(step)
    found = run.cache.read(step.identity)
    assert found is not None
    assert found[1].key.rpartition("-")[0] == step.identity
    assert found[1].messages == ("the sum is 1",)


def test_the_record_of_a_making_tells_from_what_by_what_and_what_came_out(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner, plus=4, label="the total")
    outcome = run(top)
    lower, upper = outcome.of(inner), outcome.of(top)
    assert lower is not None
    assert upper is not None
    activity = upper.file.activity
    assert activity.name == "add"
    assert [used.entity.id for used in activity.used] == [lower.file.entity.id]
    assert [used.entity.location for used in lower.file.activity.used] == ["scw/a.txt"]
    assert {p.name: p.value for p in activity.parameters}["plus"] == "4"
    assert {a.agent.name for a in activity.agents} >= {"numpy 0"}
    (generated,) = activity.generated
    assert generated.entity.step_identity == top.identity
    assert generated.entity.name == "sum.txt the total"
    assert not activity.public, "nobody sees it until a product is published"


def test_what_lies_on_disk_unregistered_is_registered_and_not_made_again(
    run: Runner, tiny: TinyGraph
) -> None:
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner)
    run(top)
    tiny.runs()
    CachedStep.objects.all().delete()  # as if the process had died before it registered them
    assert cache_index.register_from_disk(run.cache) == 2
    assert value(run(top), top) == 1
    CachedStep.objects.all().delete()
    assert value(run(top), top) == 1, "found without a search, too"
    assert tiny.runs() == []


def test_a_run_without_the_cache_makes_everything_anew_and_leaves_the_cache_alone(
    run: Runner, tiny: TinyGraph
) -> None:
    top = tiny.add(tiny.add(tiny.raw("a", 1)))
    first = run(top).of(top)
    tiny.runs()
    private = run.cache.private()
    new = run(top, ledger=PrivateLedger(private)).of(top)
    assert tiny.runs() == ["1", "1"]
    assert first is not None
    assert new is not None
    assert new.file.entity.id != first.file.entity.id
    assert new.file.entity.checksum == first.file.entity.checksum
    assert CachedStep.objects.get(pk=top.identity).entity_id == first.file.entity.id
    private.discard()
    assert list((run.cache.root / "private").iterdir()) == []


def test_a_running_job_holds_what_it_needs_and_lets_go_at_its_end(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))

    class Looking(Told):
        def succeeded(self, result: StepResult) -> None:
            held.append(StepHold.objects.filter(identity=result.step.identity).count())
            held.append(len(cache_index.evict(run.cache, 0)))

    held: list[int] = []
    run(step, told=Looking())
    assert held == [1, 0], "held, and nothing could be evicted"
    assert not StepHold.objects.exists()
    assert len(cache_index.evict(run.cache, 0)) == 1


def test_a_job_that_is_run_again_drives_on_from_what_is_finished(
    run: Runner, tiny: TinyGraph, executor: LocalExecutor
) -> None:
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner)

    class Dying(Told):
        def succeeded(self, result: StepResult) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(top, told=Dying())
    before = len(tiny.begun())
    assert before
    assert value(run(top), top) == 1
    assert len(tiny.begun()) == 2, f"{before} had been made"


def test_a_cache_that_another_server_filled_is_used_as_it_is(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    run(step)
    assert Cache(run.cache.root).find(step.identity) is not None
