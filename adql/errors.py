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


class AdqlError(Exception):
    """A query that can't be understood or isn't offered.

    line, column: where the offending words begin, from 1.
    message: what was found and what was expected. hint: how to put it right, or ``None``.
    """

    def __init__(self, message: str, position: Position = START, hint: str | None = None) -> None:
        """``position`` is the place of the first offending word."""
        super().__init__(message)
        self.message = message
        self.line = position.line
        self.column = position.column
        self.hint = hint

    def __str__(self) -> str:
        """Place, message and hint in one line, for people."""
        text = f"line {self.line}, column {self.column}: {self.message}"
        return f"{text}: {self.hint}" if self.hint else text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """``did you mean `s_ra`?`` for the known name most like ``word``, if one is like it."""
    candidates = {name.lower(): name for name in known}
    matches = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
    return f"did you mean `{candidates[matches[0]]}`?" if matches else None
