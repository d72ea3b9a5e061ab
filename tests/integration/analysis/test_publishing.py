"""What a published product makes public is what it was made from, and nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graph_running import Runner
from tiny_engine import TinyGraph

from analysis import cache_index
from analysis.execution import GraphResult
from analysis.executors import LocalExecutor
from analysis.publishing import ProductFile, give, given
from analysis.steps import Step
from archive.rights import PROPRIETARY, PUBLIC, Rights
from auth.principal import ANONYMOUS
from provenance import ActivityRecord
from provenance.models import Activity, Entity, Parameter, WasGeneratedBy, WasInformedBy
from uws.parameters import JobParameters
from uws.types import JobContext

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path: Path, settings: Any) -> Iterator[Runner]:
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    executor = LocalExecutor(1, ("tiny_engine",))
    yield Runner(tmp_path / "cache", lambda: executor)
    executor.close()


def give_sum(
    run: Runner, product: Step, looked_at: Sequence[Step], folder: Path
) -> tuple[GraphResult, ActivityRecord]:
    """A job that publishes the one step's result and has looked at more; what both gave."""
    outcome = run(product, *looked_at)
    public = Rights(PUBLIC, datetime(2010, 1, 1, tzinfo=UTC))
    rights = dict.fromkeys(outcome.results, Rights(PROPRIETARY, datetime(2099, 1, 1, tzinfo=UTC)))
    open_steps = [result.step for result in outcome.results.values() if "open" in result.step.label]
    cache_index.set_rights({**rights, **{step.identity: public for step in open_steps}})
    place = folder / f"job{run.jobs}"
    place.mkdir()
    context = JobContext(place.name, ANONYMOUS, JobParameters(), place)
    made = outcome.of(product)
    assert made is not None
    give(
        context,
        "sum",
        [ProductFile("sum", "sum.txt", "text/plain", (made,), lambda path, _: path.touch(), None)],
        list(outcome.results.values()),
        public=True,
        extra_parameters={},
    )
    for write in context.at_completion:
        write()
    job = given(context)
    assert job is not None
    return outcome, job


def test_steps_of_withheld_data_that_were_left_out_stay_hidden(run: Runner, tmp_path: Path) -> None:
    """Of a withheld Science Window whose image fails, the events are good, and in no product."""
    tiny = TinyGraph(tmp_path)
    shown = tiny.add(tiny.raw("open", 1), label="open")
    unused = tiny.add(tiny.raw("open_too", 2), label="open, left out")
    withheld = tiny.add(tiny.raw("withheld", 4), plus=1830, label="withheld")
    failed = tiny.add(withheld, tiny.raw("bad", -1), label="withheld, bad")
    give_sum(run, shown, [unused, failed], tmp_path)
    job = Activity.objects.get(name="sum")
    assert job.public
    told = WasInformedBy.objects.filter(informed=job).values_list("informant__identifier")
    steps = {
        row.identity: Activity.objects.get(identifier=row.activity_id)
        for row in cache_index.CachedStep.objects.all()
    }
    assert {identifier for (identifier,) in told} == {
        steps[shown.identity].identifier,
        steps[unused.identity].identifier,
    }
    assert steps[shown.identity].public
    assert steps[unused.identity].public
    assert not steps[withheld.identity].public
    assert not Parameter.objects.filter(value="1830", public=True).exists()
    assert not Entity.objects.filter(name__startswith="withheld", public=True).exists()


def test_a_job_is_informed_by_the_activity_that_once_made_what_the_cache_gives(
    run: Runner, tmp_path: Path
) -> None:
    tiny = TinyGraph(tmp_path)
    part = tiny.add(tiny.raw("open", 1), label="open")
    whole = tiny.add(part, label="open, whole")
    other = tiny.add(part, plus=1, label="open, other")
    _, first = give_sum(run, whole, [part], tmp_path)
    once = dict(WasGeneratedBy.objects.values_list("entity__step_identity", "activity__identifier"))
    assert set(first.informants) == {once[part.identity], once[whole.identity]}
    for product, restored in ((whole, {part, whole}), (other, {part})):
        outcome, job = give_sum(run, product, [part], tmp_path)
        assert {r.step for r in outcome.results.values() if r.restored} == restored
        told = WasInformedBy.objects.filter(informed__identifier=job.id)
        informants = set(told.values_list("informant__identifier", flat=True))
        assert informants & set(once.values()) == {once[step.identity] for step in restored}
        assert len(informants) == 2
    assert Activity.objects.filter(name="add").count() == 3, "what was restored was not run again"


def test_a_product_of_withheld_data_makes_nothing_public(run: Runner, tmp_path: Path) -> None:
    tiny = TinyGraph(tmp_path)
    give_sum(run, tiny.add(tiny.raw("withheld", 4), label="withheld"), [], tmp_path)
    assert not Activity.objects.filter(public=True).exists()
    assert not Entity.objects.filter(public=True).exists()


def test_where_the_index_does_not_know_what_a_product_came_from_it_is_not_published(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(JobContext, "message", lambda _, text: said.append(text))

    def forget_all(results: Iterable[Step]) -> None:
        cache_index.CachedStep.objects.all().delete()

    monkeypatch.setattr(cache_index, "set_rights", forget_all)
    give_sum(run, TinyGraph(tmp_path).add(TinyGraph(tmp_path).raw("open", 1)), [], tmp_path)
    assert not Activity.objects.filter(public=True).exists()
    assert said == ["not published: not all of what it was made from is known to be public"]
