"""Data that turned out to be bad: the mark on them, and everything that was made from them.

The mark is the model's own: ``Entity.invalidatedAtTime``, "after that date, the entity is no longer
available for any use", with the reason in the entity's comment, before what was remarked there
already. Who set it and when, and why, is an activity.

In public the agent is the group of this server's operators, as the model recommends
("organizational agents and agents with generic contacts"): to ask about a mark, ask them. The
account that set it is in the activity's private comment.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from provenance.agents import operators, software
from provenance.errors import ProvenanceError
from provenance.models import Entity, Used
from provenance.recorder import Recorder, activity
from provenance.records import AgentRecord, EntityRecord, InvolvedRecord
from provenance.statements import storable, take_turn
from provenance.store import enter, note_to_send

#: The role in which an entity that is marked stands in the activity of marking it.
_BAD = "bad"
_MARK = "mark_bad"


@dataclass(frozen=True, slots=True)
class Dependant:
    """What was made from bad data, ``depth`` steps later. location: a path or URL, if any."""

    identifier: str
    name: str | None
    location: str | None
    depth: int
    public: bool


def mark_bad(
    identifier: str,
    reason: str,
    *,
    authority: str,
    version: str | None = None,
    agent: AgentRecord | None = None,
) -> tuple[str, ...]:
    """Mark an entity and all whose identifiers begin with it and ``/``; gives their identifiers.

    version: this server's. agent: who says so, in public; the operators where none is named.

    Raises `ProvenanceError` where there is none. Marking again replaces nothing but the reason.
    """
    reason = storable(reason)
    with transaction.atomic():
        # before any row is locked: whoever has the turn may want that row
        take_turn()
        marked = _entities(identifier)
        reasons = _reasons(marked)
        with _marking(_MARK, authority, version, agent) as marking:
            marking.remark(reason)
            for entity in marked:
                marking.used(EntityRecord.reference(entity.identifier), role=_BAD)
        for entity in marked:
            own = _own_comment(entity, reasons.get(entity.pk))
            entity.comment = f"{_said_before(reason)}{own}" if own else _said(reason)
            entity.invalidated_at_time = entity.invalidated_at_time or marking.record.end
            entity.save(update_fields=["invalidated_at_time", "comment"])
        enter(marking.records)
        _send_again(marked)
    return tuple(entity.identifier for entity in marked)


def mark_good(
    identifier: str,
    reason: str,
    *,
    authority: str,
    version: str | None = None,
    agent: AgentRecord | None = None,
) -> tuple[str, ...]:
    """Take the mark away again, and its reason from the comment; gives what was marked."""
    reason = storable(reason)
    with transaction.atomic():
        take_turn()
        marked = [e for e in _entities(identifier) if e.invalidated_at_time is not None]
        reasons = _reasons(marked)
        with _marking("mark_good", authority, version, agent) as marking:
            marking.remark(reason)
            for entity in marked:
                marking.used(EntityRecord.reference(entity.identifier), role="good")
        for entity in marked:
            entity.comment = _own_comment(entity, reasons.get(entity.pk))
            entity.invalidated_at_time = None
            entity.save(update_fields=["invalidated_at_time", "comment"])
        enter(marking.records)
        _send_again(marked)
    return tuple(entity.identifier for entity in marked)


def dependants(identifiers: Sequence[str]) -> tuple[Dependant, ...]:
    """Everything that comes from any of these, hidden things too, the nearest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.identifier, d.name, d.location, min(l.depth), d.public"
            " FROM provenance_whole_lineage AS l"
            " JOIN provenance_entity AS a ON a.id = l.ancestor_id"
            " JOIN provenance_entity AS d ON d.id = l.descendant_id"
            " WHERE a.identifier = ANY (%s) AND d.identifier <> ALL (%s)"
            " GROUP BY d.id ORDER BY min(l.depth), d.identifier",
            [list(identifiers), list(identifiers)],
        )
        return tuple(Dependant(*row) for row in cursor.fetchall())


def _reasons(marked: Sequence[Entity]) -> dict[int, str]:
    """Why these were marked last, by their keys; of those that ever were."""
    marks = Used.objects.filter(entity__in=marked, role=_BAD, activity__name=_MARK)
    told = marks.order_by("activity").values_list("entity", "activity__comment")
    return {entity: reason or "" for entity, reason in told}


def _said(reason: str) -> str:
    """The comment on an entity that is bad for that reason."""
    return f"Marked as bad: {reason}"


def _said_before(reason: str) -> str:
    """The same with what parts it from the entity's own comment."""
    said = _said(reason)
    return f"{said} " if said.endswith((".", "!", "?")) else f"{said}. "


def _own_comment(entity: Entity, reason: str | None) -> str | None:
    """The comment on an entity without the reason why it is marked as bad, if it is."""
    comment = entity.comment
    if entity.invalidated_at_time is None or reason is None or comment is None:
        return comment
    return None if comment == _said(reason) else comment.removeprefix(_said_before(reason))


def _send_again(marked: Sequence[Entity]) -> None:
    """What was sent of earlier marks tells of the entities as they were then: it is replaced."""
    bad = Used.objects.filter(entity__in=marked, role=_BAD, activity__public=True)
    note_to_send(list(bad.values_list("activity", flat=True)))


def _marking(
    name: str, authority: str, version: str | None, agent: AgentRecord | None
) -> AbstractContextManager[Recorder]:
    """The activity of setting or taking back a mark."""
    programs = [software(authority, "vo_server", version)] if version else []
    return activity(
        name,
        version=version,
        authority=authority,
        agent=agent or operators(authority),
        agents=[InvolvedRecord(program, "software") for program in programs],
        public=True,
    )


def _entities(identifier: str) -> list[Entity]:
    found = list(
        Entity.objects.select_for_update()
        .filter(Q(identifier=identifier) | Q(identifier__startswith=f"{identifier}/"))
        .order_by("identifier")
    )
    if not found:
        raise ProvenanceError(f"nothing is known of {identifier}")
    return found
