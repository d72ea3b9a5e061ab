"""The cache's index in PostgreSQL: what lies in the cache, how much it is wanted, who may see it.

Whoever registers a result enters its row and the provenance of its making in one transaction. The
files are the truth, the rows are found again from them (`register_from_disk`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Now

from analysis import statements
from analysis.cache import Cache, CachedFile, Record
from analysis.models import CachedStep, StepLease
from archive.derived_rights import WITHHELD, rights_to_files, strictest
from archive.rights import Rights
from provenance import store
from provenance.records import ActivityRecord, EntityRecord

#: A use of a result counts half after this time.
HALF_LIFE_S = 30 * 86400.0
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Summary:
    """The cached results of one kind of step. size, peak_memory: bytes.

    seconds: that making them took; saved_seconds: that finding them again has saved.
    """

    engine: str
    kind: str
    files: int
    size: int
    pinned: int
    hits: int
    seconds: float
    saved_seconds: float


@dataclass(frozen=True, slots=True)
class Evicted:
    """A result that was given up. size: bytes."""

    identity: str
    kind: str
    label: str
    size: int


def find(cache: Cache, identities: Iterable[str]) -> dict[str, CachedFile]:
    """Those of these results that the cache has, by identity; checksums are not looked at.

    A file that the index doesn't know is registered; a row whose file is gone is forgotten.
    """
    wanted = list(identities)
    found: dict[str, CachedFile] = {}
    gone: list[str] = []
    for row in CachedStep.objects.filter(identity__in=wanted):
        file = _file(cache, row)
        try:
            is_there = file.path.stat().st_size == row.size
        except FileNotFoundError:
            is_there = False
        if is_there:
            found[row.identity] = file
        else:
            gone.append(row.identity)
    forget(gone)
    unknown = [identity for identity in wanted if identity not in found]
    stray = {identity: read for identity in unknown if (read := cache.find(identity)) is not None}
    if stray:
        register(cache, stray)
        found.update({identity: file for identity, (file, _) in stray.items()})
    return found


def register(
    cache: Cache,
    results: Mapping[str, tuple[CachedFile, Record]],
    rights: Mapping[str, Rights] | None = None,
) -> set[str]:
    """Enter results that lie in the cache, with the provenance of their making; which were new.

    results: by identity. rights: to them, where they are known; else those of their inputs are
    looked up. What the cache holds under an identity stands: a result that came too late, so that
    another lies there now, is dropped.
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
        CachedStep.objects.filter(identity__in=[i for i in fresh if i in known]).delete()
        allowed = dict(rights) if rights is not None else _rights_from_inputs(fresh.values())
        rows = [
            _row(identity, file, record, allowed.get(identity, WITHHELD))
            for identity, (file, record) in fresh.items()
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


def _row(identity: str, file: CachedFile, record: Record, rights: Rights) -> dict[str, object]:
    made_at = record.activity.end or datetime.now(UTC)
    return {
        "identity": identity,
        "kind": record.activity.name,
        "engine": record.engine,
        "label": record.label,
        "file_name": file.path.name,
        "content_type": file.entity.content_type,
        "size": file.path.stat().st_size,
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
    for row in CachedStep.objects.filter(identity__in=list(rights)):
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
    statements.execute("use", identities=sorted(identities), half_life_s=HALF_LIFE_S)


def pin(identities: Iterable[str]) -> None:
    """Never give these results up: a published product holds them."""
    CachedStep.objects.filter(identity__in=list(identities)).update(pinned=True)


def forget(identities: Sequence[str]) -> None:
    """Remove rows whose files are gone or were set aside."""
    if identities:
        CachedStep.objects.filter(identity__in=identities).delete()


def names(identities: Sequence[str]) -> dict[str, str]:
    """What these results are of, in words, as far as the index has them."""
    return {row.identity: str(row) for row in CachedStep.objects.filter(identity__in=identities)}


def forget_lost(cache: Cache) -> list[str]:
    """Remove rows whose files are gone; what they were of."""
    lost = {
        row.identity: f"{row} ({row.identity[:12]})"
        for row in CachedStep.objects.iterator()
        if not cache.path(row.identity, row.file_name).is_file()
    }
    forget(list(lost))
    return list(lost.values())


def total_size() -> int:
    """Bytes of all cached results."""
    return int(CachedStep.objects.aggregate(size=Sum("size"))["size"] or 0)


def evict(cache: Cache, limit: int, *, dry_run: bool = False) -> list[Evicted]:
    """Give up the least valuable results until all together have at most ``limit`` bytes.

    Value is what a result cost to make times how much it is wanted, by its size. What is pinned or
    held by a running job stays. dry_run: only tell.
    """
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
        for identity, _ in statements.execute("evict", identities=list(some)):
            cache.remove(identity)
            gone.append(some[identity])
    return gone


def register_from_disk(cache: Cache, older_than_s: float = 0.0) -> int:
    """Register what lies in the cache and isn't in the index; how many results.

    older_than_s: pass over what was stored later, whose maker may be about to register it.

    Such are left where a process died between storing and registering, or where the database was
    restored from an older state. Results come after those that they were made from.
    """
    known = set(CachedStep.objects.values_list("identity", flat=True))
    found: dict[str, tuple[CachedFile, Record]] = {}
    for identity in cache.identities():
        if identity in known or cache.age_s(identity) < older_than_s:
            continue
        if (read := cache.find(identity)) is not None:
            found[identity] = read
    makers = {record.entity.id: identity for identity, (_, record) in found.items()}
    waiting = {
        identity: {
            makers[used.entity.id] for used in record.activity.used if used.entity.id in makers
        }
        for identity, (_, record) in found.items()
    }
    registered = 0
    while waiting:
        ready = [identity for identity, needs in waiting.items() if not needs & waiting.keys()]
        for begin in range(0, len(ready), _AT_ONCE):
            some = {identity: found[identity] for identity in ready[begin : begin + _AT_ONCE]}
            registered += len(register(cache, some))
        for identity in ready:
            del waiting[identity]
    return registered


def summaries() -> list[Summary]:
    """The cache's content, by kind of step."""
    rows = (
        CachedStep.objects.values("engine", "kind")
        .annotate(
            files=Count("identity"),
            bytes=Sum("size"),
            pinned_files=Count("identity", filter=Q(pinned=True)),
            uses=Sum("hits"),
            made=Sum("seconds"),
            saved=Sum(F("seconds") * F("hits")),
        )
        .order_by("engine", "kind")
    )
    return [
        Summary(
            row["engine"],
            row["kind"],
            row["files"],
            row["bytes"],
            row["pinned_files"],
            row["uses"],
            row["made"],
            row["saved"],
        )
        for row in rows
    ]


def running() -> int:
    """How many steps are being made now."""
    return StepLease.objects.filter(expires_at__gt=Now()).count()
