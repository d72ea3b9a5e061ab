"""How long provenance is kept: with a published product for ever, else for a set time.

What is public stays. Of hidden history the ends are removed first, so that nothing is left whose
origins are gone: an intermediate result that a younger or published thing was made from stays with
it, and so does one that the cache still has, from which something may be made tomorrow. A public
comparison outlives the hidden run that it was told of.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from provenance.statements import execute, statement, take_turn

_AT_ONCE = 200
# Rounds of one call: a mosaic's history is some ten activities deep.
_MOST_ROUNDS = 100

#: What products' identifiers are like, whichever authority they were given under (SQL's LIKE).
PRODUCTS = "ivo://%/product?%"

_held: list[str] = []


def keep_what(query: str) -> None:
    """Keep the history of what another room still has.

    query: gives identifiers of entities, as SQL without parameters. Called once, at start.
    """
    if query not in _held:
        _held.append(query)


def removal() -> str:
    """The statement that removes a portion, as SQL with the parameters that `expire` gives."""
    held = " UNION ALL ".join(_held) or "SELECT NULL::text WHERE false"
    return statement("expire_provenance").replace("{held}", held)


def expire(keep: timedelta, *, now: datetime | None = None) -> int:
    """Remove hidden activities that ended longer ago than ``keep``; how many were removed.

    Products are kept whether public or not.
    """
    cutoff = (now or datetime.now(UTC)) - keep
    removed = 0
    for _ in range(_MOST_ROUNDS):
        with transaction.atomic(), connection.cursor() as cursor:
            take_turn()
            cursor.execute(
                removal(),
                {"cutoff": cutoff, "products": PRODUCTS, "most": _AT_ONCE},
            )
            keys: dict[str, list[int]] = {"activity": [], "heir": []}
            for kind, key in cursor.fetchall():
                keys[kind].append(key)
            if keys["heir"]:
                execute("renew_lineage", entities=keys["heir"])
            count = len(keys["activity"])
        removed += count
        if not count:
            break
    return removed
