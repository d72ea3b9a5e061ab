"""Rights to what was made from files of the archive: those of its inputs stick to it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from archive.models import DataProduct
from archive.rights import PROPRIETARY, PUBLIC, SECURE, Rights

WITHHELD = Rights(PROPRIETARY)
"""Of what nobody knows the inputs of."""

_OF_NOTHING = Rights(PUBLIC, datetime(1970, 1, 1, tzinfo=UTC))
_STRICTNESS = (PUBLIC, SECURE, PROPRIETARY)


def strictest(inputs: Iterable[Rights]) -> Rights:
    """The rights to what is made from files with these: it is public when all of them are.

    It belongs to the one owner of those that have one, and to nobody where these are several.
    """
    given = list(inputs)
    if not given:
        return _OF_NOTHING
    dates = [rights.release_date for rights in given]
    known = [date for date in dates if date is not None]
    owners = {rights.owner_id for rights in given if rights.owner_id is not None}
    return Rights(
        max((rights.data_rights for rights in given), key=_STRICTNESS.index),
        max(known) if len(known) == len(dates) else None,
        owners.pop() if len(owners) == 1 else None,
    )


def rights_to_files(entity_ids: Iterable[str]) -> Mapping[str, Rights]:
    """Rights to the archive's files by their entities' identifiers; no others are in it."""
    return {
        entity_id: Rights(data_rights, release_date, owner_id)
        for entity_id, data_rights, release_date, owner_id in DataProduct.objects.filter(
            obs_publisher_did__in=set(entity_ids)
        ).values_list("obs_publisher_did", "data_rights", "release_date", "owner_id")
    }
