"""What a job type takes, declared once as a pydantic model.

From the model come the check of what a client sent, the description at ``/uws/`` and the
ParameterDescriptions of the provenance. A field's public name is its alias, where it has one;
names are matched without regard to case (DALI 1.1, section 3.1). A list takes its values repeated
or separated, unless its `Meaning` says that it has no separator.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from dali.parameters import Parameters
from uws.errors import InvalidParametersError

P = TypeVar("P", bound=BaseModel)

#: Values of one request or job: declared name to its values, in order.
Values = Mapping[str, tuple[str, ...]]


class JobParameters(BaseModel):
    """Base of a job type's parameters: unchanging, without NaN and infinities.

    A model's own validator that finds one of several parameters missing, whichever it be, raises
    `missing`: that is no reason to refuse what is there.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        str_strip_whitespace=True,
        populate_by_name=True,
    )


def missing(sentence: str) -> PydanticCustomError:
    """To be raised by a model's validator where parameters have to be added."""
    return PydanticCustomError("missing", "{sentence}", {"sentence": sentence})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a parameter's value means; put it into the field's ``Annotated``.

    unit: VOUnits. ucd: UCD 1+. utype: a data model's element.
    separator: between the values of a list in one string; ``None`` where only repetition counts.
    options: gives the only values allowed, where they aren't known before the server runs; the
    model checks them itself.
    """

    unit: str = ""
    ucd: str = ""
    utype: str = ""
    separator: str | None = ","
    options: Callable[[], tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class ParameterDescription:
    """One parameter, as told to clients.

    datatype: VOTable's word (``double``, ``long``, ``boolean``, ``char``).
    multiple: takes several values. default: in words as a client would send it, or ``None``.
    minimum, maximum: limits of numbers, inclusive or not. options: the only values allowed.
    """

    name: str
    datatype: str
    description: str
    required: bool
    multiple: bool
    default: str | None
    unit: str
    ucd: str
    utype: str
    minimum: float | None
    maximum: float | None
    options: tuple[str, ...]


def public_name(field_name: str, field: FieldInfo) -> str:
    """The name under which clients send the field."""
    return field.alias or field_name


def describe(model: type[BaseModel]) -> tuple[ParameterDescription, ...]:
    """All parameters of a job type, in the order of their declaration."""
    return tuple(_describe(name, field) for name, field in model.model_fields.items())


def known_values(model: type[BaseModel], given: Parameters) -> dict[str, tuple[str, ...]]:
    """What ``given`` says about declared parameters, under their declared names.

    Unknown names are ignored, as DALI wants.
    """
    names = (public_name(name, field) for name, field in model.model_fields.items())
    return {name: given.all(name) for name in names if given.all(name)}


def check(model: type[P], values: Values) -> P:
    """The model filled with ``values``; raises `InvalidParametersError` naming every problem."""
    return _fill(model, values)


def check_what_is_there(model: type[BaseModel], values: Values) -> None:
    """Refuse wrong values, but not missing ones, which may still be sent.

    Raises `InvalidParametersError`.
    """
    try:
        _fill(model, values)
    except _IncompleteError:
        return


class _IncompleteError(InvalidParametersError):
    """Nothing is wrong but that parameters are missing."""


def _fill(model: type[P], values: Values) -> P:
    entered: dict[str, Any] = {}
    problems: list[str] = []
    repeated: set[str] = set()
    for field_name, field in model.model_fields.items():
        name = public_name(field_name, field)
        # A form sends empty strings for what its user left out.
        found = [value for value in values.get(name, ()) if value.strip()]
        if not found:
            continue
        if _is_list(field.annotation):
            entered[name] = _separated(found, _meaning(field).separator)
        elif len(found) > 1:
            problems.append(f"{name}: given {len(found)} times, but takes one value")
            repeated.add(name)
        else:
            entered[name] = found[0]
    missing: list[str] = []
    try:
        filled = model.model_validate(entered)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if detail["type"] != "missing":
                problems.append(_sentence(detail))
            elif not detail["loc"] or detail["loc"][0] not in repeated:
                missing.append(_sentence(detail))
        if not problems:
            raise _IncompleteError(tuple(missing)) from None
    if problems:
        raise InvalidParametersError(tuple(problems + missing))
    return filled


def _separated(found: Sequence[str], separator: str | None) -> list[str]:
    if separator is None:
        return list(found)
    parts = (part.strip() for value in found for part in value.split(separator))
    return [part for part in parts if part]


def _sentence(detail: ErrorDetails) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else "parameters"
    if detail["type"] == "missing" and detail["loc"]:
        return f"{name}: missing"
    problem = detail["msg"].removeprefix("Value error, ")
    if not detail["loc"]:
        return problem
    problem = problem[:1].lower() + problem[1:]
    return f"{name}: {str(detail['input'])[:100]!r}: {problem}"


def _describe(field_name: str, field: FieldInfo) -> ParameterDescription:
    meaning = _meaning(field)
    inner = _inner(field.annotation)
    return ParameterDescription(
        name=public_name(field_name, field),
        datatype=_datatype(inner),
        description=field.description or "",
        required=field.is_required(),
        multiple=_is_list(field.annotation),
        default=_default(field),
        unit=meaning.unit,
        ucd=meaning.ucd,
        utype=meaning.utype,
        minimum=_limit(field, ("ge", "gt")),
        maximum=_limit(field, ("le", "lt")),
        options=_options(inner) if meaning.options is None else meaning.options(),
    )


def _meaning(field: FieldInfo) -> Meaning:
    return next((item for item in field.metadata if isinstance(item, Meaning)), Meaning())


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        kept = [part for part in get_args(annotation) if part is not type(None)]
        return kept[0] if len(kept) == 1 else str
    return annotation


def _is_list(annotation: Any) -> bool:
    return get_origin(_without_none(annotation)) in (list, tuple, set, frozenset)


def _inner(annotation: Any) -> Any:
    """The type of one value: without ``None``, out of its list, without annotations."""
    annotation = _without_none(annotation)
    if _is_list(annotation):
        annotation = _without_none(get_args(annotation)[0])
    if get_origin(annotation) is Annotated:
        annotation = _without_none(get_args(annotation)[0])
    return annotation


def _datatype(inner: Any) -> str:
    if not isinstance(inner, type):
        return "char"
    for python_type, word in ((bool, "boolean"), (int, "long"), (float, "double")):
        if issubclass(inner, python_type):
            return word
    return "char"


def _options(inner: Any) -> tuple[str, ...]:
    if get_origin(inner) is Literal:
        return tuple(str(option) for option in get_args(inner))
    if isinstance(inner, type) and issubclass(inner, Enum):
        return tuple(str(member.value) for member in inner)
    return ()


def _limit(field: FieldInfo, kinds: tuple[str, ...]) -> float | None:
    # annotated_types' Ge, Gt, Le, Lt; pydantic puts them there
    for item in field.metadata:
        for kind in kinds:
            value = getattr(item, kind, None)
            if isinstance(value, int | float):
                return float(value)
    return None


def _default(field: FieldInfo) -> str | None:
    if field.is_required() or field.default_factory is not None:
        return None
    value = field.default
    if value is None or (isinstance(value, list | tuple) and not value):
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list | tuple):
        return (_meaning(field).separator or ",").join(str(part) for part in value)
    return str(value.value) if isinstance(value, Enum) else str(value)
