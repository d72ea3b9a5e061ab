"""Whether a history that was written out before still says what the tables say.

What was done never changes, but what is said of it may: data are marked as bad, or as good again,
people change the names that they go by, and what was only named gets its record.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from provenance.history import History
from provenance.models import Agent, Entity

#: What is said of an entity itself: the tables' columns, and the record's fields.
ENTITY = {
    "identifier": "id",
    "entity_class": "entity_class",
    "name": "name",
    "location": "location",
    "content_type": "content_type",
    "checksum": "checksum",
    "step_identity": "step_identity",
    "generated_at_time": "generated_at",
    "invalidated_at_time": "invalidated_at",
    "comment": "comment",
    "value": "value",
    "entity_description__name": "description",
}
#: The same of an agent, as far as it is published.
AGENT = {
    "identifier": "id",
    "name": "name",
    "type": "type",
    "comment": "comment",
    "affiliation": "affiliation",
    "url": "url",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a history said of its entities and agents when it was read.

    entities, agents: identifiers. said: digest of what was said of them.
    """

    entities: Sequence[str]
    agents: Sequence[str]
    said: str

    @classmethod
    def of(cls, history: History) -> Self:
        """What this history says."""
        involved = {
            *(each for activity in history.activities for each in activity.agents),
            *(each for entity in history.entities for each in entity.attributed_to),
        }
        agents = {each.agent for each in involved}
        rows = [
            *([getattr(entity, name) for name in ENTITY.values()] for entity in history.entities),
            *([getattr(agent, name) for name in AGENT.values()] for agent in agents),
        ]
        return cls(
            [entity.id for entity in history.entities],
            sorted({agent.id for agent in agents}),
            _digest(rows),
        )

    def is_of_today(self) -> bool:
        """Whether the tables say the same now."""
        entities = Entity.objects.filter(identifier__in=self.entities)
        agents = Agent.objects.filter(identifier__in=self.agents)
        return self.said == _digest([*entities.values_list(*ENTITY), *agents.values_list(*AGENT)])


def _digest(rows: Iterable[Sequence[Any]]) -> str:
    """Of all rows, in any order; times are in UTC."""
    texts = sorted(json.dumps(row, default=str) for row in rows)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
