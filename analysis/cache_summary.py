"""What the cache holds and what it has saved, for operators."""

from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Now

from analysis.models import CachedStep, StepLease, StepPin, StepTiming


@dataclass(frozen=True, slots=True)
class Summary:
    """The cached results of one kind of step. size: bytes.

    seconds: that making them took; saved_seconds: that finding them again has saved. peak_memory:
    the most that any run of that kind has taken, in bytes; 0 where it was never measured.
    """

    engine: str
    kind: str
    files: int
    size: int
    pinned: int
    hits: int
    seconds: float
    saved_seconds: float
    peak_memory: int


def summaries() -> list[Summary]:
    """The cache's content, by kind of step."""
    peaks = {
        (timing.engine, timing.kind): timing.peak_memory for timing in StepTiming.objects.all()
    }
    rows = (
        CachedStep.objects.values("engine", "kind")
        .annotate(
            files=Count("identity"),
            bytes=Sum("size"),
            pinned_files=Count(
                "identity", filter=Q(identity__in=StepPin.objects.values("identity"))
            ),
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
            peaks.get((row["engine"], row["kind"]), 0),
        )
        for row in rows
    ]


def running() -> int:
    """How many steps are being made now."""
    return StepLease.objects.filter(expires_at__gt=Now()).count()
