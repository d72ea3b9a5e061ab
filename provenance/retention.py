"""How long provenance is kept: with a published product for ever, else for a set time.

What is public stays. Of hidden history the ends are removed first, so that nothing is left whose
origins are gone: an intermediate result that a younger or published thing was made from stays with
it. A record of a result that the cache still has is entered again when the cache gives it.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from provenance.statements import statement, take_turn

_AT_ONCE = 200
# Rounds of one call: a mosaic's history is some ten activities deep.
_MOST_ROUNDS = 100


def expire(keep: timedelta, authority: str, *, now: datetime | None = None) -> int:
    """Remove hidden activities that ended longer ago than ``keep``; how many were removed.

    authority: IVOA authority of this server's products, which are kept whether public or not.
    """
    cutoff = (now or datetime.now(UTC)) - keep
    removed = 0
    for _ in range(_MOST_ROUNDS):
        with transaction.atomic(), connection.cursor() as cursor:
            take_turn()
            cursor.execute(
                statement("expire_provenance"),
                {
                    "cutoff": cutoff,
                    "products": f"ivo://{authority}/product?%",
                    "most": _AT_ONCE,
                },
            )
            count = len(cursor.fetchall())
        removed += count
        if not count:
            break
    return removed
