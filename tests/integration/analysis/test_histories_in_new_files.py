"""A new file tells what is known of data and people when it is written, also where no step ran."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from django.conf import settings
from django.core.management import call_command
from graph_running import Runner
from tiny_engine import TinyGraph

from analysis.executors import LocalExecutor
from analysis.products.fits_files import Card, write_fits
from analysis.publishing import FITS, ProductFile, give
from analysis.steps import RawFile
from auth.principal import ANONYMOUS, Principal, of_user
from auth.shown_names import choose_name
from provenance import EntityRecord, InvolvedRecord, agents, store
from provenance.models import Agent, WasAssociatedWith
from provenance.validity import mark_bad, mark_good
from uws.parameters import JobParameters
from uws.types import JobContext

pytestmark = pytest.mark.django_db

Job = Callable[..., JobContext[Any]]


@pytest.fixture
def raw(tiny: TinyGraph) -> RawFile:
    """A file that the sum of all jobs comes from."""
    return tiny.raw("events", 1)


@pytest.fixture
def job(tmp_path: Path, settings: Any, tiny: TinyGraph, raw: RawFile) -> Iterator[Job]:
    """Runs a job that gives the sum as a FITS file; all but its completion."""
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    executor = LocalExecutor(1, ("tiny_engine",))
    run = Runner(tmp_path / "cache", lambda: executor)

    def write(path: Path, cards: Sequence[Card]) -> None:
        write_fits(path, [fits.PrimaryHDU(header=fits.Header(cards)), fits.ImageHDU([[1.0]])])

    def done(owner: Principal = ANONYMOUS) -> JobContext[Any]:
        step = tiny.add(raw, label="sum")
        outcome = run(step)
        made = outcome.of(step)
        assert made is not None
        folder = tmp_path / f"job{run.jobs}"
        folder.mkdir()
        context = JobContext(folder.name, owner, JobParameters(), folder)
        products = [ProductFile("sum", "sum.fits", FITS, (made,), write)]
        give(context, "sum", products, [made], public=False, extra_parameters={})
        return context

    yield done
    executor.close()


def complete(context: JobContext[Any]) -> None:
    for write in context.at_completion:
        write()


def told(context: JobContext[Any]) -> str:
    """The history that the job's file tells without the server."""
    (result,) = context.results
    said = io.StringIO()
    call_command("prov", str(result.path), "--offline", stdout=said)
    return said.getvalue()


def test_a_file_of_cached_steps_says_what_is_bad_now_and_nothing_of_marks_that_were_taken_back(
    job: Job, tiny: TinyGraph, raw: RawFile
) -> None:
    assert "BAD" not in told(job())
    mark_bad(raw.entity.id, "solar flare", authority="x")
    assert "Marked as bad: solar flare" in told(job())
    mark_bad(raw.entity.id, "closed mask", authority="x")
    assert "Marked as bad: closed mask" in told(job())
    mark_good(raw.entity.id, "a mistake", authority="x")
    assert "BAD" not in told(job())
    assert tiny.runs() == ["1"], "all but the first were made from the cache"


def test_a_file_of_cached_steps_names_people_as_they_are_called_now(
    job: Job, raw: RawFile, django_user_model: Any
) -> None:
    ada = django_user_model.objects.create_user("ada")
    creator = InvolvedRecord(agents.person(settings.VO_AUTHORITY, "ada", ada.pk), agents.CREATOR)
    store.enter([EntityRecord(raw.entity.id, attributed_to=(creator,))])
    complete(job())
    assert [str(agent) for agent in Agent.objects.filter(type="Person")] == ["ada"]
    first = job()
    choose_name(ada, "Countess of Lovelace")
    (before,), (after,) = ([*first.results], [*job().results])
    assert b"Countess of Lovelace" not in before.path.read_bytes()
    assert b"Countess of Lovelace" in after.path.read_bytes()


def test_what_is_as_it_was_is_not_written_out_again(job: Job, raw: RawFile, tmp_path: Path) -> None:
    def notes() -> dict[str, int]:
        return {note.name: note.stat().st_ino for note in (tmp_path / "cache/notes").iterdir()}

    complete(job())
    before = notes()
    assert len(before) == 1
    store.enter([EntityRecord("ivo://x/entity?other")])
    mark_bad("ivo://x/entity?other", "closed mask", authority="x")
    complete(job())
    assert notes() == before
    mark_bad(raw.entity.id, "solar flare", authority="x")
    complete(job())
    assert notes().keys() == before.keys()
    assert notes() != before


def test_a_site_that_takes_another_authority_goes_on_with_the_steps_that_it_has(
    job: Job, settings: Any
) -> None:
    settings.VO_AUTHORITY = "one.example"
    complete(job())
    settings.VO_AUTHORITY = "another.example"
    said = told(job())
    assert "ivo://another.example/entity?" in said
    assert "ivo://test/entity?" in said, "the step's own, made before"
    assert "ivo://test/archive?events" in said


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "new"])
def test_a_name_that_is_given_up_before_the_job_ends_does_not_come_back(
    job: Job, django_user_model: Any, is_known: bool
) -> None:
    ada = django_user_model.objects.create_user("ada", first_name="Ada", last_name="Lovelace")
    if is_known:
        complete(job(of_user(ada)))
    running = job(of_user(ada))
    choose_name(ada, "")
    complete(running)
    people = {w.agent for w in WasAssociatedWith.objects.filter(agent__type="Person")}
    assert [person.name for person in people] == ["ada"]
