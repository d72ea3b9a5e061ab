"""Request parameters as DALI has them.

DALI 1.1, section 3: names are case-insensitive, values case-sensitive; unknown parameters are
ignored; a parameter may be repeated only where its service says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from dali.errors import ParameterError

#: As VOTable writes integers (DALI 1.1, section 3.1); of more digits, none means anything here.
_INTEGER = re.compile(r"[+-]?[0-9]{1,100}")


class Parameters(Mapping[str, tuple[str, ...]]):
    """Parameters of one request: upper-case name to all its values, in order."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        """``pairs`` are names and values as they came, query string before body."""
        values: dict[str, list[str]] = {}
        for name, value in pairs:
            values.setdefault(name.upper(), []).append(value)
        self._values = {name: tuple(found) for name, found in values.items()}

    def __getitem__(self, name: str) -> tuple[str, ...]:
        """All values of ``name``; raises ``KeyError`` where it wasn't given."""
        return self._values[name.upper()]

    def __iter__(self) -> Iterator[str]:
        """The names, upper case."""
        return iter(self._values)

    def __len__(self) -> int:
        """How many different names were given."""
        return len(self._values)

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a repeatable parameter, none where it wasn't given."""
        return self._values.get(name.upper(), ())

    def one(self, name: str, default: str | None = None) -> str | None:
        """The value of a single parameter; raises `ParameterError` where it is repeated."""
        values = self.all(name)
        if len(values) > 1:
            raise ParameterError(name, f"given {len(values)} times, but takes one value")
        return values[0] if values else default

    def integer(self, name: str, default: int | None = None) -> int | None:
        """The value as a whole number; raises `ParameterError` where it isn't one."""
        text = self.one(name)
        if text is None or not text.strip():
            return default
        if not _INTEGER.fullmatch(text.strip()):
            raise ParameterError(name, f"{text!r} is not a whole number")
        return int(text)
