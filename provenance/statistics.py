"""How much is recorded, and how much waits to be sent: for the portal and for operators."""

from dataclasses import dataclass

from django.db.models import Count, F, Max, Q
from django.db.models.functions import Now

from dali.prometheus import header, line
from provenance.models import Activity, Entity, Outgoing


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers of what everybody may see."""

    activities: int
    entities: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for the store of linked data (`provenance.publisher`).

    failing: messages that were tried in vain. oldest_s: for how long the first has waited.
    problem: what went wrong last, of the message that was tried most often.
    """

    waiting: int
    failing: int
    oldest_s: float
    problem: str | None


def backlog() -> Backlog:
    """Look into the outbox."""
    counted = Outgoing.objects.aggregate(
        waiting=Count("pk"),
        failing=Count("pk", filter=Q(attempts__gt=0)),
        oldest=Max(Now() - F("entered")),
    )
    oldest = counted["oldest"]
    worst = Outgoing.objects.filter(attempts__gt=0).order_by("-attempts").first()
    return Backlog(
        counted["waiting"],
        counted["failing"],
        oldest.total_seconds() if oldest else 0.0,
        worst.problem if worst is not None else None,
    )


def metrics() -> str:
    """The outbox in Prometheus' text format."""
    now = backlog()
    lines: list[str] = []
    for name, value, meaning in (
        ("provenance_outgoing", now.waiting, "Activities that wait for the graph store."),
        ("provenance_outgoing_failing", now.failing, "Those of them that were tried in vain."),
        ("provenance_outgoing_oldest_seconds", now.oldest_s, "How long the first has waited."),
    ):
        lines += [*header(name, "gauge", meaning), line(name, value)]
    return "".join(f"{text}\n" for text in lines)


def statistics() -> Statistics:
    """Count the public activities and entities."""
    return Statistics(
        activities=Activity.objects.filter(public=True, status__isnull=False).count(),
        entities=Entity.objects.filter(public=True).count(),
    )
