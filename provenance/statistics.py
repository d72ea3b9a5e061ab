"""How much is recorded: for the portal and for operators."""

from dataclasses import dataclass

from provenance.models import Activity, Entity


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers of what everybody may see."""

    activities: int
    entities: int


def statistics() -> Statistics:
    """Count the public activities and entities."""
    return Statistics(
        activities=Activity.objects.filter(public=True, status__isnull=False).count(),
        entities=Entity.objects.filter(public=True).count(),
    )
