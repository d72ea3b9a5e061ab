"""What the one who drives a graph knows and says of steps: found, being made, made, damaged.

`SharedLedger` is the ordinary one: the cache with its index, and leases in PostgreSQL, by which
jobs on any number of machines make each result once. `PrivateLedger` is for a run that shall use
nothing made before.
"""

import json
import os
import socket
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Protocol

from django.db import Error, connection, transaction

from analysis import cache_index, statements
from analysis.cache import Cache, CachedFile
from analysis.making import Making
from analysis.models import StepHold
from analysis.steps import RawFile, Step
from archive.derived_rights import WITHHELD, rights_to_files, strictest
from archive.rights import Rights
from provenance import store
from provenance.records import ActivityRecord

#: How long a lease lasts without being renewed: so long others wait when a machine dies.
LEASE_S = 15.0
#: How long a job's holds last without being renewed.
HOLD_S = 1800.0
CHANNEL = "analysis_step"


class Ledger(Protocol):
    """See the module."""

    cache: Cache

    def hold(self, steps: Sequence[Step]) -> None:
        """Let nothing of these be given up while the job runs."""

    def find(self, steps: Sequence[Step]) -> dict[str, CachedFile]:
        """Those of these results that are there, by identity; checksums are not looked at."""

    def used(self, identities: Sequence[str]) -> None:
        """These results were found, and are used."""

    def claim(self, steps: Sequence[Step], place: str) -> dict[str, str]:
        """The keys under which to have these made at ``place``, by identity.

        What isn't in it is being made by another, somewhere else.
        """

    def spent(self, step: Step) -> None:
        """The run of the step's key has ended without a result: the next claim gives another key.

        Whoever shared that run and claims after it is given the same new one.
        """

    def renew(self) -> None:
        """The steps that were claimed are still being made, and the job still runs."""

    def register(self, makings: Mapping[Step, Making]) -> set[str]:
        """These are made; the identities of those that nobody had registered before."""

    def failed(self, record: ActivityRecord) -> None:
        """A run of a step failed."""

    def give_up(self, step: Step) -> None:
        """The step can't be made, whoever wants it."""

    def damaged(self, identities: Sequence[str]) -> None:
        """The files of these are damaged or gone."""

    def ear(self) -> int | None:
        """A descriptor that is readable when others may have made something; call it each time."""

    def close(self) -> None:
        """The job has no more steps made."""

    def release(self) -> None:
        """The job needs nothing of the cache any more."""


class SharedLedger:
    """The cache and the leases that all jobs share."""

    def __init__(self, cache: Cache, job: str) -> None:
        """job: who drives; a job that is run again takes its own leases over at once."""
        self.cache = cache
        self._job = job
        self._rights: dict[str, Rights] = {}
        self._fences: dict[str, int] = {}
        self._spent: set[str] = set()

    def hold(self, steps: Sequence[Step]) -> None:
        """See `Ledger`; raises `CacheUnreachable` where the cache's folder isn't there."""
        cache_index.require_folder(self.cache)
        statements.execute(
            "hold", job=self._job, identities=[step.identity for step in steps], seconds=HOLD_S
        )
        raw = rights_to_files(_raw_entities(steps))
        self._rights.update(rights_of(steps, raw))

    def find(self, steps: Sequence[Step]) -> dict[str, CachedFile]:
        """See `Ledger`."""
        identities = [step.identity for step in steps]
        with self._renewed():
            return cache_index.find(self.cache, identities, self._rights, self._job)

    def used(self, identities: Sequence[str]) -> None:
        """See `Ledger`."""
        cache_index.count_use(identities)
        cache_index.set_rights({i: self._rights[i] for i in identities if i in self._rights})

    def claim(self, steps: Sequence[Step], place: str) -> dict[str, str]:
        """See `Ledger`."""
        identities = [step.identity for step in steps]
        spent = [self._fences[i] for i in identities if i in self._spent]
        rows = statements.execute(
            "claim",
            identities=identities,
            spent=spent,
            cluster=place,
            job=self._job,
            holder=f"{self._job} {socket.gethostname()} {os.getpid()}",
            lease_s=LEASE_S,
        )
        ours = {i: fence for i, fence, cluster in rows if cluster == place}
        self._fences.update(ours)
        self._spent.difference_update(ours)
        return {identity: f"{identity}-{fence}" for identity, fence in ours.items()}

    def spent(self, step: Step) -> None:
        """See `Ledger`."""
        if step.identity in self._fences:
            self._spent.add(step.identity)

    def renew(self) -> None:
        """See `Ledger`."""
        if self._fences:
            statements.execute("renew_leases", rows=self._leases(self._fences), lease_s=LEASE_S)
        statements.execute("renew_holds", job=self._job, seconds=HOLD_S)

    def register(self, makings: Mapping[Step, Making]) -> set[str]:
        """See `Ledger`."""
        results = {step.identity: (m.file, m.record) for step, m in makings.items()}
        with self._renewed(), transaction.atomic():
            entered = cache_index.register(self.cache, results, self._rights)
            self._end(list(results))
        return entered

    def failed(self, record: ActivityRecord) -> None:
        """Enter the provenance."""
        with self._renewed():
            store.enter([record])

    def give_up(self, step: Step) -> None:
        """See `Ledger`."""
        self._end([step.identity])

    def damaged(self, identities: Sequence[str]) -> None:
        """See `Ledger`."""
        cache_index.require_folder(self.cache)
        for identity in identities:
            found = self.cache.read(identity)
            if found is not None and not self.cache.is_whole(found[0]):
                self.cache.set_aside(identity)
        cache_index.forget(identities)

    def ear(self) -> int | None:
        """See `Ledger`."""
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        raw = connection.connection
        raw.poll()
        raw.notifies.clear()
        return int(raw.fileno())

    def close(self) -> None:
        """See `Ledger`; what others share goes on."""
        self._drop(list(self._fences), "leave_leases", job=self._job)

    def release(self) -> None:
        """See `Ledger`."""
        statements.execute("release_holds", job=self._job)

    def _end(self, identities: Sequence[str]) -> None:
        """The runs of these are over, for all who share them."""
        self._drop(identities, "end_leases")

    def _drop(self, identities: Sequence[str], how: str, **values: str) -> None:
        dropped = {i: self._fences.pop(i) for i in identities if i in self._fences}
        self._spent.difference_update(dropped)
        if dropped:
            statements.execute(how, rows=self._leases(dropped), **values)
            statements.execute("tell")

    @contextmanager
    def _renewed(self) -> Iterator[None]:
        """Have another thread renew the leases: who writes history may wait long for its turn."""
        over = Event()
        thread = Thread(target=_renew_until, args=(over, self._leases(self._fences)), daemon=True)
        if self._fences:
            with suppress(RuntimeError):  # there is no memory for a thread
                thread.start()
        try:
            yield
        finally:
            over.set()
            if thread.ident is not None:
                thread.join()

    def _leases(self, fences: Mapping[str, int]) -> str:
        return json.dumps([{"identity": i, "fence": fence} for i, fence in fences.items()])


def _renew_until(over: Event, leases: str) -> None:
    """Renew these leases, by a connection of this thread's own, as long as it isn't ``over``."""
    while not over.wait(LEASE_S / 4):
        try:
            statements.execute("renew_leases", rows=leases, lease_s=LEASE_S)
        except Error:  # who waits hears of it as well
            connection.close()
    connection.close()


class PrivateLedger:
    """Nothing is there before; results are new, of this run alone, and go with its folder.

    Their provenance is entered like any other's.
    """

    def __init__(self, cache: Cache) -> None:
        """cache: of this run alone."""
        self.cache = cache
        self._run = uuid.uuid4().hex
        self._spent: Counter[str] = Counter()
        self._made: dict[str, CachedFile] = {}

    def hold(self, steps: Sequence[Step]) -> None:
        """Nobody gives them up."""

    def find(self, steps: Sequence[Step]) -> dict[str, CachedFile]:
        """Those that this run has made."""
        return {s.identity: self._made[s.identity] for s in steps if s.identity in self._made}

    def used(self, identities: Sequence[str]) -> None:
        """Nobody counts."""

    def claim(self, steps: Sequence[Step], place: str) -> dict[str, str]:
        """Keys that nobody shares."""
        return {i: f"{i}-{self._run}-{self._spent[i]}" for i in (step.identity for step in steps)}

    def spent(self, step: Step) -> None:
        """See `Ledger`."""
        self._spent[step.identity] += 1

    def renew(self) -> None:
        """Nobody else wants them."""

    def register(self, makings: Mapping[Step, Making]) -> set[str]:
        """Enter the provenance."""
        new = {s.identity: m.file for s, m in makings.items() if s.identity not in self._made}
        store.enter([making.record.activity for making in makings.values()])
        self._made.update(new)
        return set(new)

    def failed(self, record: ActivityRecord) -> None:
        """Enter the provenance."""
        store.enter([record])

    def give_up(self, step: Step) -> None:
        """Nobody waits."""

    def damaged(self, identities: Sequence[str]) -> None:
        """Make them again."""
        for identity in identities:
            self._made.pop(identity, None)
            self.cache.set_aside(identity)

    def ear(self) -> int | None:
        """Nobody else makes anything for it."""
        return None

    def close(self) -> None:
        """Nobody waits."""

    def release(self) -> None:
        """The folder goes when the job has read what it needs (`Cache.discard`)."""


def rights_of(steps: Sequence[Step], raw: Mapping[str, Rights]) -> dict[str, Rights]:
    """Rights to the results of these steps, by identity, from those to the archive's files.

    steps: inputs before users. raw: rights by entity; what isn't in it is withheld.

    Steps that tell a parameter (`Step.told_by`) don't count. The result is made from the inputs
    and the parameter alone, and the same one may be told by public data: it has one identity, and
    its rights can't depend on which job came last. So the places of sources that were found with
    withheld data stand among the parameters of a public Science Window's step.
    """
    found: dict[str, Rights] = {}
    for step in steps:
        found[step.identity] = strictest(
            raw.get(node.entity.id, WITHHELD)
            if isinstance(node, RawFile)
            else found.get(node.identity, WITHHELD)
            for nodes in step.inputs.values()
            for node in nodes
        )
    return found


def _raw_entities(steps: Sequence[Step]) -> set[str]:
    return {
        node.entity.id
        for step in steps
        for nodes in step.inputs.values()
        for node in nodes
        if isinstance(node, RawFile)
    }


def held_by_jobs() -> int:
    """How many results running jobs hold."""
    return StepHold.objects.values("identity").distinct().count()
