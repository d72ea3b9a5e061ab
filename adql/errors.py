"""What is wrong with a query, and where.

Lines and columns count from 1, as editors do. Nothing but `AdqlError` leaves this room for a bad
query; `tap` turns it into the document that TAP 1.1, section 2.9 wants.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the text of a query; both numbers count from 1."""

    line: int = 1
    column: int = 1


START = Position()

#: Of a long list of errors, people read the beginning.
_MOST_TOLD = 10


class AdqlError(Exception):
    """A query that can't be understood or isn't offered.

    line, column: where the offending words begin, from 1.
    message: what was found and what was expected. hint: how to put it right, or ``None``.
    others: further errors of the same query, in the order of the text.
    """

    def __init__(self, message: str, position: Position = START, hint: str | None = None) -> None:
        """``position`` is the place of the first offending word."""
        super().__init__(message)
        self.message = message
        self.line = position.line
        self.column = position.column
        self.hint = hint
        self.others: tuple[AdqlError, ...] = ()

    def __str__(self) -> str:
        """Place, message and hint of every error in one line, for people."""
        text = f"line {self.line}, column {self.column}: {self.message}"
        if self.hint:
            text += f": {self.hint}"
        return "; ".join((text, *map(str, self.others)))


class UnknownNameError(AdqlError):
    """A table, column or function that isn't there; others may be told with it."""


def together(errors: Iterable[AdqlError]) -> AdqlError:
    """The first error in the text, with the others; what is said of one name is said once."""
    told: dict[tuple[str, str | None], AdqlError] = {}
    for error in sorted(errors, key=lambda e: (e.line, e.column)):
        told.setdefault((error.message, error.hint), error)
    first, *others = told.values()
    first.others = tuple(others[: _MOST_TOLD - 1])
    return first


def nearest(word: str, known: Iterable[str]) -> str | None:
    """``did you mean `s_ra`?`` for the known name most like ``word``, if one is like it."""
    candidates = {name.lower(): name for name in known}
    matches = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
    return f"did you mean `{candidates[matches[0]]}`?" if matches else None
