"""What an ingest changes of what the archive says already: entries by id, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provenance.recorder import parameter
from provenance.records import ParameterRecord

_MOST_NAMED = 20

Entries = Mapping[str, Mapping[str, Any]]
"""Entries of a table by their id, each with its values by column."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Ids of entries that are new, gone, or not the same; of these also the columns."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]

    def __bool__(self) -> bool:
        """Whether anything is other than before."""
        return bool(self.added or self.removed or self.changed)

    @property
    def parameters(self) -> tuple[ParameterRecord, ...]:
        """How much it is, for the provenance."""
        return (
            parameter("added", len(self.added), description="Entries that are new"),
            parameter("removed", len(self.removed), description="Entries that are gone"),
            parameter("changed", len(self.changed), description="Entries with other values"),
        )

    @property
    def words(self) -> str:
        """Which they are, as far as they fit a sentence or three."""
        changed = [f"{entry} ({', '.join(columns)})" for entry, columns in self.changed.items()]
        told = (("Added", self.added), ("Removed", self.removed), ("Changed", changed))
        return " ".join(f"{how}: {_some(entries)}." for how, entries in told if entries)


def edit(before: Entries, after: Entries) -> Edit:
    """What becomes of ``before`` by ``after``; columns that ``before`` lacks are not compared."""
    changed = {
        entry: columns
        for entry, values in after.items()
        if entry in before
        and (
            columns := tuple(
                name
                for name, value in values.items()
                if name in before[entry] and before[entry][name] != value
            )
        )
    }
    return Edit(
        tuple(entry for entry in after if entry not in before),
        tuple(entry for entry in before if entry not in after),
        changed,
    )


def _some(entries: tuple[str, ...] | list[str]) -> str:
    more = len(entries) - _MOST_NAMED
    named = "; ".join(entries[:_MOST_NAMED])
    return f"{named} and {more} more" if more > 0 else named
