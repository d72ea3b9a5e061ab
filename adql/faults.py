"""What is wrong with a query, gathered while the rest of it is read, to be told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from adql.errors import AdqlError, UnknownNameError, together

T = TypeVar("T")

#: More are told to nobody, and finding the names that are like unknown ones takes its time.
_ENOUGH = 100


class EnoughFaultsError(Exception):
    """So much is wrong with a query that the rest of it needn't be read."""


class Faults:
    """The errors of one query.

    Where an expression is wrong, NULL stands for it, which goes with everything. What is found
    after an unknown name and is no such name itself may be wrong for that reason alone: it isn't
    told.
    """

    def __init__(self) -> None:
        """None yet."""
        self._found: list[AdqlError] = []
        self._some_name_is_unknown = False

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._found)

    def note(self, error: AdqlError) -> None:
        """Go on after an error; raises `EnoughFaultsError` where there are many already."""
        if isinstance(error, UnknownNameError):
            self._some_name_is_unknown = True
        elif self._some_name_is_unknown:
            return
        self._found.append(error)
        if len(self._found) == _ENOUGH:
            raise EnoughFaultsError

    def apart(self, work: Callable[[], T], instead: T) -> T:
        """What the work gives; ``instead``, where something is wrong with it."""
        try:
            return work()
        except AdqlError as error:
            self.note(error)
            return instead

    def together(self) -> AdqlError:
        """All of them as one; there is at least one."""
        return together(self._found)
