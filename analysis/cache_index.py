"""The cache's index in PostgreSQL: what lies in the cache, how much it is wanted, who may see it.

Whoever registers a result enters its row and the provenance of its making in one transaction. The
files are the truth, the rows are found again from them (`register_from_disk`). No row is taken for
lost where the folder isn't the one that the index is of, as where it isn't mounted.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import DataError, IntegrityError, transaction
from django.db.models import Sum

from analysis import statements
from analysis.cache import Cache, CachedFile
from analysis.errors import CacheUnreachable
from analysis.models import CachedStep, CacheFolder
from analysis.stored_records import Record
from archive.derived_rights import WITHHELD, rights_to_files, strictest
from archive.rights import Rights
from provenance import store
from provenance.errors import ProvenanceError
from provenance.records import ActivityRecord, EntityRecord

logger = logging.getLogger(__name__)

#: A use of a result counts half after this time.
HALF_LIFE_S = 30 * 86400.0
_AT_ONCE = 200
#: A result's record can't be entered, now or ever.
_UNFIT = (DataError, IntegrityError, ProvenanceError, ValueError)


@dataclass(frozen=True, slots=True)
class Evicted:
    """A result that was given up. size: bytes."""

    identity: str
    kind: str
    label: str
    size: int


def require_folder(cache: Cache, *, accept: bool = False) -> None:
    """Raise `CacheUnreachable` where the cache's folder isn't the one that the index is of.

    accept: from now on it is. So it is, too, where none was before.
    """
    marker = cache.marker()
    if accept:
        CacheFolder.objects.update_or_create(pk=1, defaults={"marker": marker})
    folder, _ = CacheFolder.objects.get_or_create(pk=1, defaults={"marker": marker})
    if folder.marker != marker:
        logger.error(
            "%s isn't the folder that the cache's index is of: is its store mounted? If it is a new"
            " one, or has lost what it held: manage.py cache_verify --accept-folder",
            cache.root,
        )
        raise CacheUnreachable(
            "the cache's folder isn't the one that its index is of; its operator must look whether"
            " the store is mounted"
        )


def forget_folder() -> None:
    """Be the index of whatever folder comes next (`require_folder`): for a restored database."""
    CacheFolder.objects.all().delete()


def find(
    cache: Cache,
    identities: Iterable[str],
    rights: Mapping[str, Rights] | None = None,
    job: str = "",
) -> dict[str, CachedFile]:
    """Those of these results that the cache has, by identity; checksums are not looked at.

    A file that the index doesn't know is registered, unless another job than this one is about to
    do so; a row whose file is gone is forgotten. rights: as `register` has them. Raises
    `CacheUnreachable`.
    """
    wanted = list(identities)
    found: dict[str, CachedFile] = {}
    gone: list[str] = []
    for row in CachedStep.objects.filter(identity__in=wanted):
        file = _file(cache, row)
        if cache.size(file) == row.size:
            found[row.identity] = file
        else:
            gone.append(row.identity)
    if gone:
        require_folder(cache)
        forget(gone)
    unknown = [identity for identity in wanted if identity not in found]
    stray = {identity: read for identity in unknown if (read := cache.find(identity)) is not None}
    for some in _in_order_of_making(stray, job):
        entered = _register_strays(cache, some, rights)
        found.update({identity: some[identity][0] for identity in entered})
    return found


def _in_order_of_making(
    results: Mapping[str, tuple[CachedFile, Record]], job: str = ""
) -> Iterator[dict[str, tuple[CachedFile, Record]]]:
    """Results in groups, each after those that it was made from, to be registered.

    Those with another job's lease are passed over. That job registers them within a moment, in
    their order, knows their rights, and tells its owner that it made them.
    """
    if not results:
        return
    awaited = statements.execute("awaited", identities=list(results), job=job)
    others = {identity for (identity,) in awaited}
    mine = {identity: result for identity, result in results.items() if identity not in others}
    makers = {record.entity.id: identity for identity, (_, record) in mine.items()}
    waiting = {
        identity: {
            makers[used.entity.id] for used in record.activity.used if used.entity.id in makers
        }
        for identity, (_, record) in mine.items()
    }
    while waiting:
        ready = [identity for identity, needs in waiting.items() if not needs & waiting.keys()]
        ready = ready or list(waiting)  # in a circle, as no true history is
        for begin in range(0, len(ready), _AT_ONCE):
            yield {identity: mine[identity] for identity in ready[begin : begin + _AT_ONCE]}
        for identity in ready:
            del waiting[identity]


def register(
    cache: Cache,
    results: Mapping[str, tuple[CachedFile, Record]],
    rights: Mapping[str, Rights] | None = None,
) -> set[str]:
    """Enter results that lie in the cache, with the provenance of their making; which were new.

    results: by identity. rights: to them, where they are known; else those of their inputs are
    looked up. What the cache holds under an identity stands: a result that came too late, so that
    another lies there now, is dropped. One whose file is gone by now gets no row, but its making is
    entered, since others may have been made from it.
    """
    with transaction.atomic():
        known = dict(
            CachedStep.objects.filter(identity__in=list(results)).values_list(
                "identity", "entity_id"
            )
        )
        fresh = {
            identity: result
            for identity, result in results.items()
            if known.get(identity) != result[0].entity.id
            and (identity not in known or _lies_there(cache, identity, result[0]))
        }
        if not fresh:
            return set()
        # waits for its turn, so before rows are locked, which whoever has the turn may want to pin
        store.enter([record.activity for _, record in fresh.values()])
        forget([i for i in fresh if i in known])
        allowed = dict(rights) if rights is not None else _rights_from_inputs(fresh.values())
        rows = [
            _row(identity, file, size, record, allowed.get(identity, WITHHELD))
            for identity, (file, record) in fresh.items()
            if (size := cache.size(file)) is not None
        ]
        entered = {
            identity for (identity,) in statements.execute("register", rows=json.dumps(rows))
        }
        statements.execute(
            "time", rows=json.dumps([row for row in rows if row["identity"] in entered])
        )
    return entered


def _lies_there(cache: Cache, identity: str, file: CachedFile) -> bool:
    found = cache.read(identity)
    return found is not None and found[0].entity.id == file.entity.id


def _row(
    identity: str, file: CachedFile, size: int, record: Record, rights: Rights
) -> dict[str, object]:
    made_at = record.activity.end or datetime.now(UTC)
    return {
        "identity": identity,
        "kind": record.activity.name,
        "engine": record.engine,
        "label": record.label,
        "file_name": file.path.name,
        "content_type": file.entity.content_type,
        "size": size,
        "checksum": file.entity.checksum,
        "entity_id": file.entity.id,
        "entity_name": file.entity.name,
        "activity_id": file.activity.id,
        "seconds": record.seconds,
        "peak_memory": record.peak_memory,
        "breadth": max(Counter(item.role for item in record.activity.used).values(), default=1),
        "made_at": made_at.isoformat(),
        "data_rights": rights.data_rights,
        "release_date": rights.release_date and rights.release_date.isoformat(),
    }


def _file(cache: Cache, row: CachedStep) -> CachedFile:
    entity = EntityRecord(
        row.entity_id,
        name=row.entity_name,
        content_type=row.content_type,
        checksum=row.checksum,
        step_identity=row.identity,
        description=row.kind,
    )
    activity = ActivityRecord(row.activity_id, row.kind)
    return CachedFile(cache.path(row.identity, row.file_name), entity, activity)


def _rights_from_inputs(results: Iterable[tuple[CachedFile, Record]]) -> dict[str, Rights]:
    """Rights to results, by identity, from what their records say that they were made from."""
    used = {
        record.entity.step_identity or "": [item.entity.id for item in record.activity.used]
        for _, record in results
    }
    inputs = {entity_id for entities in used.values() for entity_id in entities}
    known = dict(rights_to_files(inputs))
    for entity_id, data_rights, release_date in CachedStep.objects.filter(
        entity_id__in=inputs
    ).values_list("entity_id", "data_rights", "release_date"):
        known[entity_id] = Rights(data_rights, release_date)
    return {
        identity: strictest(known.get(entity_id, WITHHELD) for entity_id in entities)
        for identity, entities in used.items()
    }


def set_rights(rights: Mapping[str, Rights]) -> None:
    """Bring the rights to results, by identity, up to date with those of their inputs."""
    for row in CachedStep.objects.filter(identity__in=list(rights)).order_by("identity"):
        now = rights[row.identity]
        if (row.data_rights, row.release_date) != (now.data_rights, now.release_date):
            CachedStep.objects.filter(pk=row.pk).update(
                data_rights=now.data_rights, release_date=now.release_date
            )


def rights(identities: Iterable[str]) -> dict[str, Rights]:
    """Rights to cached results, by identity: the strictest of those of all that they come from."""
    return {
        identity: Rights(data_rights, release_date)
        for identity, data_rights, release_date in CachedStep.objects.filter(
            identity__in=list(identities)
        ).values_list("identity", "data_rights", "release_date")
    }


def count_use(identities: Iterable[str]) -> None:
    """These results have been found and are used."""
    statements.execute("use", identities=list(identities), half_life_s=HALF_LIFE_S)


def pin(identities: Iterable[str]) -> None:
    """Never give these results up: published products were made from them."""
    statements.execute("pin", identities=list(identities))


def forget(identities: Sequence[str]) -> None:
    """Remove rows whose files are gone or were set aside."""
    if identities:
        with transaction.atomic():
            statements.execute("lock", identities=list(identities))
            CachedStep.objects.filter(identity__in=identities).delete()


def names(identities: Sequence[str]) -> dict[str, str]:
    """What these results are of, in words, as far as the index has them."""
    return {row.identity: str(row) for row in CachedStep.objects.filter(identity__in=identities)}


def forget_lost(cache: Cache) -> list[str]:
    """Remove rows whose files are gone; what they were of. Raises `CacheUnreachable`."""
    require_folder(cache)
    lost = {
        row.identity: f"{row} ({row.identity[:12]})"
        for row in CachedStep.objects.iterator()
        if cache.size(_file(cache, row)) is None
    }
    forget(list(lost))
    return list(lost.values())


def total_size() -> int:
    """Bytes of all cached results."""
    return int(CachedStep.objects.aggregate(size=Sum("size"))["size"] or 0)


def evict(cache: Cache, limit: int, *, dry_run: bool = False) -> list[Evicted]:
    """Give up the least valuable results until all together have at most ``limit`` bytes.

    Value is what a result cost to make times how much it is wanted, by its size. What is pinned or
    held by a running job stays. dry_run: only tell. Raises `CacheUnreachable`.

    Row and file go in one transaction, and at once: a job that has a result held either keeps both
    or finds neither. A process that dies between leaves rows without files, which are forgotten.
    """
    require_folder(cache)
    excess = total_size() - limit
    chosen: list[Evicted] = []
    if excess > 0:
        for row in statements.execute("evictable", half_life_s=HALF_LIFE_S):
            if excess <= 0:
                break
            chosen.append(Evicted(*row))
            excess -= chosen[-1].size
    if dry_run:
        return chosen
    gone: list[Evicted] = []
    for begin in range(0, len(chosen), _AT_ONCE):
        some = {item.identity: item for item in chosen[begin : begin + _AT_ONCE]}
        with cache.removing() as take_away, transaction.atomic():
            for identity, _ in statements.execute("evict", identities=list(some)):
                with suppress(CacheUnreachable):  # it stays, and is registered again
                    take_away(identity)
                    gone.append(some[identity])
    return gone


def register_from_disk(cache: Cache) -> int:
    """Register what lies in the cache and isn't in the index; how many results.

    Such are left where a process died between storing and registering, or where the database was
    restored from an older state. What can't be read is passed over, and logged.
    """
    known = set(CachedStep.objects.values_list("identity", flat=True))
    found: dict[str, tuple[CachedFile, Record]] = {}
    for identity in cache.identities():
        try:
            if identity not in known and (read := cache.find(identity)) is not None:
                found[identity] = read
        except CacheUnreachable as problem:
            _passed_over(identity, problem)
    some = _in_order_of_making(found)
    return sum(len(_register_strays(cache, group)) for group in some)


def _register_strays(
    cache: Cache,
    results: Mapping[str, tuple[CachedFile, Record]],
    rights: Mapping[str, Rights] | None = None,
) -> set[str]:
    """Register what was found on disk, and set aside what can't be; the identities of the rest.

    Such are of a record that contradicts what is known, or that no checksum protects yet.
    """
    try:
        register(cache, results, rights)
    except _UNFIT as problem:
        if len(results) > 1:
            alone = ({identity: result} for identity, result in results.items())
            return set().union(*(_register_strays(cache, one, rights) for one in alone))
        (identity,) = results
        _passed_over(identity, problem)
        cache.set_aside(identity)
        return set()
    return set(results)


def _passed_over(identity: str, problem: Exception) -> None:
    logger.warning("cached step %s could not be registered: %s", identity[:12], problem)
