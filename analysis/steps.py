"""Steps and their identities.

A step is a pure function of files and parameters. What it would make is known before it is made:
its identity is the digest of its kind and version, its engine with the digest of the engine's
software, its parameters with their units, and the identities of its inputs; a raw file's identity
is its Science Window (with version) and its checksum. Same identity, same file: the function is
given its parameters in the form that the identity is made of, so that it can't tell apart what the
identity doesn't.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from analysis.canonical import Plain, digest, plain_mapping
from analysis.quantities import without_units
from analysis.software import SoftwareOf
from provenance.descriptions import KindOfParameter, Role
from provenance.records import EntityRecord

Parameter = str | int | float | bool | None | tuple[str | int | float, ...]


Report = Callable[[str], None]
"""How a running step tells of something that a user should read."""


@dataclass(frozen=True, slots=True)
class StepInputs:
    """What a step's function is given: files by role, in the order in which they were planned."""

    files: Mapping[str, tuple[Path, ...]]

    def one(self, role: str) -> Path:
        """The single file of that role; raises `KeyError` or `ValueError` where it isn't single."""
        (path,) = self.files[role]
        return path

    def all(self, role: str) -> tuple[Path, ...]:
        """All files of that role, possibly none."""
        return self.files.get(role, ())


StepFunction = Callable[[StepInputs, Mapping[str, Parameter], Path, Report], None]


_OF_THE_FUNCTION = SoftwareOf("")


def _always(parameters: Mapping[str, Parameter]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of settings of the installation that computes, below the installation's root.

    is_read: whether a step with these parameters reads it.
    """

    path: str
    description: str
    content_type: str = "text/plain"
    is_read: Callable[[Mapping[str, Parameter]], bool] = _always

    @property
    def name(self) -> str:
        """Its own, without folders."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two makings of one result may lie apart on processors of different kinds.

    Values a and b agree where |a - b| ≤ absolute + relative · |b|; what isn't a number must be the
    same. Zero and zero: the same to the byte, which on one machine every step must be anyway.
    """

    relative: float = 0.0
    absolute: float = 0.0


#: Of pictures, in levels of 255: a value that rounds otherwise has the next colour of its scale.
OF_PICTURES = Tolerance(absolute=8.0)


@dataclass(frozen=True, slots=True)
class StepKind:
    """A declared step of an engine.

    version: raised when the meaning of the result changes, whatever its code's digest says.
    run: reads the inputs' files and writes its one result to the given path. It must not depend
        on anything else: no clock, no host name, no random numbers without a seed.
    file_name: name of the result, its ending says the format.
    content_type: media type of the result.
    software: digest of the software that the function consists of, as the asking process has it;
        where it isn't given, that of the function's module and all that this imports.
    memory: bytes that a process running it may need at most; no more of them are run at once than
        the machine has memory for.
    tolerance: within which another kind of processor's result counts as the same.
    expected_seconds: of one processor, told to users as long as no past run says better.
    work: the kind of work that it is (ProvenanceDM 1.0, table 12).
    takes: the roles in which it takes entities in.
    parameters: those that it may have. One that has a unit (VOUnit) is meant in it where it is
        given as a plain number; a quantity with another unit is converted.
    config_files: files of settings (part of the software, whose digest covers them) that say what
        the parameters leave open; the provenance names them.
    units: of the parameters that have one, by name.
    """

    name: str
    version: str
    description: str
    run: StepFunction
    file_name: str
    content_type: str
    software: Callable[[], str] = _OF_THE_FUNCTION
    memory: int = 1 << 30
    tolerance: Tolerance = Tolerance()
    expected_seconds: float = 1.0
    work: str = "Analysis"
    takes: tuple[Role, ...] = ()
    parameters: tuple[KindOfParameter, ...] = ()
    config_files: tuple[ConfigFile, ...] = ()
    units: Mapping[str, str] = field(init=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        """Find out whose software counts, where it isn't said."""
        object.__setattr__(self, "units", {p.name: p.unit for p in self.parameters if p.unit})
        if self.software == _OF_THE_FUNCTION:
            function = getattr(self.run, "func", self.run)
            object.__setattr__(self, "software", SoftwareOf(function.__module__))


@dataclass(frozen=True)
class RawFile:
    """A file of the archive that a graph starts from.

    label: what a person knows it by, such as a Science Window's identifier with version.
    entity: what the provenance knows of it: identifier, checksum, location below the archive's
    root.
    """

    label: str
    path: Path
    entity: EntityRecord

    @cached_property
    def identity(self) -> str:
        """Digest of what the file holds and of which Science Window it is.

        Raises `ValueError` for a file whose checksum isn't known: it could hold anything.
        """
        if not self.entity.checksum:
            raise ValueError(f"{self.label}: a file without a checksum has no identity")
        return digest({"raw": self.label, "checksum": self.entity.checksum})


@dataclass(frozen=True, eq=False)
class Step:
    """One node of a graph: a kind of step with its parameters and inputs.

    Two steps are equal if their identities are.

    parameters: given in any form, kept in the canonical one: names sorted, whole numbers as
        integers, text in normalisation form C, lists as tuples, quantities as numbers in the unit
        that the kind declares. Raises `ValueError` for what has no such form.
    inputs: role to nodes; the order of nodes is part of the identity, that of roles isn't.
    label: what a person knows it by (a Science Window's identifier); not part of the identity.
    told_by: steps whose results say some of the parameters. What they say is in the identity, not
        they themselves: where another's result says the same, it is the same step.
    provisional: they haven't said it yet. Such a step only stands in a plan for one that will be
        known later; it can't be run, and its identity is no other's.
    """

    kind: StepKind
    engine: str
    parameters: Mapping[str, Parameter]
    inputs: Mapping[str, tuple["Step | RawFile", ...]]
    label: str = ""
    told_by: tuple["Step", ...] = ()
    provisional: bool = False

    def __post_init__(self) -> None:
        """Bring parameters and inputs into their one form, and work out the identity.

        Inputs have theirs by now, so that no graph is too deep for it.
        """
        given = without_units(self.parameters, self.kind.units)
        parameters = plain_mapping(given)
        kept = {name: _parameter(name, value) for name, value in parameters.items()}
        object.__setattr__(self, "parameters", kept)
        object.__setattr__(self, "inputs", dict(sorted(self.inputs.items())))
        _ = self.identity, self.is_settled

    @cached_property
    def software_digest(self) -> str:
        """The digest of the software that it was planned with."""
        return self.kind.software()

    @cached_property
    def identity(self) -> str:
        """Digest of all that determines the result; 64 hexadecimal digits."""
        units = self.kind.units
        awaited = [step.identity for step in self.told_by] if self.provisional else None
        return digest(
            {
                **({} if awaited is None else {"awaits": awaited}),
                "step": self.kind.name,
                "version": self.kind.version,
                "engine": self.engine,
                "software": self.software_digest,
                "parameters": self.parameters,
                "units": {name: units[name] for name in self.parameters if name in units},
                "inputs": {
                    role: [node.identity for node in nodes] for role, nodes in self.inputs.items()
                },
            }
        )

    @cached_property
    def is_settled(self) -> bool:
        """Whether all is known that determines the result: nothing in it is provisional."""
        return not self.provisional and all(
            node.is_settled
            for nodes in self.inputs.values()
            for node in nodes
            if isinstance(node, Step)
        )

    def __eq__(self, other: object) -> bool:
        """Same identity."""
        return isinstance(other, Step) and other.identity == self.identity

    def __hash__(self) -> int:
        """Of the identity."""
        return hash(self.identity)

    def needed_steps(self) -> Iterator["Step"]:
        """The steps whose results this one reads, or by which it is told its parameters."""
        for nodes in self.inputs.values():
            yield from (node for node in nodes if isinstance(node, Step))
        yield from self.told_by


def _parameter(name: str, value: Plain) -> Parameter:
    if isinstance(value, dict):
        raise ValueError(f"{name}: a step's parameter is a plain value or a list of them")
    if isinstance(value, list):
        return tuple(_item(name, item) for item in value)
    return value


def _item(name: str, value: Plain) -> str | int | float:
    if value is None or isinstance(value, dict | list):
        raise ValueError(f"{name}: a list in a step's parameter holds numbers or text")
    return value


def in_order(targets: tuple[Step, ...]) -> tuple[Step, ...]:
    """Every step of the graph that ends in ``targets``, each once, inputs before users."""
    ordered: dict[str, Step] = {}
    stack: list[tuple[Step, bool]] = [(step, False) for step in reversed(targets)]
    while stack:
        step, inputs_done = stack.pop()
        if step.identity in ordered:
            continue
        if inputs_done:
            ordered[step.identity] = step
        else:
            stack.append((step, True))
            stack.extend((needed, False) for needed in reversed(tuple(step.needed_steps())))
    return tuple(ordered.values())
