"""What happened, as values: activities, and the entities and agents that took part.

Terms are those of the IVOA Provenance Data Model 1.0. A record is made where a step runs, without
any database; it is kept as JSON beside the step's result and entered into the tables later, by
`provenance.store.enter`. Extensions of the model are named as such below.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Self

from pydantic import ConfigDict, TypeAdapter


class EntityClass(StrEnum):
    """Which class of the model an entity belongs to."""

    ENTITY = "Entity"  #: no more is known, as where a record only names it
    DATASET = "DatasetEntity"  #: a file or another set of data
    VALUE = "ValueEntity"  #: one value
    COLLECTION = "Collection"  #: entities treated as one


class AgentType(StrEnum):
    """What an agent is (the model's ``AgentType``)."""

    PERSON = "Person"
    ORGANIZATION = "Organization"
    SOFTWARE = "SoftwareAgent"


class Status(StrEnum):
    """How an activity ended. An extension: the model has no word for failure."""

    COMPLETED = "completed"
    FAILED = "failed"


_STRICT = ConfigDict(extra="forbid")


def _in_utc(time: datetime | None) -> datetime | None:
    """The same moment in UTC; raises ``ValueError`` where no time zone says what moment it is."""
    if time is None:
        return None
    if time.tzinfo is None:
        raise ValueError(f"{time.isoformat()} has no time zone")
    return time.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """Who or what is responsible (``voprov:Agent``).

    `email`, `phone` and `address` are kept, but never published.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: str
    name: str
    type: AgentType | None = None
    comment: str | None = None
    email: str | None = None
    affiliation: str | None = None
    phone: str | None = None
    address: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class InvolvedRecord:
    """An agent and its role: ``voprov:WasAssociatedWith`` or ``voprov:WasAttributedTo``."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    agent: AgentRecord
    role: str | None = None


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """Something used or made (``voprov:Entity``): one generation of a file, a value, a collection.

    description: name of the ``voprov:EntityDescription`` that it follows.
    value: of a `EntityClass.VALUE` only. members: identifiers, of a collection only.
    derived_from: identifiers of the entities that it comes from (``voprov:WasDerivedFrom``).

    Extensions: content_type (media type), checksum (``sha256:…``, of the bytes), step_identity
    (the analysis' digest of all that a result depends on), public (may everybody see it).
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: str
    name: str | None = None
    location: str | None = None
    content_type: str | None = None
    checksum: str | None = None
    step_identity: str | None = None
    generated_at: datetime | None = None
    invalidated_at: datetime | None = None
    comment: str | None = None
    entity_class: EntityClass = EntityClass.DATASET
    description: str | None = None
    value: str | None = None
    members: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    attributed_to: tuple[InvolvedRecord, ...] = ()
    public: bool = False

    def __post_init__(self) -> None:
        """Bring times to UTC; raise ``ValueError`` where class and content contradict."""
        object.__setattr__(self, "generated_at", _in_utc(self.generated_at))
        object.__setattr__(self, "invalidated_at", _in_utc(self.invalidated_at))
        if self.value is not None and self.entity_class is not EntityClass.VALUE:
            raise ValueError(f"{self.id}: only a ValueEntity has a value")
        if self.members and self.entity_class is not EntityClass.COLLECTION:
            raise ValueError(f"{self.id}: only a Collection has members")

    @classmethod
    def reference(cls, identifier: str) -> Self:
        """An entity of which this record knows the identifier only."""
        return cls(identifier, entity_class=EntityClass.ENTITY)

    def filled_from(self, other: "EntityRecord") -> "EntityRecord":
        """This entity with what only ``other``, another record of the same one, tells.

        What this one already says stays; links of both count.
        """
        told: dict[str, object] = {
            f.name: getattr(other, f.name)
            for f in fields(self)
            if getattr(self, f.name) is None and getattr(other, f.name) is not None
        }
        if self.entity_class is EntityClass.ENTITY:
            told["entity_class"] = other.entity_class
        for links in ("members", "derived_from", "attributed_to"):
            told[links] = tuple(dict.fromkeys((*getattr(self, links), *getattr(other, links))))
        told["public"] = self.public or other.public
        return _replaced(self, told)


def _replaced(entity: EntityRecord, changes: Mapping[str, object]) -> EntityRecord:
    """``dataclasses.replace`` for changes collected by name."""
    return replace(entity, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class UsedRecord:
    """An entity that the activity took in, its role, and when (``voprov:Used``)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    entity: EntityRecord
    role: str | None = None
    time: datetime | None = None

    def __post_init__(self) -> None:
        """Bring the time to UTC."""
        object.__setattr__(self, "time", _in_utc(self.time))


@dataclass(frozen=True, slots=True)
class GeneratedRecord:
    """An entity that the activity made, and its role (``voprov:WasGeneratedBy``)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    entity: EntityRecord
    role: str | None = None


@dataclass(frozen=True, slots=True)
class ParameterRecord:
    """A parameter that the activity ran with (``voprov:Parameter`` and its description).

    value_type: VOTable datatype of what ``value``, a text, stands for. unit: VOUnits.
    value_entity: identifier of the ``ValueEntity`` that the value was taken from.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: str
    value: str
    value_type: str = "char"
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None
    value_entity: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigFileRecord:
    """A file of settings that the activity ran with (``voprov:ConfigFile``)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: str
    location: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """One run of something (``voprov:Activity``) with all its relations.

    name, version: also those of its ``voprov:ActivityDescription``. informants: identifiers of
    the activities whose outcome this one was told (``voprov:WasInformedBy``).
    Extensions: status; public (may everybody see it); private_comment (what administrators alone
    read, such as the name of the host that it ran on).
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: str
    name: str
    version: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    status: Status = Status.COMPLETED
    comment: str | None = None
    used: tuple[UsedRecord, ...] = ()
    generated: tuple[GeneratedRecord, ...] = ()
    agents: tuple[InvolvedRecord, ...] = ()
    parameters: tuple[ParameterRecord, ...] = ()
    config_files: tuple[ConfigFileRecord, ...] = ()
    informants: tuple[str, ...] = ()
    public: bool = False
    private_comment: str | None = None

    def __post_init__(self) -> None:
        """Bring times to UTC."""
        object.__setattr__(self, "start", _in_utc(self.start))
        object.__setattr__(self, "end", _in_utc(self.end))

    def to_json(self) -> str:
        """The record as JSON: equal records give equal text; what is unknown is left out."""
        return _ACTIVITY.dump_json(self, exclude_defaults=True).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "ActivityRecord":
        """The record that `to_json` wrote.

        Raises ``ValueError`` (pydantic's ``ValidationError``) naming the wrong or unknown field.
        """
        return _ACTIVITY.validate_json(text)


_ACTIVITY = TypeAdapter(ActivityRecord)
