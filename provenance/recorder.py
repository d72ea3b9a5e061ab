"""Records an activity while it runs, with no database at hand.

    with provenance.activity("mosaic", version="1") as mosaic:
        mosaic.used(Path("image.fits"), role="image")
        mosaic.generated(Path("mosaic.fits"), role="mosaic")
    provenance.store.enter(mosaic.records)

Interpreter, operating system and the source's git revision are recorded by themselves, as agents;
host and account for administrators only.

An activity that begins while another runs in the same context is part of it: the outer one was
informed by the inner one (``voprov:WasInformedBy``), never the other way round, so that the
record of a step whose result others will find in the cache names no one's job.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from provenance.agents import OPERATOR
from provenance.agents import software as software_agent
from provenance.files import described_file, found_file
from provenance.identifiers import new_activity_id, new_entity_id
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    ConfigFileRecord,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
)
from provenance.surroundings import surrounding_agents, whereabouts

ParameterValue = str | int | float | bool | Sequence[str | int | float]
"""A parameter's value as a program has it."""


class Recorder:
    """An activity that runs now; `record` once it has ended."""

    def __init__(self, record: ActivityRecord, authority: str) -> None:
        """``record`` is what is known at the start."""
        self._record = record
        self._ended = False
        self._inner: list[ActivityRecord] = []
        self.authority = authority

    @property
    def id(self) -> str:
        """The activity's identifier."""
        return self._record.id

    @property
    def record(self) -> ActivityRecord:
        """The finished record; raises ``RuntimeError`` while the activity still runs."""
        if not self._ended:
            raise RuntimeError(f"activity {self._record.name} still runs")
        return self._record

    @property
    def so_far(self) -> ActivityRecord:
        """What is known of the activity now, whether it still runs or has ended."""
        return self._record

    @property
    def records(self) -> tuple[ActivityRecord, ...]:
        """The records of the activities inside this one, then its own."""
        return (*self._inner, self.record)

    def used(
        self,
        entity: EntityRecord | str | Path,
        role: str | None = None,
        time: datetime | None = None,
    ) -> EntityRecord:
        """Say that the activity took in ``entity``; ``time`` None means now.

        A text is the identifier of an entity, a path that of a file, which its checksum identifies.
        """
        if isinstance(entity, Path):
            entity = found_file(self.authority, entity)
        elif isinstance(entity, str):
            entity = EntityRecord.reference(entity)
        use = UsedRecord(entity, role, time or datetime.now(UTC))
        self._change(used=(*self._record.used, use))
        return entity

    def generated(self, entity: EntityRecord | Path, role: str | None = None) -> EntityRecord:
        """Say that the activity made ``entity``; returns it with its time of generation.

        A path is that of a finished file: a new entity with that content.
        """
        if isinstance(entity, Path):
            entity = described_file(new_entity_id(self.authority), entity)
        if entity.generated_at is None:
            entity = replace(entity, generated_at=datetime.now(UTC))
        self._change(generated=(*self._record.generated, GeneratedRecord(entity, role)))
        return entity

    def involved(self, agent: AgentRecord, role: str | None = None) -> None:
        """Say that ``agent`` was responsible, in that role."""
        self._change(agents=(*self._record.agents, InvolvedRecord(agent, role)))

    def configured(self, *artefacts: ParameterRecord | ConfigFileRecord) -> None:
        """Say with what parameters or files of settings the activity ran."""
        for artefact in artefacts:
            if isinstance(artefact, ParameterRecord):
                self._change(parameters=(*self._record.parameters, artefact))
            else:
                self._change(config_files=(*self._record.config_files, artefact))

    def informed_by(self, activity_id: str) -> None:
        """Say that the activity was told the outcome of another, such as a cached step's."""
        if activity_id not in self._record.informants:
            self._change(informants=(*self._record.informants, activity_id))

    def remark(self, comment: str) -> None:
        """Add a sentence to the activity's comment. Everybody may come to read it."""
        said = self._record.comment
        self._change(comment=f"{said} {comment}" if said else comment)

    def work_done(self) -> datetime:
        """Fix the activity's end to this moment, for results that tell of it in themselves."""
        end = datetime.now(UTC)
        self._change(end=end)
        return end

    def remark_privately(self, comment: str) -> None:
        """Add a sentence that administrators alone will read, such as the host's name."""
        said = self._record.private_comment
        self._change(private_comment=f"{said} {comment}" if said else comment)

    def _change(self, **changes: object) -> None:
        """Replace fields of the record; raises ``RuntimeError`` once the activity has ended."""
        if self._ended:
            raise RuntimeError(f"activity {self._record.name} has ended")
        self._record = replace(self._record, **changes)  # type: ignore[arg-type]

    def _end(self, status: Status) -> None:
        """Close the record."""
        self._change(status=status, end=self._record.end or datetime.now(UTC))
        self._ended = True

    def _contain(self, records: Sequence[ActivityRecord]) -> None:
        """Take in the records of an activity that ran inside this one, its own last."""
        self._inner.extend(records)
        self.informed_by(records[-1].id)


_running: ContextVar[Recorder | None] = ContextVar("provenance_running", default=None)
_own_authority: str | None = None


def use_authority(authority: str) -> None:
    """Give new identifiers this IVOA authority where none is named; the server's own."""
    global _own_authority
    _own_authority = authority


@contextmanager
def activity(
    name: str,
    *,
    version: str | None = None,
    authority: str | None = None,
    agent: AgentRecord | None = None,
    agents: Sequence[InvolvedRecord] = (),
    software: Iterable[str] = (),
    parameters: Mapping[str, ParameterValue] | Sequence[ParameterRecord] = (),
    start: datetime | None = None,
    public: bool = False,
) -> Iterator[Recorder]:
    """Record what runs inside the ``with`` block as one activity.

    name, version: of the activity and of its description. authority: IVOA authority of the new
    identifier; by default that of the activity around this one, else the server's. agent: the one
    responsible, with role ``Operator``; agents: others with their roles. software: installed Python
    packages that take part, whose versions are recorded. parameters: records, or plain values.
    start: when it began, if that was before now. public: may everybody see it.

    An exception passes through and leaves the record with status ``failed`` and the exception's
    class, but not its words, which may be private, in the comment. Raises ``ValueError`` where no
    authority is known, ``importlib.metadata.PackageNotFoundError`` for an unknown package.
    """
    outer = _running.get()
    authority = authority or (outer.authority if outer else _own_authority)
    if not authority:
        raise ValueError(f"activity {name}: no authority for its identifier")
    if isinstance(parameters, Mapping):
        parameters = [parameter(key, value) for key, value in parameters.items()]
    involved = [
        *([InvolvedRecord(agent, OPERATOR)] if agent else []),
        *agents,
        *(InvolvedRecord(software_agent(authority, package), "software") for package in software),
        *surrounding_agents(authority),
    ]
    record = ActivityRecord(
        id=new_activity_id(authority),
        name=name,
        version=version,
        start=start or datetime.now(UTC),
        agents=tuple(dict.fromkeys(involved)),
        parameters=tuple(parameters),
        public=public,
        private_comment=whereabouts(),
    )
    recorder = Recorder(record, authority)
    token = _running.set(recorder)
    try:
        yield recorder
    except BaseException as problem:
        recorder.remark(f"Ended by {type(problem).__name__}.")
        recorder._end(Status.FAILED)
        raise
    else:
        recorder._end(Status.COMPLETED)
    finally:
        _running.reset(token)
        if outer is not None:
            outer._contain(recorder.records)


def parameter(
    name: str,
    value: ParameterValue,
    *,
    unit: str | None = None,
    ucd: str | None = None,
    description: str | None = None,
) -> ParameterRecord:
    """A parameter's record from a value as a program has it; several values joined by commas."""
    return ParameterRecord(
        name,
        _text(value),
        value_type=_datatype(value),
        unit=unit,
        ucd=ucd,
        description=description,
    )


def _text(value: ParameterValue) -> str:
    """The value as VOTable's TABLEDATA writes it (floats so that they read back equal)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return ",".join(_text(item) for item in value)


def _datatype(value: ParameterValue) -> str:
    """VOTable's datatype of the value."""
    match value:
        case bool():
            return "boolean"
        case int():
            return "long"
        case float():
            return "double"
        case _:
            return "char"
