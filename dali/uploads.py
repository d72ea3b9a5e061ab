"""Which tables or files a client sends along: the parameter UPLOAD.

DALI 1.1, section 3.4.6: ``UPLOAD=name,uri``, repeated; the uri is ``param:part`` for a part of the
same multipart request, or the address of a file. TAP 1.0 (section 2.3.6) put several pairs into one
value, with semicolons between; TOPCAT still does.
"""

import re
from dataclasses import dataclass

from dali.errors import ParameterError
from dali.parameters import Parameters

_PART = "param:"
# a semicolon may be part of an address: it separates only before another pair
_BETWEEN_PAIRS = re.compile(r";(?=[^,;]*,\s*[A-Za-z][A-Za-z0-9+.-]*:)")
_REGULAR_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class UploadReference:
    """One thing that is uploaded, and where it is."""

    name: str
    uri: str

    @property
    def part(self) -> str | None:
        """The part of the request that holds it; ``None`` where it is to be fetched."""
        if self.uri[: len(_PART)].lower() != _PART:
            return None
        return self.uri[len(_PART) :]


def references(parameters: Parameters) -> tuple[UploadReference, ...]:
    """All that a request uploads, in order.

    Raises `ParameterError` for what isn't a pair, a name that isn't a regular identifier of ADQL,
    and names that are the same but for their case.
    """
    found: dict[str, UploadReference] = {}
    for value in parameters.all("UPLOAD"):
        for pair in _BETWEEN_PAIRS.split(value.strip().rstrip(";")):
            if not pair.strip():
                continue
            reference = _reference(pair)
            if reference.name.lower() in found:
                raise ParameterError("UPLOAD", f"two tables are named {reference.name!r}")
            found[reference.name.lower()] = reference
    return tuple(found.values())


def _reference(pair: str) -> UploadReference:
    name, comma, uri = (word.strip() for word in pair.partition(","))
    if not comma or not uri:
        raise ParameterError(
            "UPLOAD", f"{pair.strip()!r} is no name and address, as in 'mine,param:part'"
        )
    if not _REGULAR_IDENTIFIER.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ParameterError(
            "UPLOAD",
            f"{name!r} can't be a table's name: take letters, digits and underscores, a letter "
            f"first, {_LONGEST_NAME} at most",
        )
    return UploadReference(name, uri)
