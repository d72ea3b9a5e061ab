"""Translations of queries that are asked again, kept as long as the schema is the same."""

import threading
from collections import OrderedDict

import adql
from adql import Function, Translation
from adql.schema import Catalogue
from tap import published

_MOST = 512
#: Longer texts, such as lists of thousands of identifiers, are rarely sent twice.
_LONGEST = 4000

#: A query to understand once before any comes: making the grammar's tables takes a while.
_FIRST = "SELECT TOP 1 table_name FROM tap_schema.tables WHERE table_name = 'none'"


class Translations:
    """The translations of one catalogue that were asked for last; any thread may ask."""

    def __init__(self, most: int = _MOST, longest: int = _LONGEST) -> None:
        """``most``: translations kept; ``longest``: characters of a text that is kept."""
        self._most = most
        self._longest = longest
        self._lock = threading.Lock()
        self._offered: tuple[Catalogue, tuple[Function, ...]] | None = None
        self._kept: OrderedDict[tuple[str, int], Translation] = OrderedDict()

    def translate(
        self, text: str, catalogue: Catalogue, functions: tuple[Function, ...], limit: int
    ) -> Translation:
        """As `adql.translate`, packed.

        Another catalogue than the last makes the cache begin anew.
        """
        if len(text) > self._longest:
            return adql.translate(text, catalogue, functions, limit, packed=True)
        key = (text, limit)
        with self._lock:
            if not self._offers(catalogue, functions):
                self._offered = (catalogue, functions)
                self._kept.clear()
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = adql.translate(text, catalogue, functions, limit, packed=True)
        if not made.reads_data:
            with self._lock:
                if self._offers(catalogue, functions):
                    self._kept[key] = made
                    if len(self._kept) > self._most:
                        self._kept.popitem(last=False)
        return made

    def _offers(self, catalogue: Catalogue, functions: tuple[Function, ...]) -> bool:
        """Whether the kept translations are of these very values."""
        return (
            self._offered is not None
            and self._offered[0] is catalogue
            and self._offered[1] is functions
        )


_translations = Translations()


def translate(
    text: str, catalogue: Catalogue, functions: tuple[Function, ...], limit: int
) -> Translation:
    """As `adql.translate`, packed.

    Of the published catalogue, what was translated lately is kept.
    """
    if catalogue is not published.catalogue():
        return adql.translate(text, catalogue, functions, limit, packed=True)
    return _translations.translate(text, catalogue, functions, limit)


def prepare() -> None:
    """Understand a first query, so that no user waits for the grammar."""
    adql.translate(_FIRST, published.catalogue(), published.functions(), 1)
