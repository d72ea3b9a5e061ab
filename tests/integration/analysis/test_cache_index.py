"""The cache's index: what is registered, who may see it, what is given up and what is not."""

import os
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from graph_running import Runner
from tiny_engine import TinyGraph

from analysis import cache_index, statements
from analysis.cache import Cache
from analysis.ledger import PrivateLedger, SharedLedger, rights_of
from analysis.models import CachedStep, StepLease, StepTiming
from analysis.results_at_hand import told
from analysis.steps import Step
from archive.derived_rights import strictest
from archive.rights import PROPRIETARY, PUBLIC, SECURE, Rights
from provenance import ActivityRecord, store

pytestmark = pytest.mark.django_db

PAST, FUTURE = datetime(2010, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


def call(command: str, *arguments: str) -> str:
    said = StringIO()
    call_command(command, *arguments, stdout=said, stderr=said)
    return said.getvalue()


def made(run: Runner, *steps: Step) -> list[CachedStep]:
    run(*steps)
    return [CachedStep.objects.get(pk=step.identity) for step in steps]


# --- Rights --------------------------------------------------------------------------------------


def test_what_is_made_of_public_files_is_public() -> None:
    assert strictest([Rights(PUBLIC, PAST), Rights(PUBLIC, PAST)]).is_public()


@pytest.mark.parametrize(
    "other", [Rights(PROPRIETARY, FUTURE), Rights(PROPRIETARY), Rights(SECURE)]
)
def test_one_input_that_is_not_public_makes_the_result_so(other: Rights) -> None:
    result = strictest([Rights(PUBLIC, PAST), other])
    assert not result.is_public()
    assert result.data_rights == other.data_rights


def test_a_result_is_released_with_the_last_of_its_inputs() -> None:
    result = strictest([Rights(PROPRIETARY, PAST), Rights(PROPRIETARY, FUTURE)])
    assert result.release_date == FUTURE


def test_rights_of_inputs_reach_the_end_of_the_graph(tiny: TinyGraph) -> None:
    public, secret = tiny.raw("public", 1), tiny.raw("secret", 2)
    inner, open_ = tiny.add(secret), tiny.add(public)
    top = tiny.add(inner, open_)
    found = rights_of(
        [inner, open_, top],
        {public.entity.id: Rights(PUBLIC, PAST), secret.entity.id: Rights(PROPRIETARY, FUTURE)},
    )
    assert found[open_.identity].is_public()
    assert not found[top.identity].is_public()


def test_what_nobody_knows_the_rights_to_is_not_public(run: Runner, tiny: TinyGraph) -> None:
    (row,) = made(run, tiny.add(tiny.raw("a", 1)))
    assert not cache_index.rights([row.identity])[row.identity].is_public()


def test_a_result_that_goes_while_it_is_read_is_as_if_it_had_not_been_there(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    assert told(step, lambda path: path) is None
    made(run, step)
    paths: list[Path | None] = []

    def read(path: Path | None) -> str:
        paths.append(path)
        cache_index.evict(run.cache, 0)
        return "nothing" if path is None else path.read_text()

    assert told(step, read) == "nothing"
    assert paths == [run.cache.path(step.identity, paths[0].name if paths[0] else ""), None]


# --- Leases --------------------------------------------------------------------------------------


def test_of_two_places_one_gets_the_lease_and_the_other_waits(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    one, other = SharedLedger(run.cache, "one"), SharedLedger(run.cache, "other")
    assert step.identity in one.claim([step], "here")
    assert other.claim([step], "there") == {}
    one.give_up(step)
    assert step.identity in other.claim([step], "there")


def test_jobs_of_one_place_share_the_run_under_one_key(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    one, other = SharedLedger(run.cache, "one"), SharedLedger(run.cache, "other")
    assert one.claim([step], "here") == other.claim([step], "here")


def test_a_lease_ends_with_the_last_of_the_jobs_that_share_its_run(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    one, other, elsewhere = (SharedLedger(run.cache, name) for name in ("one", "other", "third"))
    (key,) = {job.claim([step], "here")[step.identity] for job in (one, other)}
    one.close()
    assert elsewhere.claim([step], "there") == {}
    assert one.claim([step], "here") == {step.identity: key}, "it may come back"
    one.close()
    other.close()
    assert step.identity in elsewhere.claim([step], "there")


def test_a_job_that_is_run_again_leaves_a_run_to_those_who_share_it(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    one, other = SharedLedger(run.cache, "one"), SharedLedger(run.cache, "other")
    (key,) = {job.claim([step], "here")[step.identity] for job in (one, other)}
    assert SharedLedger(run.cache, "one").claim([step], "there") == {}
    assert other.claim([step], "here") == {step.identity: key}


def test_jobs_that_shared_a_run_that_failed_share_the_next_one_too(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    jobs = [SharedLedger(run.cache, name) for name in ("one", "other", "third")]
    (first,) = {job.claim([step], "here")[step.identity] for job in jobs}
    keys = []
    for job in jobs:
        job.spent(step)
        keys.append(job.claim([step], "here")[step.identity])
    assert keys == [keys[0]] * 3
    assert keys[0] != first
    assert jobs[0].claim([step], "here")[step.identity] == keys[0], "as long as it lasts"


def test_a_run_of_a_job_by_itself_has_another_key_when_it_is_tried_again(
    run: Runner, tiny: TinyGraph
) -> None:
    step, other = tiny.add(tiny.raw("a", 1)), tiny.add(tiny.raw("b", 1))
    ledger = PrivateLedger(run.cache)
    before = ledger.claim([step, other], "here")
    ledger.spent(step)
    after = ledger.claim([step, other], "here")
    assert before[step.identity] != after[step.identity]
    assert before[other.identity] == after[other.identity]


def test_a_lease_that_ran_out_is_taken_over_with_a_higher_number(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    dead, heir = SharedLedger(run.cache, "dead"), SharedLedger(run.cache, "heir")
    (old,) = dead.claim([step], "here").values()
    assert heir.claim([step], "there") == {}
    StepLease.objects.update(expires_at=F("expires_at") - timedelta(seconds=60))
    (new,) = heir.claim([step], "there").values()
    assert int(new.split("-")[1]) > int(old.split("-")[1])
    dead.renew()
    dead.give_up(step)
    assert StepLease.objects.get().fence == int(new.split("-")[1]), "an old number changes nothing"


def test_a_job_that_is_run_again_takes_its_own_lease_over_at_once(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    SharedLedger(run.cache, "job").claim([step], "a cluster that died")
    assert step.identity in SharedLedger(run.cache, "job").claim([step], "another")


def test_a_result_that_comes_too_late_is_dropped(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    (row,) = made(run, step)
    late = run.cache.read(row.identity)
    assert late is not None
    run.cache.set_aside(row.identity)
    cache_index.forget([row.identity])
    (new,) = made(run, step)
    assert cache_index.register(run.cache, {row.identity: late}) == set()
    assert CachedStep.objects.get().entity_id == new.entity_id


def test_of_two_makings_the_first_stands(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 1))
    (row,) = made(run, step)
    found = run.cache.read(row.identity)
    assert found is not None
    _, record = found

    def make_it_again(path: Path):
        path.write_text("1")
        return record

    file, _, is_new = run.cache.store(row.identity, "sum.txt", make_it_again)
    assert not is_new
    assert file.entity.id == row.entity_id
    assert not list((run.cache.root / "temporary").iterdir())


def test_who_registers_locks_no_row_before_it_is_their_turn(
    run: Runner, tiny: TinyGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = made(run, tiny.add(tiny.raw("a", 1)))
    found = run.cache.read(row.identity)
    assert found is not None
    CachedStep.objects.update(entity_id="another")
    enter, at_turn = store.enter, []

    def look(records: list[ActivityRecord]) -> None:
        at_turn.append(CachedStep.objects.get().entity_id)
        enter(records)

    monkeypatch.setattr(store, "enter", look)
    assert cache_index.register(run.cache, {row.identity: found}) == {row.identity}
    assert at_turn == ["another"], "it is replaced afterwards"
    assert CachedStep.objects.get().entity_id == row.entity_id


def test_a_second_making_beyond_the_tolerance_is_kept_aside_and_told_to_the_operator(
    run: Runner, tiny: TinyGraph, caplog: pytest.LogCaptureFixture
) -> None:
    (row,) = made(run, tiny.add(tiny.raw("a", 1), label="of a"))
    found = run.cache.read(row.identity)
    assert found is not None

    def make_another(path: Path):
        path.write_text("2")
        return found[1]

    assert "differ beyond" not in call("cache_status")
    file, _, is_new = run.cache.store(row.identity, "sum.txt", make_another)
    assert not is_new
    assert file.path.read_text() == "1", "the first stands"
    assert "step add of a (" in caplog.text
    assert "was made again with another result; the first stands" in caplog.text
    assert "1 results were made twice and differ beyond their tolerance" in call("cache_status")
    told = f"made twice, and differing beyond tolerance: {row.identity}, add of a: the bytes differ"
    assert told in call("cache_verify")
    aside = run.cache.root / "unlike" / row.identity
    assert (aside / "sum.txt").read_text() == "2"
    assert run.cache.size_aside() == sum(path.stat().st_size for path in aside.iterdir())
    assert "what was set aside takes 0.0 MB more" in call("cache_status")
    run.cache.sweep()
    assert run.cache.unlike(), "it stays for the operator to look at"
    old = time.time() - 31 * 86400
    os.utime(run.cache.root / "unlike" / row.identity, (old, old))
    run.cache.sweep()
    assert not run.cache.unlike(), "but not for ever"
    assert "set aside takes" not in call("cache_status")


def test_where_the_second_making_can_not_be_kept_the_first_stands_all_the_same(
    run: Runner, tiny: TinyGraph, caplog: pytest.LogCaptureFixture
) -> None:
    (row,) = made(run, tiny.add(tiny.raw("a", 1)))
    found = run.cache.read(row.identity)
    assert found is not None

    def make_another(path: Path):
        path.write_text("2")
        (path.parent / "difference.txt").mkdir()  # the words can't be written
        return found[1]

    file, _, is_new = run.cache.store(row.identity, "sum.txt", make_another)
    assert not is_new
    assert file.path.read_text() == "1"
    assert "the other result was not kept (Is a directory)" in caplog.text
    assert not run.cache.unlike()
    assert not list((run.cache.root / "temporary").iterdir())


# --- Eviction ------------------------------------------------------------------------------------


@pytest.fixture
def three(run: Runner, tiny: TinyGraph) -> list[CachedStep]:
    """Results that are alike but for what each test changes; 1000 bytes and a digit each."""
    return made(run, *(tiny.add(tiny.raw(f"r{n}", n), padding=999) for n in (1, 2, 3)))


def left() -> set[str]:
    return set(CachedStep.objects.values_list("identity", flat=True))


@pytest.mark.parametrize(
    "makes_worthless",
    [{"seconds": 1e-9}, {"demand": 1e-9}, {"size": 10**9}, {"last_used_at": PAST}],
)
def test_the_least_valuable_goes_first(
    run: Runner, three: list[CachedStep], makes_worthless: dict[str, object]
) -> None:
    CachedStep.objects.update(seconds=1.0)
    CachedStep.objects.filter(pk=three[1].pk).update(**makes_worthless)
    size = cache_index.total_size()
    (gone,) = cache_index.evict(run.cache, size - 1)
    assert gone.identity == three[1].identity
    assert run.cache.read(three[1].identity) is None
    assert left() == {three[0].identity, three[2].identity}


def test_what_is_pinned_or_held_is_never_given_up(run: Runner, three: list[CachedStep]) -> None:
    cache_index.pin([three[0].identity])
    statements.execute("hold", job="running", identities=[three[1].identity], seconds=60)
    cache_index.evict(run.cache, 0)
    assert left() == {three[0].identity, three[1].identity}
    assert run.cache.find(three[0].identity) is not None


def test_the_hold_of_a_job_that_died_ends(run: Runner, three: list[CachedStep]) -> None:
    statements.execute("hold", job="dead", identities=[three[0].identity], seconds=-1)
    cache_index.evict(run.cache, 0)
    assert left() == set()


def test_a_dry_run_gives_nothing_up(three: list[CachedStep]) -> None:
    assert "3 results with 0.0 MB would be evicted" in call("cache_evict", "--to=0", "--dry-run")
    assert len(left()) == 3
    assert "3 results with 0.0 MB were evicted" in call("cache_evict", "--to=0")
    assert left() == set()


def test_what_was_evicted_is_made_again_and_its_times_are_remembered(
    run: Runner, tiny: TinyGraph, three: list[CachedStep]
) -> None:
    cache_index.evict(run.cache, 0)
    assert StepTiming.objects.get(engine="tiny", kind="add").runs == 3
    tiny.runs()
    run(tiny.add(tiny.raw("r1", 1), padding=999))
    assert tiny.runs() == ["1"]


def test_the_worker_s_errand_keeps_the_cache_below_its_limit(
    three: list[CachedStep], settings
) -> None:
    settings.VO_CACHE_MAX_BYTES = 1500
    assert "2 results" in call("cache_tend")
    assert len(left()) == 1


# --- Commands ------------------------------------------------------------------------------------


def test_status_tells_what_is_there_and_what_it_has_saved(
    run: Runner, tiny: TinyGraph, three: list[CachedStep]
) -> None:
    run(tiny.add(tiny.raw("r1", 1), padding=999))
    CachedStep.objects.update(seconds=60.0)
    StepTiming.objects.update(peak_memory=123_000_000)
    said = call("cache_status")
    line = next(line for line in said.splitlines() if line.startswith("tiny"))
    assert line.split() == ["tiny", "add", "3", "0.0", "0", "1", "3", "min", "60.0", "s", "123"]
    assert "0 damaged files" in said


def test_operators_are_told_of_the_cluster(run: Runner, settings) -> None:
    for command in ("cache_status", "uws_status"):
        assert "the embedded cluster is not running; it is started when" in call(command)
    settings.VO_DASK_SCHEDULER = "tls://scheduler.example.org:8786"
    assert "steps run on the site's cluster at tls://scheduler.example.org" in call("uws_status")


def test_verify_finds_nothing_wrong_in_a_good_cache(three: list[CachedStep]) -> None:
    assert "3 files are whole, 0 were damaged" in call("cache_verify")


def test_verify_sets_damaged_files_aside_and_fails(run: Runner, three: list[CachedStep]) -> None:
    file = run.cache.path(three[0].identity, "sum.txt")
    file.write_text("x" + file.read_text()[1:])
    said = StringIO()
    with pytest.raises(CommandError, match="made again when it is needed"):
        call_command("cache_verify", stdout=said)
    assert f"damaged, set aside: add {three[0].identity}" in said.getvalue()
    assert "2 files are whole, 1 were damaged" in said.getvalue()
    assert "0 rows had no file" in said.getvalue(), "one fault is told once"
    assert left() == {three[1].identity, three[2].identity}
    assert "2 files are whole" in call("cache_verify")
    assert "1 damaged files" in call("cache_status")


def test_verify_reports_rows_without_files(run: Runner, three: list[CachedStep]) -> None:
    run.cache.remove(three[2].identity)
    with pytest.raises(CommandError):
        call("cache_verify")
    assert left() == {three[0].identity, three[1].identity}


def test_verify_registers_what_the_index_lacks(three: list[CachedStep]) -> None:
    CachedStep.objects.all().delete()
    assert "3 were not in the index" in call("cache_verify")
    assert len(left()) == 3


def test_the_errand_leaves_to_running_jobs_what_they_have_just_made(
    three: list[CachedStep],
) -> None:
    CachedStep.objects.all().delete()
    leases = [
        StepLease(identity=row.identity, fence=1, cluster="", holder="job", expires_at=FUTURE)
        for row in three
    ]
    StepLease.objects.bulk_create(leases)
    call("cache_tend")
    assert left() == set()
    StepLease.objects.exclude(identity=three[2].identity).update(expires_at=PAST)
    call("cache_tend")
    assert left() == {row.identity for row in three[:2]}


def test_what_processes_that_died_have_left_is_removed_in_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    (cache.root / "temporary" / "left").mkdir()
    cache.sweep()
    assert (cache.root / "temporary" / "left").exists(), "somebody may still be writing"
    cache.sweep(older_than_s=-1)
    assert not (cache.root / "temporary" / "left").exists()
