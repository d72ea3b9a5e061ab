"""What befalls the cache from outside: damage, folders that aren't mounted, others at work."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from graph_running import Runner, restored, value
from tiny_engine import TinyGraph

from analysis import cache_index
from analysis.anew import Anew
from analysis.cache import MAKING, Cache
from analysis.errors import CacheUnreachable
from analysis.ledger import PrivateLedger, SharedLedger
from analysis.models import CachedStep, StepHold, StepLease, StepPin
from analysis.steps import Step, in_order
from archive.models import DataProduct
from archive.rights import PROPRIETARY, PUBLIC
from provenance.models import Activity, WasGeneratedBy

pytestmark = pytest.mark.django_db

PAST, FUTURE = datetime(2010, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)


def call(command: str, *arguments: str) -> str:
    said = StringIO()
    call_command(command, *arguments, stdout=said, stderr=said)
    return said.getvalue()


def folder_of(run: Runner, step: Step) -> Path:
    return run.cache.path(step.identity, MAKING).parent


def indexed() -> set[str]:
    return set(CachedStep.objects.values_list("identity", flat=True))


# --- Damage --------------------------------------------------------------------------------------


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _unlink(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("spoil", [_flip, _unlink])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_job_makes_again_what_has_a_damaged_record(
    run: Runner, tiny: TinyGraph, spoil: Callable[[Path], None], is_known: bool
) -> None:
    """That of a result that the index knows is read when the result is made again, if ever."""
    step = tiny.add(tiny.raw("a", 5))
    run(step)
    spoil(folder_of(run, step) / MAKING)
    if not is_known:
        CachedStep.objects.all().delete()
    outcome = run(step)
    assert value(outcome, step) == 5
    assert restored(outcome, [step]) == [is_known]
    assert run.cache.damaged() == (0 if is_known else 1)
    if is_known:
        (folder_of(run, step) / "sum.txt").write_text("6")
        assert value(run(step), step) == 5
    assert tiny.runs() == ["5", "5"]


def test_verify_sets_aside_what_has_a_damaged_record_or_none_and_goes_on(
    run: Runner, tiny: TinyGraph
) -> None:
    steps = [tiny.add(tiny.raw(name, n)) for n, name in enumerate("abcd")]
    run(*steps)
    CachedStep.objects.filter(identity=steps[3].identity).delete()
    _flip(folder_of(run, steps[0]) / MAKING)
    (folder_of(run, steps[1]) / MAKING).unlink()
    (run.cache.root / "results" / "lost+found").write_text("none of ours")
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("cache_verify", stdout=said)
    assert said.getvalue().count("damaged, set aside: add ") == 2
    assert "2 files are whole, 2 were damaged, 0 can't be read, 1 were not in" in said.getvalue()
    assert indexed() == {steps[2].identity, steps[3].identity}
    assert "2 files are whole, 0 were damaged" in call("cache_verify")
    assert len(list((run.cache.root / "results").glob("*/*"))) == 2


def test_the_errand_keeps_the_limit_and_tidies_up_whatever_lies_in_the_cache(
    run: Runner, tiny: TinyGraph, settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Records that no checksum protects are of earlier versions."""
    whole, flipped, unfit, kept = (tiny.add(tiny.raw(name, 1), label=name) for name in "wfuk")
    run(whole, flipped, unfit, kept)
    CachedStep.objects.exclude(identity=kept.identity).delete()
    _flip(folder_of(run, flipped) / MAKING)
    making = folder_of(run, unfit) / MAKING
    text = making.read_text().partition("\n")[2].removeprefix('"making": ')[:-1]
    making.write_text(text.replace('"label": "u"', '"label": "\\u0000"'))
    left = run.cache.root / "temporary" / "left"
    left.mkdir()
    os.utime(left, (time.time() - 1e6,) * 2)
    settings.VO_CACHE_MAX_BYTES = 0
    said = call("cache_tend")
    assert "1 results that lay in the cache were registered" in said
    assert "2 results with 0 MB were evicted" in said
    assert f"cached step {unfit.identity[:12]} could not be registered" in caplog.text
    assert run.cache.damaged() == 2
    assert list(run.cache.identities()) == []
    assert not left.exists()


def test_the_errand_keeps_the_limit_also_where_nothing_can_be_registered(
    run: Runner, tiny: TinyGraph, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tiny.add(tiny.raw("a", 1)))
    settings.VO_CACHE_MAX_BYTES = 0

    def fail(_: Cache) -> int:
        raise RuntimeError("a defect")

    monkeypatch.setattr(cache_index, "register_from_disk", fail)
    with pytest.raises(RuntimeError):
        call("cache_tend")
    assert indexed() == set()


def test_what_is_gone_before_it_is_registered_has_a_history_all_the_same(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 1))
    run(step)
    found = run.cache.find(step.identity)
    assert found is not None
    again = run.cache.private()
    run(step, ledger=PrivateLedger(again))
    CachedStep.objects.all().delete()
    Activity.objects.all().delete()
    run.cache.remove(step.identity)
    assert cache_index.register(run.cache, {step.identity: found}) == set()
    assert indexed() == set()
    assert WasGeneratedBy.objects.filter(entity__identifier=found[1].entity.id).exists()


# --- Pins, and folders that aren't there ---------------------------------------------------------


def _lose_file(run: Runner, step: Step) -> None:
    run.cache.remove(step.identity)


def _damage_file(run: Runner, step: Step) -> None:
    (folder_of(run, step) / "sum.txt").write_text("7")


def _lose_row(run: Runner, step: Step) -> None:
    CachedStep.objects.all().delete()
    cache_index.register_from_disk(run.cache)


def _verify(run: Runner, step: Step) -> None:
    run.cache.remove(step.identity)
    with pytest.raises(CommandError):
        call("cache_verify")


@pytest.mark.parametrize("befall", [_lose_file, _damage_file, _lose_row, _verify])
def test_a_pin_stays_whatever_becomes_of_the_file(
    run: Runner, tiny: TinyGraph, befall: Callable[[Runner, Step], None]
) -> None:
    step = tiny.add(tiny.raw("a", 5))
    run(step)
    cache_index.pin([step.identity])
    befall(run, step)
    assert value(run(step), step) == 5
    assert cache_index.evict(run.cache, 0) == []
    assert indexed() == {step.identity}
    (line,) = (line for line in call("cache_status").splitlines() if line.startswith("tiny"))
    assert line.split()[4] == "1", "pinned"


def test_pins_that_stood_in_the_rows_of_earlier_versions_are_kept(
    run: Runner, tiny: TinyGraph
) -> None:
    pinned, other = tiny.add(tiny.raw("a", 5)), tiny.add(tiny.raw("b", 6))
    run(pinned, other)
    cache_index.pin([pinned.identity])
    MigrationExecutor(connection).migrate([("analysis", "0003_breadth_of_steps")])
    with connection.cursor() as cursor:
        cursor.execute("SELECT identity FROM analysis_cachedstep WHERE pinned")
        assert cursor.fetchall() == [(pinned.identity,)]
    MigrationExecutor(connection).migrate([("analysis", "0004_pins_and_cache_folder")])
    assert [pin.identity for pin in StepPin.objects.all()] == [pinned.identity]
    assert [gone.identity for gone in cache_index.evict(run.cache, 0)] == [other.identity]


@contextmanager
def unmounted(run: Runner) -> Iterator[None]:
    """Where the cache was, there is an empty folder."""
    away = run.cache.root.with_name("elsewhere")
    run.cache.root.rename(away)
    Cache(run.cache.root)
    yield
    run.cache.root.rename(away.with_name("mount point"))
    away.rename(run.cache.root)


def test_nothing_is_forgotten_while_the_folder_is_not_mounted(
    run: Runner, tiny: TinyGraph, caplog: pytest.LogCaptureFixture
) -> None:
    step, other = tiny.add(tiny.raw("a", 5)), tiny.add(tiny.raw("b", 6))
    run(step)
    CachedStep.objects.update(hits=7)
    with unmounted(run):
        for wanted in (step, other):
            with pytest.raises(CacheUnreachable, match="whether the store is mounted") as raised:
                run(wanted)
            assert raised.value.kind == "transient"
            assert str(run.cache.root) not in str(raised.value)
        assert f"{run.cache.root} isn't the folder that the cache's index is of" in caplog.text
        for command in ("cache_tend", "cache_verify", "cache_evict"):
            with pytest.raises(CommandError, match="whether the store is mounted"):
                call(command)
        assert "whether the store is mounted" in call("cache_status")
        assert indexed() == {step.identity}
        assert StepHold.objects.count() == 0
    assert value(run(step), step) == 5
    assert tiny.runs() == ["5"]
    assert CachedStep.objects.get().hits == 8
    assert "mounted" not in call("cache_status")


def test_a_folder_that_goes_in_the_middle_of_a_job_costs_no_row(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 5))
    run(step)
    ledger = SharedLedger(run.cache, "job")
    ledger.hold([step])
    with unmounted(run):
        for look in (lambda: ledger.find([step]), lambda: ledger.damaged([step.identity])):
            with pytest.raises(CacheUnreachable):
                look()
    assert list(ledger.find([step])) == [step.identity]
    assert tiny.runs() == ["5"]


def test_a_new_folder_is_accepted_when_the_operator_says_so(run: Runner, tiny: TinyGraph) -> None:
    step = tiny.add(tiny.raw("a", 5))
    run(step)
    cache_index.pin([step.identity])
    run.cache.root.rename(run.cache.root.with_name("lost"))
    Cache(run.cache.root)
    assert "1 rows had no file" in call("cache_verify", "--accept-folder")
    assert value(run(step), step) == 5
    assert tiny.runs() == ["5", "5"]
    assert StepPin.objects.count() == 1
    assert "1 files are whole" in call("cache_verify")


def test_a_restored_database_takes_the_folder_that_it_finds(run: Runner, tiny: TinyGraph) -> None:
    """Backups hold no cache."""
    step = tiny.add(tiny.raw("a", 5))
    run(step)
    run.cache.root.rename(run.cache.root.with_name("of another machine"))
    Cache(run.cache.root)
    cache_index.forget_folder()
    assert value(run(step), step) == 5
    assert tiny.runs() == ["5", "5"]


# --- What others make and evict ------------------------------------------------------------------


def test_what_another_has_just_made_is_left_to_them_to_register(
    run: Runner, tiny: TinyGraph
) -> None:
    """They know its rights, and their owner is told that it was made."""
    inner = tiny.add(tiny.raw("a", 1))
    top = tiny.add(inner, plus=1)
    run(top)
    CachedStep.objects.all().delete()
    maker, other = SharedLedger(run.cache, "maker"), SharedLedger(run.cache, "other")
    maker.claim([inner, top], "here")
    for ledger in (maker, other):
        ledger.hold([inner, top])
    assert other.find([inner, top]) == {}
    assert "0 were not in the index" in call("cache_verify")
    call("cache_tend")
    assert indexed() == set()
    again = SharedLedger(run.cache, "maker")  # as if it had been run again
    assert len(again.find([inner])) == 1, "its own it registers"
    maker.close()
    assert len(other.find([inner, top])) == 2, "and so does anyone, when nobody is left to"
    assert StepLease.objects.count() == 0
    assert tiny.runs() == ["1", "2"]


class Paused(Cache):
    """A cache whose evictions wait before each file is taken away."""

    def __init__(self, root: Path, wait: Callable[[], None]) -> None:
        super().__init__(root)
        self._wait = wait

    @contextmanager
    def removing(self) -> Iterator[Callable[[str], None]]:
        with super().removing() as take_away:

            def waiting(identity: str) -> None:
                self._wait()
                take_away(identity)

            yield waiting


def _is_waiting_for_a_lock(process: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE pid = %s AND locktype = 'advisory' AND NOT granted",
            [process],
        )
        return cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_a_job_that_holds_a_result_during_an_eviction_keeps_it_or_finds_nothing(
    run: Runner, tiny: TinyGraph
) -> None:
    steps = [tiny.add(tiny.raw(name, n)) for n, name in enumerate("ab")]
    run(*steps)
    in_the_gap, goes_on = threading.Event(), threading.Event()
    processes: list[int] = []
    found: list[set[str]] = []

    def wait() -> None:
        in_the_gap.set()
        assert goes_on.wait(30)

    def evict() -> None:
        try:
            cache_index.evict(Paused(run.cache.root, wait), 0)
        finally:
            connections.close_all()

    def hold_and_find() -> None:
        try:
            connection.ensure_connection()
            processes.append(connection.connection.info.backend_pid)
            ledger = SharedLedger(run.cache, "job")
            ledger.hold(steps)
            found.append(set(ledger.find(steps)))
        finally:
            connections.close_all()

    evictor, job = threading.Thread(target=evict), threading.Thread(target=hold_and_find)
    evictor.start()
    assert in_the_gap.wait(30)
    job.start()
    until = time.monotonic() + 30
    while job.is_alive() and not (processes and _is_waiting_for_a_lock(processes[0])):
        assert time.monotonic() < until
        time.sleep(0.01)
    goes_on.set()
    for thread in (evictor, job):
        thread.join(30)
    on_disk = {step.identity for step in steps if folder_of(run, step).exists()}
    assert found == [on_disk], "what it found is there"
    assert indexed() == on_disk
    assert not list((run.cache.root / "temporary").iterdir())


# --- Rights --------------------------------------------------------------------------------------


def _archived(entity_id: str, data_rights: str, release: datetime) -> None:
    DataProduct.objects.create(
        product_id=entity_id.rpartition("?")[2],
        obs_publisher_did=entity_id,
        store="archive",
        path=entity_id,
        kind="isgri_events",
        file_name="a.txt",
        media_type="text/plain",
        size=1,
        sha256="0" * 64,
        created=PAST,
        data_rights=data_rights,
        release_date=release,
    )


def _public(steps: Sequence[Step]) -> list[bool]:
    known = cache_index.rights(step.identity for step in steps)
    return [known[step.identity].is_public() for step in steps]


def test_rights_of_raw_files_stick_to_every_cached_step(run: Runner, tiny: TinyGraph) -> None:
    public, withheld = tiny.raw("public", 1), tiny.raw("withheld", 2)
    _archived(public.entity.id, PUBLIC, PAST)
    _archived(withheld.entity.id, PROPRIETARY, FUTURE)
    open_, closed = tiny.add(public, plus=1), tiny.add(withheld, plus=1)
    of_open, of_closed = tiny.add(open_), tiny.add(closed)
    of_both = tiny.add(of_open, of_closed)
    steps, expected = (open_, of_open, closed, of_closed, of_both), [True, True] + [False] * 3
    run(of_both)
    assert _public(steps) == expected
    rows = CachedStep.objects.exclude(identity__in=[open_.identity, of_open.identity])
    assert {(row.data_rights, row.release_date) for row in rows} == {(PROPRIETARY, FUTURE)}

    for register in (
        lambda: cache_index.register_from_disk(run.cache),
        lambda: len(cache_index.find(run.cache, [step.identity for step in in_order((of_both,))])),
    ):
        CachedStep.objects.all().delete()
        assert register() == 5
        assert _public(steps) == expected, "also where only the records tell"

    DataProduct.objects.filter(obs_publisher_did=withheld.entity.id).update(release_date=PAST)
    run(of_both)
    assert _public((of_both,)) == [True], "a job brings those that it uses up to date"


# --- Runs that make all anew ---------------------------------------------------------------------


def test_what_is_made_anew_is_compared_with_what_lies_in_the_cache(
    run: Runner, tiny: TinyGraph
) -> None:
    step = tiny.add(tiny.raw("a", 5))
    run(step)
    anew = Anew(run.cache.private())
    new = run(step, ledger=PrivateLedger(anew.cache)).of(step)
    assert new is not None
    assert anew.compare(new).words == "made anew: identical to the cached file"
    _damage_file(run, step)
    assert anew.compare(new).words == "made anew; the cached file is damaged"
    assert run.cache.damaged() == 0, "nothing is changed there"
    run.cache.remove(step.identity)
    assert "nothing to compare it with" in anew.compare(new).words


def test_what_is_given_up_while_it_is_compared_is_as_if_it_had_not_been_there(
    run: Runner, tiny: TinyGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = tiny.add(tiny.raw("a", 5))
    run(step)
    anew = Anew(run.cache.private())
    new = run(step, ledger=PrivateLedger(anew.cache)).of(step)
    assert new is not None
    find = cache_index.find

    def find_and_lose(cache: Cache, identities: Sequence[str]) -> object:
        found = find(cache, identities)
        assert len(cache_index.evict(cache, 0)) == 1
        return found

    monkeypatch.setattr(cache_index, "find", find_and_lose)
    assert "nothing to compare it with" in anew.compare(new).words
